package storage

import (
	"errors"

	"github.com/postern-id/postern/storage/postgres"
)

var (
	// ErrNotFound says that no such row exists, or where a method says so, that it may not be used any more; on insert, that a referenced row
	// is missing.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that a row with the same unique value exists already.
	ErrConflict = errors.New("exists already")
	// ErrStale says that the row was changed by somebody else since it was read: a compare-and-set lost.
	ErrStale = errors.New("changed meanwhile")
	// ErrLimit says that there are as many rows as there may be.
	ErrLimit = errors.New("as many as there may be")
	// ErrUnavailable says that the database could not be asked: unreachable, overloaded, read-only or out of space.
	// Whether a write took effect is unknown.
	ErrUnavailable = errors.New("database unavailable")
	// ErrText says that a text holds NUL or is not UTF-8: no database can store it in a row.
	ErrText = errors.New("text cannot be stored")
	// ErrSealed says that a stored secret does not open with this keyset, or not in this row.
	ErrSealed = errors.New("stored secret cannot be opened")
	// ErrPooling says that a connection pooler refuses transactions.
	ErrPooling = postgres.ErrPooling
)
