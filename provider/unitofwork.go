package provider

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Grants is the part of the store that decides what happens once. Every method that changes something is one conditional
// statement; ErrStale says that another request was first.
type Grants interface {
	IssueCode(ctx context.Context, g storage.Grant, event string) error
	GrantByCode(ctx context.Context, codeHash []byte) (storage.GrantState, error)
	Grant(ctx context.Context, id, tokenID string) (storage.GrantState, error)
	RedeemCode(ctx context.Context, id string, r storage.Redemption, now time.Time) error
	RotateRefreshToken(ctx context.Context, id string, generation int64, jkt string, idleUntil, now time.Time) error
	CountCodeFailure(ctx context.Context, id string) (int, error)
	RevokeGrant(ctx context.Context, id, event string, now time.Time) error
	RevokeToken(ctx context.Context, tokenID string, expires time.Time) error
	TokenRevoked(ctx context.Context, tokenID string) (bool, error)
}

var _ Grants = (*storage.Store)(nil)

// unit collects what fosite wants to read and write during one request. Fosite asks for code, PKCE and OpenID sessions and
// writes tokens in separate calls; here they are one read when first needed and one conditional write at the end, after
// the whole answer has been made. So a failure on the way spends nothing, and of two requests one wins.
type unit struct {
	now     time.Time
	address string // of the caller, for the audit log
	client  *client.Client
	proof   proof // of the request for tokens

	request *authRequest // at the authorization endpoint
	signIn  storage.SignIn

	state  storage.GrantState // of the code or refresh token presented
	loaded bool
	detail grantDetail

	code        string     // issued
	generation  int64      // of the refresh token issued; 0: none
	reused      audit.Name // why the grant is revoked, when a used code or token was presented
	why         oauth.Rule // what is wrong with the code or token presented, which the client is not told
	retry       bool       // a refresh whose answer was lost: the successor is given out again
	accessToken string
	idToken     string // for the browser to hand on
	expiresIn   int64  // of the access token, in seconds
	failure     error  // the first error of the store, which fosite may have wrapped beyond recognition
}

// grantDetail is what later steps need to know of the authorization request, kept with the grant.
type grantDetail struct {
	RedirectURI string   `json:"redirect_uri"`
	Challenge   string   `json:"challenge,omitempty"`
	Nonce       string   `json:"nonce,omitempty"`
	ACR         string   `json:"acr"`
	AMR         []string `json:"amr"`
	// Named are the claims beside those of the scopes. Grants from before people were asked about them have them in another member, which is
	// not read any more.
	Named scope.Named `json:"named_claims"`
	// JKT is the thumbprint of the only key whose proof redeems the code (RFC 9449 section 10); empty: any, or none.
	JKT string `json:"dpop_jkt,omitempty"`
}

type unitKey struct{}

func withUnit(ctx context.Context, u *unit) context.Context {
	return context.WithValue(ctx, unitKey{}, u)
}

func unitOf(ctx context.Context) *unit { return ctx.Value(unitKey{}).(*unit) }

// holds reports whether the proof is of the key with that thumbprint, or none is asked for.
func (u *unit) holds(jkt string) bool { return jkt == "" || u.proof.jkt == jkt }

// refuse notes what is wrong with the code or token presented and returns what fosite understands.
func (u *unit) refuse(why oauth.Rule) error {
	u.why = why
	return fosite.ErrNotFound
}

// explained returns err with what only the unit knows: the rule that was broken where fosite says that a grant is not valid, and what was
// received beside what is registered.
func (u *unit) explained(err error, form url.Values) error {
	told := translate(err)
	if told.Rule == oauth.GrantTypeUnregistered && u.client != nil {
		return told.Compare(form.Get("grant_type"), u.client.GrantTypes...)
	}
	if told.Rule != oauth.GrantRefused {
		return err
	}
	if uri := form.Get("redirect_uri"); u.why == "" && u.loaded && u.detail.RedirectURI != "" && uri != u.detail.RedirectURI {
		return oauth.Refuse(oauth.CodeRedirectURI).CompareURI(uri, u.detail.RedirectURI)
	}
	if u.why != "" {
		return oauth.Refuse(u.why)
	}
	return err
}

// note keeps the first failure of the store and returns err as fosite understands it.
func (u *unit) note(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return fosite.ErrNotFound
	}
	if err != nil && u.failure == nil {
		u.failure = err
	}
	return err
}
