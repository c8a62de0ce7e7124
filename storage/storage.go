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
	// URL is sqlite:PATH, or a postgres:// URL as libpq takes it. Required.
	URL string
	// Keyset opens and seals the secrets in the database. Required.
	Keyset *Keyset
	// MaxConns limits the connections to PostgreSQL and the readers of SQLite. Default: 4 for each core, at least 8.
	MaxConns int
	// IdleTime is how long a connection may be unused before it is closed. Default: unused connections stay open.
	IdleTime time.Duration
	// Intercept, when set, stands between the pool and the driver: tests count, delay and fail statements there.
	Intercept func(driver.Connector) driver.Connector
}

// database is what every record reads and writes with: the connections, the dialect and the keys.
type database struct {
	dialect dialect
	keyset  *Keyset
	// PostgreSQL reads and writes through one pool. SQLite has one writer, for which writes queue here, in order.
	reader, writer *sqlx.DB
	macKey         []byte // for keyed hashes; nil before the database is unlocked
}

// opened has the methods that work both before and after a database is unlocked.
type opened struct{ *database }

// Locked is a database that has not been unlocked. Its schema can be brought up to date, but its records cannot be used.
type Locked struct{ opened }

// Store is an unlocked database: its transactions, keys and clean-up, and its records. Everything is safe for concurrent use, and the
// methods of the records join the transaction that [Store.InTx] puts into their context.
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

// Open connects to the database and changes nothing in it. Call Migrate before [Locked.Unlock] if the schema may be out of date. Open
// returns an error if the URL is wrong, and ErrUnavailable if the database cannot be reached.
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

// Close closes all connections. It is no error if the database has closed a connection already.
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

// Ping returns ErrUnavailable if the database does not answer.
func (s opened) Ping(ctx context.Context) error {
	return mapError(s.dialect, s.writer.PingContext(ctx))
}

// Clock returns the current time of the database, to compare with that of this machine.
func (s opened) Clock(ctx context.Context) (time.Time, error) {
	var now Time
	err := s.get(ctx, &now, s.dialect.clock)
	return now.Time, err
}

// UnsetLimits returns the settings that PostgreSQL's sessions lack, in the form that ALTER ROLE takes. The store sets them itself, except
// in sessions that it shares with other clients of a connection pooler.
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

// Unlock reads the key for keyed hashes, or makes it when the database is new, and returns the store. It returns ErrSealed if the database
// was written with another keyset, and changes nothing then. Closing the store closes l, and the other way round.
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
