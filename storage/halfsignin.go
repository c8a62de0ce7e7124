package storage

import (
	"cmp"
	"context"
	"math"
	"time"
)

// HalfSignIn is a sign-in of which only the first factor was checked. It gives access to the page for the second factor and to nothing
// else, and is a type of its own so that it cannot be mistaken for a [SignIn].
type HalfSignIn struct {
	TokenHash []byte // of the cookie
	User      User
	LinkHash  []byte // of the invitation that began it; nil: it is an ordinary sign-in
	Remember  bool
	Browser   string
	ClientIP  string
	CreatedAt time.Time
	ExpiresAt time.Time
	// Limit is how many half-done sign-ins the user may have, this one included; 0: any number. A few more may pass if many begin at once.
	Limit int
	// Authenticators are those of the user, oldest first. [Sessions.HalfSignIn] fills them in.
	Authenticators []Authenticator
}

// BeginSignIn stores a half-done sign-in together with its audit entry. It returns ErrLimit if the user has h.Limit of them already.
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

// HalfSignIn returns the half-done sign-in whose cookie has that hash, with the user's authenticators. It returns ErrNotFound if there is
// no such sign-in, it was completed or has expired, the account was disabled, or its epoch has risen.
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

// Completion says how a half-done sign-in is completed.
type Completion struct {
	SID       string   // id of the session; empty: a new one
	TokenHash []byte   // of the new cookie, which replaces that of the half-done sign-in
	Methods   []string // amr of RFC 8176
	Recovered bool
	MustEnrol bool // the result is an EnrollingSignIn, not a SignIn
	IdleUntil time.Time
	ExpiresAt time.Time
	Event     string // audit entry, filed by the same statement
}

// CompleteSignIn turns a half-done sign-in into a session with a new cookie. It returns ErrStale if the sign-in was completed before or has
// expired, the account was disabled, or its epoch has risen.
func (s *Sessions) CompleteSignIn(ctx context.Context, halfHash []byte, c Completion, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE sessions SET session_hash = ?, sid = ?, completed_at = ?, last_seen_at = ?, idle_until = ?, expires_at = ?, amr = ?,
			recovered = ?, must_enrol = ?, event = ?
		WHERE session_hash = ? AND completed_at IS NULL AND expires_at > ?
			AND EXISTS (SELECT 1 FROM users u WHERE u.id = sessions.user_id AND u.epoch = sessions.epoch AND u.disabled_at IS NULL)`,
		c.TokenHash, cmp.Or(c.SID, NewID()), At(now), At(now), At(c.IdleUntil), At(c.ExpiresAt), Strings(c.Methods), c.Recovered, c.MustEnrol, nullText(c.Event),
		halfHash, At(now))
}
