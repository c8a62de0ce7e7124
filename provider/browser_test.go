package provider

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/postern-id/postern/storage"
)

// browser stands for a browser's cookies: that of its session, and the one that tells browsers apart.
type browser struct {
	store   *storage.Store
	session []byte // nil: nobody is signed in
	id      string
	noted   sync.Map // the client of each flow
	known   string
}

func (b *browser) Current(r *http.Request, clientID string) (storage.SignIn, error) {
	if b.session == nil {
		return storage.SignIn{}, storage.ErrNotFound
	}
	return b.store.Sessions.SignIn(r.Context(), b.session, clientID, time.Now())
}

func (b *browser) End(ctx context.Context, _ http.ResponseWriter, r *http.Request) ([]storage.ClientSession, error) {
	signIn, err := b.Current(r, "")
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := b.store.Sessions.End(ctx, b.session); err != nil {
		return nil, err
	}
	if err := b.store.Grants.RevokeOfSession(ctx, signIn.User().ID, signIn.ID(), time.Now()); err != nil {
		return nil, err
	}
	return b.store.ClientSessions.OfSession(ctx, signIn.ID())
}

func (b *browser) State(_ http.ResponseWriter, _ *http.Request, signedIn bool) string {
	if !signedIn {
		return ""
	}
	return hex.EncodeToString(b.session)
}

func (b *browser) TrustedBrowser(*http.Request) string { return b.known }

func (b *browser) Browser(http.ResponseWriter, *http.Request) []byte { return storage.Hash(b.id) }

func (b *browser) RememberRequest(_ http.ResponseWriter, _ *http.Request, flow, client string) {
	b.noted.Store(flow, client)
}

func (b *browser) ClientOf(_ *http.Request, flow string) string {
	client, _ := b.noted.Load(flow)
	id, _ := client.(string)
	return id
}
