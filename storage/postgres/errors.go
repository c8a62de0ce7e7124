package postgres

import (
	"database/sql/driver"
	"errors"
	"net"

	"github.com/lib/pq"
)

// outage says that the database could not be reached, or that its answer was lost. It never wraps driver.ErrBadConn, because database/sql
// would run the statement again.
type outage struct {
	what  string
	cause error
}

func (o *outage) Error() string {
	if o.cause == nil {
		return o.what
	}
	return o.what + ": " + o.cause.Error()
}

func (o *outage) Unwrap() error {
	if errors.Is(o.cause, driver.ErrBadConn) {
		return nil
	}
	return o.cause
}

// Error codes of PostgreSQL, https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	uniqueViolation      = "23505"
	foreignKeyViolation  = "23503"
	readOnlyTransaction  = "25006"
	lockNotAvailable     = "55P03"
	deadlockDetected     = "40P01"
	serializationFailure = "40001"
)

func code(err error) string {
	var e *pq.Error
	if errors.As(err, &e) {
		return string(e.Code)
	}
	return ""
}

// Unique reports whether err says that another row has the same unique value.
func Unique(err error) bool { return code(err) == uniqueViolation }

// Dangling reports whether err says that a referenced row does not exist.
func Dangling(err error) bool { return code(err) == foreignKeyViolation }

// Victim reports whether err says that the server has rolled back a transaction in favour of another one. It may succeed if it is run
// again.
func Victim(err error) bool {
	c := code(err)
	return c == deadlockDetected || c == serializationFailure
}

// Unavailable reports whether err says that the database could not be used. Whether a write took effect is unknown then.
func Unavailable(err error) bool {
	var lost *outage
	if errors.As(err, &lost) {
		return true
	}
	if c := code(err); c != "" {
		switch c[:2] { // the class
		case "08", "53", "57", "58": // connection, resources, operator intervention (timeouts, shutdown), system
			return true
		}
		return c == readOnlyTransaction || c == lockNotAvailable || Victim(err)
	}
	var network net.Error
	return errors.As(err, &network)
}
