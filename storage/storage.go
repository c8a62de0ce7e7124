package storage

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
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
	// IdleTime is how long a connection may be unused before it is closed. Default: as long as it likes.
	IdleTime time.Duration
	// Intercept, when set, stands between the pool and the driver: tests count, delay and fail statements there.
	Intercept func(driver.Connector) driver.Connector
}

// database is what is the same before and after the keyset was tried.
type database struct {
	dialect dialect
	keyset  *Keyset
	// PostgreSQL reads and writes through one pool; SQLite has one writer, so that writers queue here, in order.
	reader, writer *sqlx.DB
}

// Locked is a database that has not been unlocked: its schema can be brought up to date, and nothing else.
type Locked struct{ *database }

// Store is a database that was unlocked. All its methods are safe for concurrent use and join the transaction that InTx put into
// their context.
type Store struct {
	*database
	macKey []byte
}

// Open connects to the database; it changes nothing there. Before [Locked.Unlock] opens it, Migrate must have run once. Errors: a wrong URL,
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
	s := &database{dialect: d, keyset: cfg.Keyset}
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

// Close releases all connections. One that the database has ended before is no error.
func (s *database) Close() error {
	err := s.writer.Close()
	if s.reader != s.writer {
		err = errors.Join(err, s.reader.Close())
	}
	if err = mapError(s.dialect, err); errors.Is(err, ErrUnavailable) {
		return nil
	}
	return err
}

// Ping asks the database for a sign of life: ErrUnavailable when there is none.
func (s *database) Ping(ctx context.Context) error {
	return mapError(s.dialect, s.writer.PingContext(ctx))
}

// Clock returns the database's present, to compare with the server's own.
func (s *database) Clock(ctx context.Context) (time.Time, error) {
	var now Time
	err := s.get(ctx, &now, s.dialect.clock)
	return now.Time, err
}

// UnsetLimits returns the settings that PostgreSQL's sessions lack, as ALTER ROLE takes them. In sessions that the store does not share with
// other clients of a connection pooler, it makes them itself.
func (s *database) UnsetLimits(ctx context.Context) ([]string, error) {
	var unset []string
	if s.dialect.singleWriter {
		return nil, nil
	}
	err := s.list(ctx, &unset, postgres.UnsetLimits)
	return unset, err
}

// Stats returns the state of the connection pool that writes.
func (s *database) Stats() sql.DBStats { return s.writer.Stats() }

const macKeyName = "mac"

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
	return &Store{database: l.database, macKey: key}, nil
}

func (s *database) readMACKey(ctx context.Context) ([]byte, error) {
	var sealed []byte
	if err := s.get(ctx, &sealed, `SELECT value_sealed FROM secrets WHERE name = ?`, macKeyName); err != nil {
		return nil, err
	}
	return s.keyset.Open(sealed, "secrets", "value_sealed", macKeyName)
}

// CheckKeyset returns ErrSealed when the keyset does not have the key that the database's secrets are sealed with now: it is older than the
// last rotation.
func (s *Store) CheckKeyset(ctx context.Context) error {
	_, err := s.readMACKey(ctx)
	return err
}

func (s *database) makeMACKey(ctx context.Context) ([]byte, error) {
	fresh := make([]byte, 32)
	rand.Read(fresh)
	sealed, err := s.keyset.Seal(fresh, "secrets", "value_sealed", macKeyName)
	if err != nil {
		return nil, fmt.Errorf("seal the key of keyed hashes: %w", err)
	}
	// Two replicas may start on one empty database: the first row stays.
	if _, err := s.exec(ctx, `INSERT INTO secrets (name, value_sealed) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`, macKeyName, sealed); err != nil {
		return nil, err
	}
	return s.readMACKey(ctx)
}

// Keyset returns the keyset that the store seals with.
func (s *database) Keyset() *Keyset { return s.keyset }

// MAC returns HMAC-SHA-256 over the parts under a key that never leaves the database unsealed. The purpose keeps
// the keyed hashes of different things apart.
func (s *Store) MAC(purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, s.macKey)
	for _, part := range append([]string{purpose}, parts...) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

func newPool(connector driver.Connector, d dialect, conns int, idle time.Duration) *sqlx.DB {
	db := sqlx.NewDb(sql.OpenDB(preparing{connector}), d.driver)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(idle)
	return db
}
