package engine

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Unit collects what is read and made during one request. Fosite asks for code, PKCE and OpenID sessions and
// writes tokens in separate calls; here they are one read when first needed and one conditional write at the end, after
// the whole answer has been made.
type Unit struct {
	Now     time.Time
	Address string // IP address and port of the caller, for the audit log
	Client  *client.Client

	Request *Request // at the authorization endpoint

	// Grant is what the code, device code or refresh token stands for, or what an authorization request is about to get. Its ID is empty
	// until it is known.
	Grant token.Grant
	Proof token.Proof // of a request for tokens

	Code        string // made for the authorization response
	AccessToken string
	ExpiresIn   int64  // of the access token, in seconds
	IDToken     string // for the browser to hand on
	Generation  int64  // of the refresh token that was made; 0: no token was made
	Retry       bool   // a refresh whose answer was lost: the successor is given out again

	reused  audit.Name // why the grant is revoked, when a used code or token was sent
	why     oauth.Rule // what is wrong with the code or token that was sent, which the client is not told
	failure error      // the first error of the store, which fosite may have wrapped beyond recognition
}

type unitKey struct{}

func withUnit(ctx context.Context, u *Unit) context.Context {
	return context.WithValue(ctx, unitKey{}, u)
}

func unitOf(ctx context.Context) *Unit { return ctx.Value(unitKey{}).(*Unit) }

// load takes a grant into the unit of work.
func (u *Unit) load(state storage.GrantState) (err error) {
	u.Grant, err = token.ReadGrant(state)
	return u.note(err)
}

// Holds reports whether the unit's proof is of the key with that thumbprint, or, with an empty one, no proof is needed.
func (u *Unit) Holds(jkt string) bool { return jkt == "" || u.Proof.JKT == jkt }

// refuse notes what is wrong with the code or token that was sent and returns what fosite understands.
func (u *Unit) refuse(why oauth.Rule) error {
	u.why = why
	return fosite.ErrNotFound
}

// ErrInvalidGrant says that a code or token is not valid. [Unit.Explain] finds out why.
var ErrInvalidGrant = fromFosite(fosite.ErrInvalidGrant)

// Explain returns err with what only the unit knows: the rule that was broken where fosite says that a grant is not valid, and what was
// received beside what is registered.
func (u *Unit) Explain(err error, form url.Values) error {
	err = fromFosite(err)
	refusal := oauth.RefusalOf(err)
	if refusal.Rule == oauth.GrantTypeUnregistered && u.Client != nil {
		return refusal.Compare(form.Get("grant_type"), u.Client.GrantTypes...)
	}
	if refusal.Rule != oauth.GrantRefused {
		return err
	}
	if uri := form.Get("redirect_uri"); u.why == "" && u.Grant.Detail.RedirectURI != "" && uri != u.Grant.Detail.RedirectURI {
		return oauth.Refuse(oauth.CodeRedirectURI).CompareURI(uri, u.Grant.Detail.RedirectURI)
	}
	if u.why != "" {
		return oauth.Refuse(u.why)
	}
	return err
}

// note keeps the first failure of the store and returns err as fosite understands it.
func (u *Unit) note(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return fosite.ErrNotFound
	}
	if err != nil && u.failure == nil {
		u.failure = err
	}
	return err
}
