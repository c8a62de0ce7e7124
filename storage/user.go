package storage

import (
	"context"
	"time"
)

// User is a person who can sign in. It holds no credential.
type User struct {
	ID            string  `db:"id"`
	Email         string  `db:"email"`
	EmailVerified bool    `db:"email_verified"`
	Username      string  `db:"username"` // may be empty
	Admin         bool    `db:"admin"`
	Groups        Strings `db:"groups"`
	Claims        Claims  `db:"claims"`
	// Epoch rises whenever everything that was granted so far must end: sessions, half-done sign-ins, grants and
	// device cookies carry the epoch of their birth and are dead once it differs.
	Epoch      int64 `db:"epoch"`
	DisabledAt Time  `db:"disabled_at"`
	CreatedAt  Time  `db:"created_at"`
	UpdatedAt  Time  `db:"updated_at"`
	// ExposedAt is since when somebody else is known to have the password; zero: nobody. Sign-ins completed from then on are
	// held until a new password is chosen.
	ExposedAt Time `db:"exposed_at"`
	// EmailChangeUntil is until when a new e-mail address waits to be confirmed; zero: none does.
	EmailChangeUntil Time `db:"email_change_until"`
}

// Disabled reports whether an operator has shut the account.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// Returns reports whether what was granted to the user has ever been ended, as by a reset of the authenticators: who sets the account up
// then has been here before.
func (u User) Returns() bool { return u.Epoch > 1 }

// Exposed reports whether somebody else is known to have the password.
func (u User) Exposed() bool { return !u.ExposedAt.IsZero() }

// EmailChanging reports whether a new e-mail address waits to be confirmed.
func (u User) EmailChanging(now time.Time) bool { return now.Before(u.EmailChangeUntil.Time) }

// EmailConfirmed reports whether the address is known to be the person's, which is open while it is being changed.
func (u User) EmailConfirmed(now time.Time) bool { return u.EmailVerified && !u.EmailChanging(now) }

const userColumns = `u.id, u.email, u.email_verified, coalesce(u.username, '') AS username, u.admin, u.groups, u.claims, u.epoch,
	u.disabled_at, u.created_at, u.updated_at, u.exposed_at, u.email_change_until`

// AddUser inserts u. ErrConflict when the e-mail address or user name is taken.
func (s *Store) AddUser(ctx context.Context, u User) error {
	_, err := s.exec(ctx, `
		INSERT INTO users (id, email, email_key, email_verified, username, username_key, admin, groups, claims, epoch,
			disabled_at, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		u.ID, u.Email, CanonicalName(u.Email), u.EmailVerified, nullText(u.Username), nullText(CanonicalName(u.Username)), u.Admin,
		u.Groups, u.Claims, u.Epoch, u.DisabledAt, u.CreatedAt, u.UpdatedAt)
	return err
}

// User returns the user with that id, or ErrNotFound.
func (s *Store) User(ctx context.Context, id string) (User, error) {
	var u User
	err := s.get(ctx, &u, `SELECT `+userColumns+` FROM users u WHERE u.id = ?`, id)
	return u, err
}

// FindUser returns the user whose id, else user name, else e-mail address is name, or ErrNotFound.
func (s *Store) FindUser(ctx context.Context, name string) (User, error) {
	var u User
	key := CanonicalName(name)
	err := s.get(ctx, &u, `
		SELECT `+userColumns+` FROM users u
		WHERE u.id = ? OR u.email_key = ? OR u.username_key = ?
		ORDER BY u.id = ? DESC, CASE WHEN u.username_key = ? THEN 0 ELSE 1 END LIMIT 1`, name, key, key, name, key)
	return u, err
}

// Users returns up to limit users in the order they were added, after the user with the id after (empty: from the first).
// ErrNotFound when the user after is gone and the end of the list cannot be told.
func (s *Store) Users(ctx context.Context, after string, limit int) ([]User, error) {
	var users []User
	if after == "" {
		err := s.list(ctx, &users, `SELECT `+userColumns+` FROM users u ORDER BY u.created_at, u.id LIMIT ?`, limit)
		return users, err
	}
	err := s.list(ctx, &users, `
		SELECT `+userColumns+` FROM users u
		WHERE (u.created_at, u.id) > (SELECT a.created_at, a.id FROM users a WHERE a.id = ?)
		ORDER BY u.created_at, u.id LIMIT ?`, after, limit)
	if err == nil && len(users) == 0 {
		_, err = s.User(ctx, after)
	}
	return users, err
}

// ReplaceClaims makes claims the attributes of a user whom nobody has changed since seen, the time of the last change: else ErrStale.
func (s *Store) ReplaceClaims(ctx context.Context, id string, claims Claims, seen, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE users SET claims = ?, updated_at = CASE WHEN updated_at < ? THEN CAST(? AS BIGINT) ELSE updated_at + 1 END
		WHERE id = ? AND updated_at = ?`, claims, At(now), At(now), id, At(seen))
}

// DisableUser shuts the account and ends everything that was granted. ErrNotFound when there is none.
func (s *Store) DisableUser(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `
		UPDATE users SET disabled_at = coalesce(disabled_at, ?), epoch = epoch + 1, updated_at = ? WHERE id = ?`, At(now), At(now), id)
}

// EnableUser opens the account again; nothing that had been granted comes back.
func (s *Store) EnableUser(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `UPDATE users SET disabled_at = NULL, updated_at = ? WHERE id = ?`, At(now), id)
}

// RaiseEpoch ends all sessions, half-done sign-ins, grants and device cookies of a user.
func (s *Store) RaiseEpoch(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `UPDATE users SET epoch = epoch + 1, updated_at = ? WHERE id = ?`, At(now), id)
}

// HoldUser takes a user's row for the rest of the transaction, so that the changes of one user's factors come one after another.
// ErrStale when the account was disabled or removed, or its epoch has risen, since u was read.
func (s *Store) HoldUser(ctx context.Context, u User) error {
	return s.execOne(ctx, ErrStale, `UPDATE users SET epoch = epoch WHERE id = ? AND epoch = ? AND disabled_at IS NULL`, u.ID, u.Epoch)
}

// DeleteUser removes the user and all that hangs on it but audit entries, which hold only the id.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	return s.execOne(ctx, ErrNotFound, `DELETE FROM users WHERE id = ?`, id)
}

// DeleteUserButLastAdmin is DeleteUser for everybody but the only administrator who is not disabled: that is ErrStale.
func (s *Store) DeleteUserButLastAdmin(ctx context.Context, id string) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		// One at a time, else two administrators would each count on the other. On PostgreSQL the row stays locked until the end.
		if _, err := s.exec(ctx, `
			INSERT INTO leases (name, holder, expires_at) VALUES (?, '', 0)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder`, "administrators"); err != nil {
			return err
		}
		if _, err := s.User(ctx, id); err != nil {
			return err
		}
		return s.execOne(ctx, ErrStale, `
			DELETE FROM users WHERE id = ?
				AND (NOT admin OR EXISTS (SELECT 1 FROM users o WHERE o.admin AND o.disabled_at IS NULL AND o.id <> ?))`, id, id)
	})
}
