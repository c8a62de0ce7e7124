package storage

import (
	"context"
	"time"
)

// Users are the people who can sign in. Their passwords and authenticators are in records of their own.
type Users struct{ *database }

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
	// trusted browsers carry the epoch of their birth and are dead once it differs.
	Epoch      int64 `db:"epoch"`
	DisabledAt Time  `db:"disabled_at"`
	CreatedAt  Time  `db:"created_at"`
	UpdatedAt  Time  `db:"updated_at"`
	// ExposedAt is when somebody else became known to have the password; zero: nobody is. Sign-ins completed from then on are
	// held until a new password is chosen.
	ExposedAt Time `db:"exposed_at"`
	// EmailChangeUntil is until when a new e-mail address waits to be confirmed; zero: no new address waits.
	EmailChangeUntil Time `db:"email_change_until"`
}

// Disabled reports whether an operator has disabled the account.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// Returns reports whether everything that was granted to the user has ever been ended, as by a reset of the authenticators: the person who
// then sets the account up has had one before.
func (u User) Returns() bool { return u.Epoch > 1 }

// Exposed reports whether somebody else is known to have the password.
func (u User) Exposed() bool { return !u.ExposedAt.IsZero() }

// EmailChanging reports whether a new e-mail address waits to be confirmed.
func (u User) EmailChanging(now time.Time) bool { return now.Before(u.EmailChangeUntil.Time) }

// EmailConfirmed reports whether the e-mail address is known to be the person's, which it is not while it is being changed.
func (u User) EmailConfirmed(now time.Time) bool { return u.EmailVerified && !u.EmailChanging(now) }

const userColumns = `u.id, u.email, u.email_verified, coalesce(u.username, '') AS username, u.admin, u.groups, u.claims, u.epoch,
	u.disabled_at, u.created_at, u.updated_at, u.exposed_at, u.email_change_until`

// Add inserts u. ErrConflict when the e-mail address or user name is taken.
func (s *Users) Add(ctx context.Context, u User) error {
	_, err := s.exec(ctx, `
		INSERT INTO users (id, email, email_key, email_verified, username, username_key, admin, groups, claims, epoch,
			disabled_at, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		u.ID, u.Email, CanonicalName(u.Email), u.EmailVerified, nullText(u.Username), nullText(CanonicalName(u.Username)), u.Admin,
		u.Groups, u.Claims, u.Epoch, u.DisabledAt, u.CreatedAt, u.UpdatedAt)
	return err
}

// ByID returns the user with that id, or ErrNotFound.
func (s *Users) ByID(ctx context.Context, id string) (User, error) {
	var u User
	err := s.get(ctx, &u, `SELECT `+userColumns+` FROM users u WHERE u.id = ?`, id)
	return u, err
}

// Find returns the user whose id, else user name, else e-mail address is name, or ErrNotFound.
func (s *Users) Find(ctx context.Context, name string) (User, error) {
	var u User
	key := CanonicalName(name)
	err := s.get(ctx, &u, `
		SELECT `+userColumns+` FROM users u
		WHERE u.id = ? OR u.email_key = ? OR u.username_key = ?
		ORDER BY u.id = ? DESC, CASE WHEN u.username_key = ? THEN 0 ELSE 1 END LIMIT 1`, name, key, key, name, key)
	return u, err
}

// List returns up to limit users in the order they were added, after the user with the id after (empty: from the first).
// ErrNotFound when the user after is gone and the end of the list cannot be told.
func (s *Users) List(ctx context.Context, after string, limit int) ([]User, error) {
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
		_, err = s.ByID(ctx, after)
	}
	return users, err
}

// ReplaceClaims makes claims the attributes of a user whom nobody has changed since seen, the time of the last change: else ErrStale.
func (s *Users) ReplaceClaims(ctx context.Context, id string, claims Claims, seen, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE users SET claims = ?, updated_at = CASE WHEN updated_at < ? THEN CAST(? AS BIGINT) ELSE updated_at + 1 END
		WHERE id = ? AND updated_at = ?`, claims, At(now), At(now), id, At(seen))
}

// Disable disables the account and ends everything that was granted. ErrNotFound when there is no such user.
func (s *Users) Disable(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `
		UPDATE users SET disabled_at = coalesce(disabled_at, ?), epoch = epoch + 1, updated_at = ? WHERE id = ?`, At(now), At(now), id)
}

// Enable enables the account again; nothing that had been granted comes back. ErrNotFound when there is no such user.
func (s *Users) Enable(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `UPDATE users SET disabled_at = NULL, updated_at = ? WHERE id = ?`, At(now), id)
}

// RaiseEpoch ends all sessions, half-done sign-ins, grants and trusted browsers of a user. ErrNotFound when there is no such user.
func (s *Users) RaiseEpoch(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `UPDATE users SET epoch = epoch + 1, updated_at = ? WHERE id = ?`, At(now), id)
}

// Lock locks a user's row for the rest of the transaction, so that the changes of one user's factors come one after another.
// ErrStale when the account was disabled or removed, or its epoch has risen, since u was read.
func (s *Users) Lock(ctx context.Context, u User) error {
	return s.execOne(ctx, ErrStale, `UPDATE users SET epoch = epoch WHERE id = ? AND epoch = ? AND disabled_at IS NULL`, u.ID, u.Epoch)
}

