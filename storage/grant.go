package storage

import (
	"context"
	"time"
)

// Grants are the results of authorizations: codes, refresh tokens, and the access tokens that were revoked.
type Grants struct{ *database }

// Grant is what one authorization gave to a client. It is one row for its whole life: it begins with the code and goes on with the family
// of refresh tokens, of which only the number of the latest is kept. So redeeming the code, rotating a refresh token and revoking the
// family are each one conditional UPDATE of one row.
type Grant struct {
	ID       string `db:"id"`
	UserID   string `db:"user_id"`
	ClientID string `db:"client_id"`
	SID      string `db:"sid"`   // id of the session in which it was given
	Epoch    int64  `db:"epoch"` // of the user at that time
	Access          // granted
	Detail   JSON   `db:"detail"` // what package provider needs later: redirect URI, challenge, nonce and so on
	AuthTime Time   `db:"auth_time"`
	// CodeHash is the SHA-256 of the authorization code.
	CodeHash      []byte `db:"code_hash"`
	CodeExpiresAt Time   `db:"code_expires_at"`
	CodeUsedAt    Time   `db:"code_used_at"`
	// Generation is the number of the latest refresh token of the family, counted from 1; 0: no refresh token was issued.
	Generation int64 `db:"generation"`
	RotatedAt  Time  `db:"rotated_at"`
	IdleUntil  Time  `db:"idle_until"`
	RevokedAt  Time  `db:"revoked_at"`
	CreatedAt  Time  `db:"created_at"`
	// ExpiresAt is when everything in the family ends. The row is swept after that.
	ExpiresAt Time `db:"expires_at"`
	// InSession tells [Grants.Issue] that the session SID must be alive. It is not stored.
	InSession bool `db:"-"`
	// TellOfLogout tells [Grants.Issue] that the client has a logout URI, so that the session is recorded as used at the client. It is not
	// stored.
	TellOfLogout bool `db:"-"`
	// ConsentedAt tells [Grants.Issue] which consent the grant needs, by its CreatedAt; zero: the grant needs no consent. It is not stored.
	ConsentedAt Time `db:"-"`
	// JKT is the thumbprint of the key to which the refresh tokens of the family are bound (RFC 9449 section 5); empty: they are not bound.
	// [Grants.Issue] does not store it.
	JKT string `db:"dpop_jkt"`
}

// GrantState is a grant together with everything that decides whether it is still good.
type GrantState struct {
	Grant
	User           User `db:"owner"`
	ClientDisabled bool `db:"client_disabled"`
	TokenRevoked   bool `db:"token_revoked"`
}

// Ended reports whether the grant has expired, was revoked, or ended with its user or client.
func (g GrantState) Ended(now time.Time) bool {
	return !g.RevokedAt.IsZero() || !now.Before(g.ExpiresAt.Time) || g.User.Disabled() || g.User.Epoch != g.Epoch || g.ClientDisabled
}

const grantStateQuery = `
	SELECT g.id, g.user_id, g.client_id, g.sid, g.epoch, g.scopes, g.claims, g.detail, g.auth_time, g.code_hash, g.code_expires_at,
		g.code_used_at, g.generation, g.rotated_at, g.idle_until, g.revoked_at, g.created_at, g.expires_at,
		coalesce(g.dpop_jkt, '') AS dpop_jkt,
		u.id AS "owner.id", u.email AS "owner.email", u.email_verified AS "owner.email_verified",
		coalesce(u.username, '') AS "owner.username", u.admin AS "owner.admin", u.groups AS "owner.groups", u.claims AS "owner.claims",
		u.epoch AS "owner.epoch", u.disabled_at AS "owner.disabled_at", u.created_at AS "owner.created_at",
		u.updated_at AS "owner.updated_at", u.exposed_at AS "owner.exposed_at", u.email_change_until AS "owner.email_change_until",
		c.disabled_at IS NOT NULL AS client_disabled,
		EXISTS (SELECT 1 FROM revoked_tokens r WHERE r.id = ?) AS token_revoked
	FROM grants g JOIN users u ON u.id = g.user_id JOIN clients c ON c.id = g.client_id`

// Issue inserts a grant whose code is still to be redeemed, together with its audit entry. If CodeUsedAt is set there is no code, and the
// browser gets the only tokens (implicit flow of OIDC Core section 3.2). Issue returns ErrStale if the consent or the session that the
// grant needs has ended, and ErrNotFound if the user or the client is gone. It locks the rows of consent and session, so that a transaction
// that ends one of them either comes first or finds the grant and revokes it.
func (s *Grants) Issue(ctx context.Context, g Grant, event string) error {
	if !g.TellOfLogout {
		return s.issue(ctx, g, event)
	}
	return s.inTx(ctx, func(ctx context.Context) error {
		if err := s.issue(ctx, g, event); err != nil {
			return err
		}
		return newClientSessions(s.database).add(ctx, g)
	})
}

func (s *Grants) issue(ctx context.Context, g Grant, event string) error {
	inSession := 0
	if g.InSession {
		inSession = 1
	}
	issued, err := s.exec(ctx, `
		INSERT INTO grants (id, user_id, client_id, sid, epoch, scopes, claims, detail, auth_time, created_at, code_hash, code_expires_at,
			code_used_at, code_failures, generation, expires_at, event)
		SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?
		WHERE (CAST(? AS BIGINT) IS NULL OR EXISTS (
			SELECT 1 FROM consents c WHERE c.user_id = ? AND c.client_id = ? AND c.created_at = ?`+s.dialect.keyShare+`))
			AND (CAST(? AS BIGINT) = 0 OR EXISTS (
				SELECT 1 FROM sessions s WHERE s.sid = ? AND s.epoch = ? AND s.completed_at IS NOT NULL`+s.dialect.keyShare+`))`,
		g.ID, g.UserID, g.ClientID, g.SID, g.Epoch, g.Scopes, g.Claims, g.Detail, g.AuthTime, g.CreatedAt, g.CodeHash, g.CodeExpiresAt,
		g.CodeUsedAt, g.ExpiresAt, nullText(event), g.ConsentedAt, g.UserID, g.ClientID, g.ConsentedAt, inSession, g.SID, g.Epoch)
	if err == nil && issued == 0 {
		err = ErrStale
	}
	return err
}

