package storage

import (
	"cmp"
	"context"
	"math"
	"time"
)

// HalfSignIn is a sign-in of which only the password was right. It opens the code page and nothing else, and it is
// another type than SignIn so that it cannot be taken for one.
type HalfSignIn struct {
	TokenHash  []byte // of the cookie
	User       User
	TicketHash []byte // the invitation it began with; nil: an ordinary sign-in
	Remember   bool
	Browser    string
	Address    string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	// Limit is how many half-done sign-ins of the user may be there for this one to be added; 0: any number. Of many at once a
	// few more may pass.
	Limit int
	// Authenticators of the user, oldest first; filled by Store.HalfSignIn.
	Authenticators []Authenticator
}

// SignIn is a complete sign-in: password and one-time code (or recovery code) were both right. Only this package can make
// one, from a row that says so.
type SignIn struct {
	row     sessionRow
	consent Consent
}

// ID returns the id of the session, which is no secret. Clients know the session by other names.
func (s SignIn) ID() string { return s.row.SID }

// User returns who signed in.
func (s SignIn) User() User { return s.row.User }

// Time returns when the sign-in was completed (auth_time of OIDC Core section 2).
func (s SignIn) Time() time.Time { return s.row.CompletedAt.Time }

// Methods returns how (amr of RFC 8176).
func (s SignIn) Methods() []string { return s.row.AMR }

// Recovered reports whether a recovery code took the place of the one-time code.
func (s SignIn) Recovered() bool { return s.row.Recovered }

// Remembered reports whether the person asked to stay signed in.
func (s SignIn) Remembered() bool { return s.row.Remember }

// Consent returns what the user has granted to the client that Store.SignIn was asked about; its CreatedAt is zero when there is nothing.
func (s SignIn) Consent() Consent { return s.consent }

// LastSeen returns when the session was last known to be in use.
func (s SignIn) LastSeen() time.Time { return s.row.LastSeenAt.Time }

// Session is what a list of sessions shows.
type Session struct {
	ID          string `db:"sid"`
	Browser     string `db:"browser"`
	Address     string `db:"address"`
	CompletedAt Time   `db:"completed_at"`
	LastSeenAt  Time   `db:"last_seen_at"`
	ExpiresAt   Time   `db:"expires_at"`
}

type sessionRow struct {
	User        `db:"user"`
	SID         string  `db:"sid"`
	TicketHash  []byte  `db:"ticket_hash"`
	Recovered   bool    `db:"recovered"`
	Remember    bool    `db:"remember"`
	AMR         Strings `db:"amr"`
	Browser     string  `db:"browser"`
	Address     string  `db:"address"`
	StartedAt   Time    `db:"started_at"`
	CompletedAt Time    `db:"completed_at"`
	LastSeenAt  Time    `db:"last_seen_at"`
	ExpiresAt   Time    `db:"ends_at"`
}

// sessionColumns prefixes the user's columns as sqlx wants them for a nested struct.
const sessionColumns = `u.id AS "user.id", u.email AS "user.email", u.email_verified AS "user.email_verified",
	coalesce(u.username, '') AS "user.username", u.admin AS "user.admin", u.groups AS "user.groups", u.claims AS "user.claims",
	u.epoch AS "user.epoch", u.disabled_at AS "user.disabled_at", u.created_at AS "user.created_at", u.updated_at AS "user.updated_at",
	u.exposed_at AS "user.exposed_at", u.email_change_until AS "user.email_change_until",
	s.sid, s.ticket_hash, s.recovered, s.remember, s.amr, s.browser, s.address, s.created_at AS started_at, s.completed_at,
	s.last_seen_at, s.expires_at AS ends_at`

// BeginSignIn stores a half-done sign-in together with its audit entry. ErrLimit when there are h.Limit of the user.
func (s *Store) BeginSignIn(ctx context.Context, h HalfSignIn, event string) error {
	limit := h.Limit
	if limit == 0 {
		limit = math.MaxInt32
	}
	return s.execOne(ctx, ErrLimit, `
		INSERT INTO sessions (session_hash, sid, user_id, epoch, ticket_hash, recovered, remember, amr, browser, address, created_at,
			last_seen_at, idle_until, expires_at, event)
		SELECT ?, ?, ?, ?, ?, ?, ?, '[]', ?, ?, ?, ?, ?, ?, ?
		WHERE (SELECT count(*) FROM sessions s WHERE s.user_id = ? AND s.completed_at IS NULL AND s.expires_at > ?) < ?`,
		h.TokenHash, NewID(), h.User.ID, h.User.Epoch, h.TicketHash, false, h.Remember, h.Browser, h.Address, At(h.CreatedAt),
		At(h.CreatedAt), At(h.ExpiresAt), At(h.ExpiresAt), nullText(event), h.User.ID, At(h.CreatedAt), limit)
}

