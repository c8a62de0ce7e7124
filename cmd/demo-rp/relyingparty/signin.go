package relyingparty

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// beginSignIn sends the browser to the provider.
func (a *App) beginSignIn(w http.ResponseWriter, r *http.Request) error {
	p, err := a.provider(r.Context())
	if err != nil {
		return err
	}
	s, ok := a.session(r)
	if !ok {
		s = &session{}
		a.startSession(w, r, s)
	}
	at := newAttempt()
	s.begin(at)
	options := []oauth2.AuthCodeOption{oidc.Nonce(at.nonce), oauth2.S256ChallengeOption(at.verifier)}
	if r.URL.Query().Get("prompt") == "login" {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	http.Redirect(w, r, a.oauth(p).AuthCodeURL(at.state, options...), http.StatusSeeOther)
	return nil
}

// finishSignIn handles the provider's answer.
func (a *App) finishSignIn(w http.ResponseWriter, r *http.Request) error {
	s, ok := a.session(r)
	if !ok {
		return errUnknownState
	}
	answer := r.URL.Query()
	at, ok := s.take(answer.Get("state"))
	if !ok {
		return errUnknownState
	}
	p, err := a.provider(r.Context())
	if err != nil {
		return err
	}
	if err := a.checkIssuer(p, answer); err != nil {
		return err
	}
	if answer.Has("error") {
		return refused(answer)
	}
	who, err := a.redeem(r.Context(), p, answer.Get("code"), at, time.Now())
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.person = who
	s.mu.Unlock()
	a.startSession(w, r, s)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// checkIssuer checks that the answer is from the provider (RFC 9207 section
// 2.4). Otherwise a dishonest provider could make this app send it the code of
// an honest one.
func (a *App) checkIssuer(p *provider, answer url.Values) error {
	if !p.announcesIssuer && !answer.Has("iss") {
		return nil
	}
	if answer.Get("iss") != a.config.Issuer {
		return wrongIssuer(a.config.Issuer, answer.Get("iss"))
	}
	return nil
}

// redeem exchanges the code for tokens and returns the person whom the ID token identifies.
func (a *App) redeem(ctx context.Context, p *provider, code string, at attempt, now time.Time) (*person, error) {
	ctx = a.toProvider(ctx)
	token, err := a.oauth(p).Exchange(ctx, code, oauth2.VerifierOption(at.verifier))
	if err != nil {
		return nil, tokenProblem(err)
	}
	who := &person{tokens: token}
	idToken, err := who.readIDToken(ctx, p, a.config.ClientID)
	if err != nil {
		return nil, err
	}
	if idToken.Nonce != at.nonce {
		return nil, invalidIDToken("its nonce is not the one with which this sign-in began")
	}
	if err := who.readUserInfo(ctx, p); err != nil {
		return nil, err
	}
	who.signedInAt = now
	return who, nil
}

// signOut ends the app's own session. The session at the provider goes on.
func (a *App) signOut(w http.ResponseWriter, r *http.Request) error {
	a.dropSession(r)
	http.SetCookie(w, a.cookie("", -1))
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
