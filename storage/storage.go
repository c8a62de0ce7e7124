package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/postern-id/postern/storage/postgres"
)

// Config says which database to open.
type Config struct {
	// URL is sqlite:PATH or a postgres:// address in libpq's form. Required.
	URL string
	// Keyset opens and seals the secrets in the database. Required.
	Keyset *Keyset
	// MaxConns bounds the connections to PostgreSQL and the readers of SQLite. Default 4 for each core, at least 8.
	MaxConns int
	// IdleTime is how long a connection may be unused before it is closed. Default: it is never closed.
	IdleTime time.Duration
	// Intercept, when set, stands between the pool and the driver: tests count, delay and fail statements there.
	Intercept func(driver.Connector) driver.Connector
}

// database is what every record reads and writes with: the connections, the dialect and the keys.
type database struct {
	dialect dialect
	keyset  *Keyset
	// PostgreSQL reads and writes through one pool; SQLite has one writer, so that writers queue here, in order.
	reader, writer *sqlx.DB
	macKey         []byte // of keyed hashes; nil before the database was unlocked
}

// opened is what a database can do before it is unlocked and after.
type opened struct{ *database }

// Locked is a database that has not been unlocked: its schema can be brought up to date, and nothing else.
type Locked struct{ opened }

// Store is a database that was unlocked: its transactions, its keys and its clean-up, and the records that are kept in it. Everything is
// safe for concurrent use, and the methods of the records join the transaction that InTx put into their context.
type Store struct {
	opened

	Users          *Users
	Passwords      *Passwords
	Authenticators *Authenticators
	RecoveryCodes  *RecoveryCodes
	Enrolments     *Enrolments
	Links          *Links
	SignUps        *SignUps
	Sessions       *Sessions
	Attempts       *Attempts
	Outbox         *Outbox

	Clients        *Clients
	InitialTokens  *InitialTokens
	Flows          *Flows
	PushedRequests *PushedRequests
	Devices        *Devices
	Consents       *Consents
	Grants         *Grants
	ClientSessions *ClientSessions
	JTIs           *JTIs

	Keys   *Keys
	Events *Events
}

func newStore(d *database) *Store {
	return &Store{
		opened: opened{d},
		Users:  &Users{d}, Passwords: &Passwords{d}, Authenticators: &Authenticators{d}, RecoveryCodes: &RecoveryCodes{d}, Enrolments: &Enrolments{d},
		Links: &Links{d}, SignUps: &SignUps{d}, Sessions: &Sessions{d}, Attempts: &Attempts{d}, Outbox: newOutbox(d),
		Clients: &Clients{d}, InitialTokens: &InitialTokens{d}, Flows: &Flows{d}, PushedRequests: &PushedRequests{d}, Devices: &Devices{d},
		Consents: &Consents{d}, Grants: &Grants{d}, ClientSessions: newClientSessions(d), JTIs: &JTIs{d},
		Keys: &Keys{d}, Events: &Events{d},
	}
}

// Open connects to the database and changes nothing in it. Migrate must have run once before [Locked.Unlock] is called. Errors: a wrong URL,
// ErrUnavailable.
func Open(ctx context.Context, cfg Config) (*Locked, error) {
	if cfg.Keyset == nil {
		return nil, errors.New("storage.Open: no keyset")
	}
	d, err := dialectOf(cfg.URL)
	if err != nil {
		return nil, err
	}
	connector, err := d.connector(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.Intercept != nil {
		connector = cfg.Intercept(connector)
	}
	s := opened{&database{dialect: d, keyset: cfg.Keyset}}
	s.writer = newPool(connector, d, d.writers(cfg.MaxConns), cfg.IdleTime)
	s.reader = s.writer
	if d.singleWriter {
		s.reader = newPool(connector, d, defaultConns(cfg.MaxConns), cfg.IdleTime)
	}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &Locked{s}, nil
}

// Close closes all connections. A connection that the database has closed already is not an error.
func (s opened) Close() error {
	err := s.writer.Close()
	if s.reader != s.writer {
		err = errors.Join(err, s.reader.Close())
	}
	if err = mapError(s.dialect, err); errors.Is(err, ErrUnavailable) {
		return nil
	}
	return err
}

// Ping checks that the database answers: ErrUnavailable when it does not.
func (s opened) Ping(ctx context.Context) error {
	return mapError(s.dialect, s.writer.PingContext(ctx))
}

// Clock returns the current time of the database, to compare with that of this machine.
func (s opened) Clock(ctx context.Context) (time.Time, error) {
	var now Time
	err := s.get(ctx, &now, s.dialect.clock)
	return now.Time, err
}

// UnsetLimits returns the settings that the sessions of PostgreSQL lack, in the form that ALTER ROLE takes. The store makes these settings
// itself, except in sessions that it shares with other clients of a connection pooler.
func (s opened) UnsetLimits(ctx context.Context) ([]string, error) {
	var unset []string
	if s.dialect.singleWriter {
		return nil, nil
	}
	err := s.list(ctx, &unset, postgres.UnsetLimits)
	return unset, err
}

// Stats returns the state of the connection pool that writes.
func (s opened) Stats() sql.DBStats { return s.writer.Stats() }

// Unlock returns the store once it has read the key of keyed hashes, which it makes at the first start of an empty database. ErrSealed
// says that the keyset is not the one this database was written with; nothing is changed then. The store and l are closed together.
func (l *Locked) Unlock(ctx context.Context) (*Store, error) {
	key, err := l.readMACKey(ctx)
	if errors.Is(err, ErrNotFound) {
		key, err = l.makeMACKey(ctx)
	}
	if err != nil {
		return nil, err
	}
	unlocked := *l.database
	unlocked.macKey = key
	return newStore(&unlocked), nil
}

// Keyset returns the keyset that the store seals with.
func (s opened) Keyset() *Keyset { return s.keyset }

func newPool(connector driver.Connector, d dialect, conns int, idle time.Duration) *sqlx.DB {
	db := sqlx.NewDb(sql.OpenDB(preparing{connector}), d.driver)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(idle)
	return db
}