// HalfSignIn returns the half-done sign-in of a cookie with the user's authenticators. ErrNotFound when there is none, it
// is complete or over, or the account was disabled or changed its password since.
func (s *Store) HalfSignIn(ctx context.Context, tokenHash []byte, now time.Time) (HalfSignIn, error) {
	var rows []struct {
		sessionRow
		Authenticator struct {
			ID         nullText `db:"id"`
			UserID     nullText `db:"user_id"`
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
			a.id AS "authenticator.id", a.user_id AS "authenticator.user_id", a.name AS "authenticator.name",
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
		TokenHash: tokenHash, User: first.User, TicketHash: first.TicketHash, Remember: first.Remember,
		Browser: first.Browser, Address: first.Address, CreatedAt: first.StartedAt.Time, ExpiresAt: first.ExpiresAt.Time,
	}
	var sealed []authenticatorRow
	for _, row := range rows {
		if a := row.Authenticator; a.ID != "" {
			sealed = append(sealed, authenticatorRow{
				ID: string(a.ID), UserID: string(a.UserID), Name: string(a.Name), Secret: a.Secret, Algorithm: string(a.Algorithm),
				Digits: a.Digits, Period: a.Period, LastStep: a.LastStep, CreatedAt: a.CreatedAt, LastUsedAt: a.LastUsedAt, Renew: a.Renew,
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
func (s *Store) CompleteSignIn(ctx context.Context, halfHash []byte, c Completion, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE sessions SET session_hash = ?, sid = ?, completed_at = ?, last_seen_at = ?, idle_until = ?, expires_at = ?, amr = ?,
			recovered = ?, must_enrol = ?, event = ?
		WHERE session_hash = ? AND completed_at IS NULL AND expires_at > ?
			AND EXISTS (SELECT 1 FROM users u WHERE u.id = sessions.user_id AND u.epoch = sessions.epoch AND u.disabled_at IS NULL)`,
		c.TokenHash, cmp.Or(c.SID, NewID()), At(now), At(now), At(c.IdleUntil), At(c.ExpiresAt), Strings(c.Methods), c.Recovered, c.MustEnrol, nullText(c.Event),
		halfHash, At(now))
}

// notHeld is true of a session that was completed before somebody else was known to have the password.
const notHeld = `(u.exposed_at IS NULL OR s.completed_at < u.exposed_at)`

// wholeSignIn is true of a session that waits neither for a new password nor for a new authenticator.
const wholeSignIn = `NOT s.must_enrol AND ` + notHeld

// SignIn returns the complete sign-in of a session cookie and what its user has granted to a client (empty: to none).
// ErrNotFound when there is none, it has ended, it waits for a new password or authenticator, or the account was disabled or changed since.
func (s *Store) SignIn(ctx context.Context, tokenHash []byte, clientID string, now time.Time) (SignIn, error) {
	var row struct {
		sessionRow
		Consented struct {
			Access
			CreatedAt Time `db:"created_at"`
		} `db:"consented"`
	}
	err := s.get(ctx, &row, `
		SELECT `+sessionColumns+`, c.scopes AS "consented.scopes", c.claims AS "consented.claims", c.created_at AS "consented.created_at"
		FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN consents c ON c.user_id = u.id AND c.client_id = ?
		WHERE s.session_hash = ? AND s.completed_at IS NOT NULL AND s.expires_at > ? AND s.idle_until > ?
			AND s.epoch = u.epoch AND u.disabled_at IS NULL AND `+wholeSignIn, clientID, tokenHash, At(now), At(now))
	return SignIn{row: row.sessionRow, consent: Consent{
		UserID: row.User.ID, ClientID: clientID, Access: row.Consented.Access, CreatedAt: row.Consented.CreatedAt,
	}}, err
}

// TouchSession notes that a session is in use. It never brings back one that has ended.
func (s *Store) TouchSession(ctx context.Context, sid string, now, idleUntil time.Time) error {
	_, err := s.exec(ctx, `
		UPDATE sessions SET last_seen_at = ?, idle_until = ? WHERE sid = ? AND idle_until > ? AND expires_at > ?`,
		At(now), At(idleUntil), sid, At(now), At(now))
	return err
}

// EndSession removes the session or half-done sign-in of a cookie, if there is one.
func (s *Store) EndSession(ctx context.Context, tokenHash []byte) error {
	_, err := s.exec(ctx, `DELETE FROM sessions WHERE session_hash = ?`, tokenHash)
	return err
}

// EndSessionOf removes one session of a user by its public id: ErrNotFound when the user has no such session.
func (s *Store) EndSessionOf(ctx context.Context, userID, sid string) error {
	return s.execOne(ctx, ErrNotFound, `DELETE FROM sessions WHERE user_id = ? AND sid = ?`, userID, sid)
}

// EndSessions removes all sessions of a user and returns how many there were.
func (s *Store) EndSessions(ctx context.Context, userID string) (int64, error) {
	return s.exec(ctx, `DELETE FROM sessions WHERE user_id = ?`, userID)
}

// Sessions returns the complete, living sessions of a user, newest first.
func (s *Store) Sessions(ctx context.Context, userID string, now time.Time) ([]Session, error) {
	var sessions []Session
	err := s.list(ctx, &sessions, `
		SELECT s.sid, s.browser, s.address, s.completed_at, s.last_seen_at, s.expires_at
		FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.user_id = ? AND s.completed_at IS NOT NULL AND s.expires_at > ? AND s.idle_until > ? AND s.epoch = u.epoch
			AND `+wholeSignIn+`
		ORDER BY s.completed_at DESC LIMIT 1000`, userID, At(now), At(now))
	return sessions, err
}
