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

// Unit collects what is read and made during one request. Fosite reads code, PKCE and OpenID sessions and writes tokens in separate calls; a Unit
// replaces them by one read when the grant is first needed. The caller makes one conditional write after the whole answer has been made.
type Unit struct {
	Now     time.Time
	Address string // IP address and port of the caller, for the audit log
	Client  *client.Client

	Request *Request // at the authorization endpoint

	// Grant is the grant of the code, device code or refresh token, or the one that an authorization request is about to get. Its ID is empty until
	// the grant is known.
	Grant token.Grant
	Proof token.Proof // of a token request

	Code        string // made for the authorization response
	AccessToken string
	ExpiresIn   int64  // of the access token, in seconds
	IDToken     string // for the authorization response
	Generation  int64  // of the new refresh token; 0: there is none
	Retry       bool   // the answer to this refresh may have been lost: the client gets the same successor again

	reused  audit.Name // which audit entry revoking the grant makes, after a used code or token was sent
	why     oauth.Rule // what is wrong with the code or token in the request, which the client is not told
	failure error      // the first error of the store, which fosite may have hidden
}

type unitKey struct{}

func withUnit(ctx context.Context, u *Unit) context.Context {
	return context.WithValue(ctx, unitKey{}, u)
}

func unitOf(ctx context.Context) *Unit { return ctx.Value(unitKey{}).(*Unit) }

// load makes a stored grant the unit's grant.
func (u *Unit) load(state storage.GrantState) (err error) {
	u.Grant, err = token.ReadGrant(state)
	return u.note(err)
}

// Holds reports whether the unit has a proof of the key with the thumbprint jkt, or jkt is empty, so that no proof is needed.
func (u *Unit) Holds(jkt string) bool { return jkt == "" || u.Proof.JKT == jkt }

// refuse records what is wrong with the code or token in the request, and returns an error that fosite understands.
func (u *Unit) refuse(why oauth.Rule) error {
	u.why = why
	return fosite.ErrNotFound
}

// ErrInvalidGrant says that a code or token is not valid. [Unit.Explain] replaces it by the reason.
var ErrInvalidGrant = fromFosite(fosite.ErrInvalidGrant)

// Explain returns err with what only the unit knows: which rule a request broke if fosite only says that a grant is not valid, and the received value
// with the registered ones.
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

// note records the first failure of the store, and returns err as fosite understands it.
func (u *Unit) note(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return fosite.ErrNotFound
	}
	if err != nil && u.failure == nil {
		u.failure = err
	}
	return err
}
