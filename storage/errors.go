package storage

import (
	"errors"

	"github.com/postern-id/postern/storage/postgres"
)

var (
	// ErrNotFound says that no such row exists, or on insert, that a referenced row is missing. Some methods also return it for a row that
	// may not be used any more.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that another row has the same unique value.
	ErrConflict = errors.New("exists already")
	// ErrStale says that the row is not, or no longer, in the state that the call requires, often because somebody else has changed it
	// since it was read.
	ErrStale = errors.New("changed meanwhile")
	// ErrLimit says that there are as many rows as are allowed.
	ErrLimit = errors.New("limit reached")
	// ErrUnavailable says that the database could not be used: it is unreachable, overloaded, read-only or out of space. Whether a write
	// took effect is unknown.
	ErrUnavailable = errors.New("database unavailable")
	// ErrText says that a text contains NUL or is not UTF-8, so that it cannot be stored on every database.
	ErrText = errors.New("text cannot be stored")
	// ErrSealed says that a stored secret cannot be decrypted: it was encrypted with another keyset, or for another row.
	ErrSealed = errors.New("stored secret cannot be opened")
	// ErrPooling says that a connection pooler does not allow transactions of several statements.
	ErrPooling = postgres.ErrPooling
)
