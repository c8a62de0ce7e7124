package main

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/errgroup"
)

// redirectURI is the redirect URI of the web clients. No server listens there: the code is read from the redirect.
const redirectURI = "http://127.0.0.1:9/callback"

// scopes are the scopes that every person grants.
const scopes = "openid profile email offline_access"

// webClient is a client to which people sign in, with the algorithm of its ID tokens.
type webClient struct{ id, secret, algorithm string }

// basic returns the header for client_secret_basic (RFC 6749 section 2.3.1).
func (c webClient) basic() string {
	pair := url.QueryEscape(c.id) + ":" + url.QueryEscape(c.secret)
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

// target is the running server, with everything that the scenarios need.
type target struct {
	address string // host:port
	issuer  string
	es256   webClient
	rs256   webClient
	service webClient // uses client_credentials, without a person
	people  people
	keys    jose.JSONWebKeySet
	// browsers are signed in. Each connection of a measurement uses another one.
	browsers []*browser
	open     []*connection
}

// connect returns a connection for one step. hangUp closes it.
func (t *target) connect() *connection {
	c := &connection{address: t.address}
	t.open = append(t.open, c)
	return c
}

// hangUp closes all connections.
func (t *target) hangUp() error {
	var err error
	for _, c := range t.open {
		err = errors.Join(err, c.close())
	}
	t.open = nil
	return err
}

// loadKeys reads the JWKS.
func (t *target) loadKeys() error {
	a, err := t.connect().do(request{method: http.MethodGet, target: jwksPath})
	if err != nil {
		return err
	}
	return decode(a, &t.keys)
}

// signInBrowsers signs in n people, each in another browser, a few at a time.
func (t *target) signInBrowsers(ctx context.Context, n int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	t.browsers = make([]*browser, n)
	for i := range n {
		t.browsers[i] = newBrowser(t, t.connect())
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			got, err := t.browsers[i].signIn(t.es256, time.Now)
			if err != nil {
				return err
			}
			return verify(got.IDToken, t.es256.algorithm, t.keys)
		})
	}
	return group.Wait()
}

// freshTokens gets tokens for c from each of n signed-in people, checks their signatures, and returns them.
func (t *target) freshTokens(c webClient, n int) ([]tokens, error) {
	if n > len(t.browsers) {
		return nil, errors.New("there are more connections than signed-in people")
	}
	all := make([]tokens, n)
	connection := t.connect()
	for i, b := range slices.All(t.browsers[:n]) {
		got, err := b.on(connection).codeFlow(c, time.Now())
		if err != nil {
			return nil, err
		}
		if err := verify(got.IDToken, c.algorithm, t.keys); err != nil {
			return nil, err
		}
		all[i] = got
	}
	return all, nil
}