// Delete removes the user and everything that belongs to it except audit entries, which hold only the id. ErrNotFound when there is no such user.
func (s *Users) Delete(ctx context.Context, id string) error {
	return s.execOne(ctx, ErrNotFound, `DELETE FROM users WHERE id = ?`, id)
}

// DeleteUnlessLastAdmin is [Users.Delete] for everybody but the only administrator who is not disabled: that is ErrStale.
func (s *Users) DeleteUnlessLastAdmin(ctx context.Context, id string) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		// One at a time, else two administrators would each count on the other. On PostgreSQL the row stays locked until the end.
		if _, err := s.exec(ctx, `
			INSERT INTO leases (name, holder, expires_at) VALUES (?, '', 0)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder`, "administrators"); err != nil {
			return err
		}
		if _, err := s.ByID(ctx, id); err != nil {
			return err
		}
		return s.execOne(ctx, ErrStale, `
			DELETE FROM users WHERE id = ?
				AND (NOT admin OR EXISTS (SELECT 1 FROM users o WHERE o.admin AND o.disabled_at IS NULL AND o.id <> ?))`, id, id)
	})
}

// BeginEmailChange records that a new e-mail address of u waits to be confirmed until then. ErrStale when everything of the user was ended
// since u was read, or the user is gone.
func (s *Users) BeginEmailChange(ctx context.Context, u User, until time.Time) error {
	return s.execOne(ctx, ErrStale, `UPDATE users SET email_change_until = ? WHERE id = ? AND epoch = ?`, At(until), u.ID, u.Epoch)
}

// EndEmailChange records that no new e-mail address waits any more. ErrStale when none was waiting.
func (s *Users) EndEmailChange(ctx context.Context, userID string) error {
	return s.execOne(ctx, ErrStale, `UPDATE users SET email_change_until = NULL WHERE id = ? AND email_change_until IS NOT NULL`, userID)
}

// ChangeEmail makes a confirmed e-mail address the user's and ends everything that was granted. ErrConflict when another user has the address,
// ErrStale when no new address waits.
func (s *Users) ChangeEmail(ctx context.Context, userID, email string, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE users SET email = ?, email_key = ?, email_verified = ?, email_change_until = NULL, epoch = epoch + 1, updated_at = ?
		WHERE id = ? AND email_change_until > ?`, email, CanonicalName(email), true, At(now), userID, At(now))
}

// VerifyEmail records that a user's e-mail address is known to be the person's. ErrStale when it is not the user's any more.
func (s *Users) VerifyEmail(ctx context.Context, userID, email string, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE users SET email_verified = ?, updated_at = ? WHERE id = ? AND email = ?`, true, At(now), userID, email)
}

// RemoveFactors deletes a user's authenticators and recovery codes, those on their way, and unused links.
func (s *Users) RemoveFactors(ctx context.Context, userID string) error {
	for _, query := range []string{
		`DELETE FROM authenticators WHERE user_id = ?`,
		`DELETE FROM recovery_codes WHERE user_id = ?`,
		`DELETE FROM enrolments WHERE user_id = ?`,
		`DELETE FROM code_sheets WHERE user_id = ?`,
		`DELETE FROM tickets WHERE user_id = ?`,
	} {
		if _, err := s.exec(ctx, query, userID); err != nil {
			return err
		}
	}
	return nil
}

// Overview counts what belongs to an account, for the first page that its owner sees.
type Overview struct {
	PasswordChangedAt Time `db:"password_changed_at"` // zero: there is no password
	Authenticators    int  `db:"authenticators"`
	RecoveryCodesLeft int  `db:"recovery_codes_left"`
	Sessions          int  `db:"sessions"` // complete and alive
	Apps              int  `db:"apps"`     // as [Consents.Apps] lists them
}

// Overview returns the numbers of a user, or ErrNotFound.
func (s *Users) Overview(ctx context.Context, userID string, now time.Time) (Overview, error) {
	var o Overview
	err := s.get(ctx, &o, `
		SELECT (SELECT p.changed_at FROM passwords p WHERE p.user_id = u.id) AS password_changed_at,
			(SELECT count(*) FROM authenticators a WHERE a.user_id = u.id) AS authenticators,
			(SELECT count(*) FROM recovery_codes r WHERE r.user_id = u.id AND r.used_at IS NULL) AS recovery_codes_left,
			(SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.completed_at IS NOT NULL AND s.expires_at > ?
				AND s.idle_until > ? AND s.epoch = u.epoch AND `+wholeSignIn+`) AS sessions,
			(SELECT count(*) FROM consents c WHERE c.user_id = u.id) +
			(SELECT count(DISTINCT g.client_id) FROM grants g WHERE g.user_id = u.id AND `+livingGrant+`
				AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.user_id = u.id AND c.client_id = g.client_id)) AS apps
		FROM users u WHERE u.id = ?`, At(now), At(now), At(now), At(now), userID)
	return o, err
}
