package storage

import (
	"context"
	"time"
)

// Users are the people who can sign in. Their passwords and authenticators are separate records.
type Users struct{ *database }

// User is a person who can sign in. It contains no credential.
type User struct {
	ID            string  `db:"id"`
	Email         string  `db:"email"`
	EmailVerified bool    `db:"email_verified"`
	Username      string  `db:"username"` // may be empty
	Admin         bool    `db:"admin"`
	Groups        Strings `db:"groups"`
	Claims        Claims  `db:"claims"`
	// Epoch rises whenever everything that was granted so far must end: sessions, half-done sign-ins, grants and trusted browsers have the
	// epoch in which they were made, and count only as long as it is the user's.
	Epoch      int64 `db:"epoch"`
	DisabledAt Time  `db:"disabled_at"`
	CreatedAt  Time  `db:"created_at"`
	UpdatedAt  Time  `db:"updated_at"`
	// ExposedAt is when it became known that somebody else has the password; zero: it is not exposed. Sign-ins completed from then on are
	// held until a new password is chosen.
	ExposedAt Time `db:"exposed_at"`
	// EmailChangeUntil is the time until which a new e-mail address can be confirmed; zero: there is no new address.
	EmailChangeUntil Time `db:"email_change_until"`
}

// Disabled reports whether an operator has disabled the account.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// Returns reports whether the epoch has ever risen, as when the authenticators were reset: the person who then sets up the account is not
// new.
func (u User) Returns() bool { return u.Epoch > 1 }

// Exposed reports whether somebody else is known to have the password.
func (u User) Exposed() bool { return !u.ExposedAt.IsZero() }

// EmailChanging reports whether a new e-mail address waits to be confirmed at now.
func (u User) EmailChanging(now time.Time) bool { return now.Before(u.EmailChangeUntil.Time) }

// EmailConfirmed reports whether the e-mail address is known to be the person's. That does not hold while it is being changed.
func (u User) EmailConfirmed(now time.Time) bool { return u.EmailVerified && !u.EmailChanging(now) }

const userColumns = `u.id, u.email, u.email_verified, coalesce(u.username, '') AS username, u.admin, u.groups, u.claims, u.epoch,
	u.disabled_at, u.created_at, u.updated_at, u.exposed_at, u.email_change_until`

// Add inserts u. It returns ErrConflict if the e-mail address or the user name is taken.
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

// Find returns the user with that id, user name or e-mail address, in this order of preference, or ErrNotFound.
func (s *Users) Find(ctx context.Context, name string) (User, error) {
	var u User
	key := CanonicalName(name)
	err := s.get(ctx, &u, `
		SELECT `+userColumns+` FROM users u
		WHERE u.id = ? OR u.email_key = ? OR u.username_key = ?
		ORDER BY u.id = ? DESC, CASE WHEN u.username_key = ? THEN 0 ELSE 1 END LIMIT 1`, name, key, key, name, key)
	return u, err
}

// List returns up to limit users in the order they were added, after the user with the id after (empty: from the first). It returns
// ErrNotFound if the user after is gone and the next page cannot be determined.
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

// ReplaceClaims replaces the claims of a user. It returns ErrStale if the user was changed since seen, the UpdatedAt with which the caller
// read them.
func (s *Users) ReplaceClaims(ctx context.Context, id string, claims Claims, seen, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE users SET claims = ?, updated_at = CASE WHEN updated_at < ? THEN CAST(? AS BIGINT) ELSE updated_at + 1 END
		WHERE id = ? AND updated_at = ?`, claims, At(now), At(now), id, At(seen))
}

// Disable disables the account and ends everything that was granted. It returns ErrNotFound if there is no such user.
func (s *Users) Disable(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `
		UPDATE users SET disabled_at = coalesce(disabled_at, ?), epoch = epoch + 1, updated_at = ? WHERE id = ?`, At(now), At(now), id)
}

// Enable enables the account again. Nothing that was granted before comes back. It returns ErrNotFound if there is no such user.
func (s *Users) Enable(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `UPDATE users SET disabled_at = NULL, updated_at = ? WHERE id = ?`, At(now), id)
}

// RaiseEpoch ends all sessions, half-done sign-ins, grants and trusted browsers of a user. It returns ErrNotFound if there is no such user.
func (s *Users) RaiseEpoch(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `UPDATE users SET epoch = epoch + 1, updated_at = ? WHERE id = ?`, At(now), id)
}

// Lock locks a user's row for the rest of the transaction, so that changes of one user's factors happen one after another. It returns
// ErrStale if the account was disabled or removed, or its epoch has risen, since u was read.
func (s *Users) Lock(ctx context.Context, u User) error {
	return s.execOne(ctx, ErrStale, `UPDATE users SET epoch = epoch WHERE id = ? AND epoch = ? AND disabled_at IS NULL`, u.ID, u.Epoch)
}

// Delete removes the user and everything that belongs to them except audit entries, which contain only the id. It returns ErrNotFound if
// there is no such user.
func (s *Users) Delete(ctx context.Context, id string) error {
	return s.execOne(ctx, ErrNotFound, `DELETE FROM users WHERE id = ?`, id)
}

// DeleteUnlessLastAdmin is like [Users.Delete], but returns ErrStale if the user is the only administrator who is not disabled.
func (s *Users) DeleteUnlessLastAdmin(ctx context.Context, id string) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		// One at a time: otherwise two administrators could each rely on the other to stay. On PostgreSQL the row stays locked until the
		// end of the transaction.
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

// BeginEmailChange records that a new e-mail address of u can be confirmed until the given time. It returns ErrStale if the epoch has risen
// since u was read, or the user is gone.
func (s *Users) BeginEmailChange(ctx context.Context, u User, until time.Time) error {
	return s.execOne(ctx, ErrStale, `UPDATE users SET email_change_until = ? WHERE id = ? AND epoch = ?`, At(until), u.ID, u.Epoch)
}

// EndEmailChange records that no new e-mail address waits to be confirmed any more. It returns ErrStale if there was no such address.
func (s *Users) EndEmailChange(ctx context.Context, userID string) error {
	return s.execOne(ctx, ErrStale, `UPDATE users SET email_change_until = NULL WHERE id = ? AND email_change_until IS NOT NULL`, userID)
}

// ChangeEmail makes a confirmed e-mail address the user's and ends everything that was granted. It returns ErrConflict if another user has
// the address, and ErrStale if no new address waits to be confirmed.
func (s *Users) ChangeEmail(ctx context.Context, userID, email string, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE users SET email = ?, email_key = ?, email_verified = ?, email_change_until = NULL, epoch = epoch + 1, updated_at = ?
		WHERE id = ? AND email_change_until > ?`, email, CanonicalName(email), true, At(now), userID, At(now))
}

// VerifyEmail records that an e-mail address is known to be the person's. It returns ErrStale if the user has another address now.
func (s *Users) VerifyEmail(ctx context.Context, userID, email string, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE users SET email_verified = ?, updated_at = ? WHERE id = ? AND email = ?`, true, At(now), userID, email)
}

// RemoveFactors deletes a user's authenticators and recovery codes, including those that are being enrolled, and links.
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

// Overview has the numbers for the first page of an account.
type Overview struct {
	PasswordChangedAt Time `db:"password_changed_at"` // zero: there is no password
	Authenticators    int  `db:"authenticators"`
	RecoveryCodesLeft int  `db:"recovery_codes_left"`
	Sessions          int  `db:"sessions"` // complete and alive
	Apps              int  `db:"apps"`     // how many [Consents.Apps] lists
}

// Overview returns the overview of a user's account, or ErrNotFound.
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