// ByCode returns the grant whose authorization code has that hash, in any state, or ErrNotFound.
func (s *Grants) ByCode(ctx context.Context, codeHash []byte) (GrantState, error) {
	var g GrantState
	err := s.get(ctx, &g, grantStateQuery+` WHERE g.code_hash = ?`, "", codeHash)
	return g, err
}

// ByID returns a grant in any state, and whether the access token tokenID was revoked individually. It returns ErrNotFound if there is no
// such grant.
func (s *Grants) ByID(ctx context.Context, id, tokenID string) (GrantState, error) {
	var g GrantState
	err := s.get(ctx, &g, grantStateQuery+` WHERE g.id = ?`, tokenID, id)
	return g, err
}

// Redemption is what [Grants.RedeemCode] writes to the grant.
type Redemption struct {
	Generation int64 // 1 when a refresh token is issued, else 0
	IdleUntil  time.Time
	ExpiresAt  time.Time
	JKT        string // key to which refresh tokens are bound; empty: they are not bound
}

// RedeemCode uses up the authorization code of a grant. It returns ErrStale if the code was used before, has expired or was revoked: of any
// number of attempts one succeeds.
func (s *Grants) RedeemCode(ctx context.Context, id string, r Redemption, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE grants SET code_used_at = ?, generation = ?, rotated_at = ?, idle_until = ?, expires_at = ?, dpop_jkt = ?
		WHERE id = ? AND code_used_at IS NULL AND revoked_at IS NULL AND code_expires_at > ?`,
		At(now), r.Generation, At(now), At(r.IdleUntil), At(r.ExpiresAt), nullText(r.JKT), id, At(now))
}

// RotateRefreshToken makes generation+1 the latest refresh token of a grant. It is bound to the key with thumbprint jkt, or if that is
// empty, to the key of its predecessor (RFC 9449 section 5). RotateRefreshToken returns ErrStale if generation is not the latest, the token
// was idle too long, or the grant has expired or was revoked: of any number of attempts one succeeds.
func (s *Grants) RotateRefreshToken(ctx context.Context, id string, generation int64, jkt string, idleUntil, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE grants SET generation = generation + 1, rotated_at = ?, idle_until = ?, dpop_jkt = coalesce(?, dpop_jkt)
		WHERE id = ? AND generation = ? AND revoked_at IS NULL AND idle_until > ? AND expires_at > ?`,
		At(now), At(idleUntil), nullText(jkt), id, generation, At(now), At(now))
}

// CountCodeFailure counts an attempt to redeem a grant's code with a wrong verifier, and returns how many there were. It returns
// ErrNotFound if the grant is gone.
func (s *Grants) CountCodeFailure(ctx context.Context, id string) (int, error) {
	var failures int
	err := s.getFresh(ctx, &failures, `UPDATE grants SET code_failures = code_failures + 1 WHERE id = ? RETURNING code_failures`, id)
	return failures, err
}

// Revoke ends everything issued from a grant, and files the audit entry. It returns ErrStale if the grant was revoked already.
func (s *Grants) Revoke(ctx context.Context, id, event string, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE grants SET revoked_at = ?, event = ? WHERE id = ? AND revoked_at IS NULL`, At(now), nullText(event), id)
}

// RevokeOfSession revokes the grants that were given in a session of a user, except those with offline access (OIDC Core section 11).
func (s *Grants) RevokeOfSession(ctx context.Context, userID, sid string, now time.Time) error {
	_, err := s.exec(ctx, `
		UPDATE grants SET revoked_at = ?
		WHERE sid = ? AND user_id = ? AND revoked_at IS NULL AND scopes NOT LIKE '%"offline_access"%'`, At(now), sid, userID)
	return err
}

// OfUser returns up to limit grants of a user in any state, newest first.
func (s *Grants) OfUser(ctx context.Context, userID string, limit int) ([]Grant, error) {
	var grants []Grant
	err := s.list(ctx, &grants, `
		SELECT id, user_id, client_id, sid, epoch, scopes, claims, detail, auth_time, code_hash, code_expires_at, code_used_at, generation, rotated_at,
			idle_until, revoked_at, created_at, expires_at
		FROM grants WHERE user_id = ? ORDER BY created_at DESC, id LIMIT ?`, userID, limit)
	return grants, err
}

// RevokeAccessToken makes one access token invalid until it would have expired. It writes even if the token was revoked before; see
// [Store.Confirm].
func (s *Grants) RevokeAccessToken(ctx context.Context, tokenID string, expires time.Time) error {
	_, err := s.exec(ctx, `INSERT INTO revoked_tokens (id, expires_at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at`,
		tokenID, At(expires))
	return err
}

// AccessTokenRevoked reports whether [Grants.RevokeAccessToken] was called for that access token.
func (s *Grants) AccessTokenRevoked(ctx context.Context, tokenID string) (bool, error) {
	var revoked bool
	err := s.get(ctx, &revoked, `SELECT EXISTS (SELECT 1 FROM revoked_tokens r WHERE r.id = ?)`, tokenID)
	return revoked, err
}
