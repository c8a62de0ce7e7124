package storage

import (
	"cmp"
	"context"
	"math"
	"time"
)

// HalfSignIn is a sign-in of which only the password was checked. It gives access to the code page and to nothing else, and is a type of its
// own so that it cannot be mistaken for a [SignIn].
type HalfSignIn struct {
	TokenHash []byte // of the cookie
	User      User
	LinkHash  []byte // of the invitation it began with; nil: an ordinary sign-in
	Remember  bool
	Browser   string
	ClientIP  string
	CreatedAt time.Time
	ExpiresAt time.Time
	// Limit is how many half-done sign-ins of the user may be there for this one to be added; 0: any number. Of many at once a
	// few more may pass.
	Limit int
	// Authenticators of the user, oldest first; filled by [Sessions.HalfSignIn].
	Authenticators []Authenticator
}

// BeginSignIn stores a half-done sign-in together with its audit entry. ErrLimit when there are h.Limit of the user.
func (s *Sessions) BeginSignIn(ctx context.Context, h HalfSignIn, event string) error {
	limit := h.Limit
	if limit == 0 {
		limit = math.MaxInt32
	}
	return s.execOne(ctx, ErrLimit, `
		INSERT INTO sessions (session_hash, sid, user_id, epoch, ticket_hash, recovered, remember, amr, browser, address, created_at,
			last_seen_at, idle_until, expires_at, event)
		SELECT ?, ?, ?, ?, ?, ?, ?, '[]', ?, ?, ?, ?, ?, ?, ?
		WHERE (SELECT count(*) FROM sessions s WHERE s.user_id = ? AND s.completed_at IS NULL AND s.expires_at > ?) < ?`,
		h.TokenHash, NewID(), h.User.ID, h.User.Epoch, h.LinkHash, false, h.Remember, h.Browser, h.ClientIP, At(h.CreatedAt),
		At(h.CreatedAt), At(h.ExpiresAt), At(h.ExpiresAt), nullText(event), h.User.ID, At(h.CreatedAt), limit)
}

// HalfSignIn returns the half-done sign-in of a cookie with the user's authenticators. ErrNotFound when there is none, it
// is complete or over, or the account was disabled or changed its password since.
func (s *Sessions) HalfSignIn(ctx context.Context, tokenHash []byte, now time.Time) (HalfSignIn, error) {
	var rows []struct {
		sessionRow
		Authenticator struct {
			ID         nullText `db:"id"`
			UserID     nullText `db:"user_id"`
			Kind       nullText `db:"kind"`
			Name       nullText `db:"name"`
			Secret     []byte   `db:"secret_sealed"`
			Algorithm  nullText `db:"algorithm"`
			Digits     int      `db:"digits"`
			Period     int      `db:"period"`
			LastStep   int64    `db:"last_step"`
			CreatedAt  Time     `db:"created_at"`
			LastUsedAt Time     `db:"last_used_at"`
			Renew      bool     `db:"renew"`
		} `db:"authenticator"`
	}
	if err := s.list(ctx, &rows, `
		SELECT `+sessionColumns+`,
			a.id AS "authenticator.id", a.user_id AS "authenticator.user_id", a.kind AS "authenticator.kind", a.name AS "authenticator.name",
			a.secret_sealed AS "authenticator.secret_sealed", a.algorithm AS "authenticator.algorithm",
			coalesce(a.digits, 0) AS "authenticator.digits", coalesce(a.period, 0) AS "authenticator.period",
			coalesce(a.last_step, 0) AS "authenticator.last_step", a.created_at AS "authenticator.created_at",
			a.last_used_at AS "authenticator.last_used_at", coalesce(a.renew, FALSE) AS "authenticator.renew"
		FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN authenticators a ON a.user_id = u.id
		WHERE s.session_hash = ? AND s.completed_at IS NULL AND s.expires_at > ? AND s.epoch = u.epoch AND u.disabled_at IS NULL
		ORDER BY a.created_at, a.id`, tokenHash, At(now)); err != nil {
		return HalfSignIn{}, err
	}
	if len(rows) == 0 {
		return HalfSignIn{}, ErrNotFound
	}
	first := rows[0].sessionRow
	half := HalfSignIn{
		TokenHash: tokenHash, User: first.User, LinkHash: first.LinkHash, Remember: first.Remember,
		Browser: first.Browser, ClientIP: first.ClientIP, CreatedAt: first.StartedAt.Time, ExpiresAt: first.ExpiresAt.Time,
	}
	var sealed []authenticatorRow
	for _, row := range rows {
		if a := row.Authenticator; a.ID != "" {
			sealed = append(sealed, authenticatorRow{
				ID: string(a.ID), UserID: string(a.UserID), Kind: string(a.Kind), Name: string(a.Name), Secret: a.Secret,
				Algorithm: string(a.Algorithm), Digits: a.Digits, Period: a.Period, LastStep: a.LastStep, CreatedAt: a.CreatedAt, LastUsedAt: a.LastUsedAt, Renew: a.Renew,
			})
		}
	}
	var err error
	half.Authenticators, err = s.openAuthenticators(sealed)
	return half, err
}

// Completion says how a half-done sign-in becomes a complete one.
type Completion struct {
	SID       string   // public id of the session; empty: a new one
	TokenHash []byte   // of the new cookie: the id changes with the level
	Methods   []string // amr of RFC 8176
	Recovered bool
	MustEnrol bool // it becomes an EnrollingSignIn, not a SignIn
	IdleUntil time.Time
	ExpiresAt time.Time
	Event     string // audit entry, filed by the same statement
}

// CompleteSignIn turns a half-done sign-in into a session under a new cookie. ErrStale when it was completed already, is over, or the
// account was disabled or changed meanwhile.
func (s *Sessions) CompleteSignIn(ctx context.Context, halfHash []byte, c Completion, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE sessions SET session_hash = ?, sid = ?, completed_at = ?, last_seen_at = ?, idle_until = ?, expires_at = ?, amr = ?,
			recovered = ?, must_enrol = ?, event = ?
		WHERE session_hash = ? AND completed_at IS NULL AND expires_at > ?
			AND EXISTS (SELECT 1 FROM users u WHERE u.id = sessions.user_id AND u.epoch = sessions.epoch AND u.disabled_at IS NULL)`,
		c.TokenHash, cmp.Or(c.SID, NewID()), At(now), At(now), At(c.IdleUntil), At(c.ExpiresAt), Strings(c.Methods), c.Recovered, c.MustEnrol, nullText(c.Event),
		halfHash, At(now))
}
