package storage

import (
	"context"
	"time"
)

// Sessions are the sign-ins of people: half done, waiting for one more step, and complete.
type Sessions struct{ *database }

// SignIn is a complete sign-in: both factors were right. Only this package can make one, from a row that says so.
type SignIn struct {
	row     sessionRow
	consent Consent
}

// ID returns the id of the session, which is not secret. Each client is given another sid for the session.
func (s SignIn) ID() string { return s.row.SID }

// User returns the person who signed in.
func (s SignIn) User() User { return s.row.User }

// Time returns when the sign-in was completed (auth_time of OIDC Core section 2).
func (s SignIn) Time() time.Time { return s.row.CompletedAt.Time }

// Methods returns the authentication methods (amr of RFC 8176).
func (s SignIn) Methods() []string { return s.row.AMR }

// Recovered reports whether a recovery code took the place of the one-time code.
func (s SignIn) Recovered() bool { return s.row.Recovered }

// Remembered reports whether the person asked to stay signed in.
func (s SignIn) Remembered() bool { return s.row.Remember }

// Consent returns what the user has granted to the client whose id was passed to [Sessions.SignIn]. Its CreatedAt is zero if there is no
// consent.
func (s SignIn) Consent() Consent { return s.consent }

// LastSeen returns when the session was last known to be in use.
func (s SignIn) LastSeen() time.Time { return s.row.LastSeenAt.Time }

// Session is an entry of a list of sessions.
type Session struct {
	ID          string `db:"sid"`
	Browser     string `db:"browser"`
	ClientIP    string `db:"address"`
	CompletedAt Time   `db:"completed_at"`
	LastSeenAt  Time   `db:"last_seen_at"`
	ExpiresAt   Time   `db:"expires_at"`
}

type sessionRow struct {
	User        `db:"user"`
	SID         string  `db:"sid"`
	LinkHash    []byte  `db:"ticket_hash"`
	Recovered   bool    `db:"recovered"`
	Remember    bool    `db:"remember"`
	AMR         Strings `db:"amr"`
	Browser     string  `db:"browser"`
	ClientIP    string  `db:"address"`
	StartedAt   Time    `db:"started_at"`
	CompletedAt Time    `db:"completed_at"`
	LastSeenAt  Time    `db:"last_seen_at"`
	ExpiresAt   Time    `db:"ends_at"`
}

// sessionColumns has the user's columns with the prefix that sqlx needs for a nested struct.
const sessionColumns = `u.id AS "user.id", u.email AS "user.email", u.email_verified AS "user.email_verified",
	coalesce(u.username, '') AS "user.username", u.admin AS "user.admin", u.groups AS "user.groups", u.claims AS "user.claims",
	u.epoch AS "user.epoch", u.disabled_at AS "user.disabled_at", u.created_at AS "user.created_at", u.updated_at AS "user.updated_at",
	u.exposed_at AS "user.exposed_at", u.email_change_until AS "user.email_change_until",
	s.sid, s.ticket_hash, s.recovered, s.remember, s.amr, s.browser, s.address, s.created_at AS started_at, s.completed_at,
	s.last_seen_at, s.expires_at AS ends_at`

// notHeld is the condition that a session was completed before the password was marked as exposed.
const notHeld = `(u.exposed_at IS NULL OR s.completed_at < u.exposed_at)`

// wholeSignIn is the condition that a session waits neither for a new password nor for a new authenticator.
const wholeSignIn = `NOT s.must_enrol AND ` + notHeld

// SignIn returns the complete sign-in whose cookie has that hash, with what its user has granted to the client (empty: the consent is not
// read). It returns ErrNotFound if there is no such sign-in, it has ended, it waits for a new password or authenticator, the account was
// disabled, or its epoch has risen.
func (s *Sessions) SignIn(ctx context.Context, tokenHash []byte, clientID string, now time.Time) (SignIn, error) {
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

// Touch records that a session is in use. It does not revive a session that has ended.
func (s *Sessions) Touch(ctx context.Context, sid string, now, idleUntil time.Time) error {
	_, err := s.exec(ctx, `
		UPDATE sessions SET last_seen_at = ?, idle_until = ? WHERE sid = ? AND idle_until > ? AND expires_at > ?`,
		At(now), At(idleUntil), sid, At(now), At(now))
	return err
}

// OfUser returns the complete, living sessions of a user, newest first.
func (s *Sessions) OfUser(ctx context.Context, userID string, now time.Time) ([]Session, error) {
	var sessions []Session
	err := s.list(ctx, &sessions, `
		SELECT s.sid, s.browser, s.address, s.completed_at, s.last_seen_at, s.expires_at
		FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.user_id = ? AND s.completed_at IS NOT NULL AND s.expires_at > ? AND s.idle_until > ? AND s.epoch = u.epoch
			AND `+wholeSignIn+`
		ORDER BY s.completed_at DESC LIMIT 1000`, userID, At(now), At(now))
	return sessions, err
}
