package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// refresh exchanges refresh tokens (OIDC Core section 12). Each connection uses the one that it got last.
func refresh(of func(*target) webClient) func(*target, int) ([]step, error) {
	return func(t *target, connections int) ([]step, error) {
		client := of(t)
		all, err := t.freshTokens(client, connections)
		if err != nil {
			return nil, err
		}
		return each(t, connections, func(c *connection, i int) step {
			present := all[i].RefreshToken
			return func(context.Context) error {
				a, err := c.do(request{
					method: http.MethodPost, target: tokenPath, header: []string{client.basic()},
					form: "grant_type=refresh_token&refresh_token=" + url.QueryEscape(present),
				})
				if err != nil {
					return err
				}
				got, err := userTokens(a, t.issuer, client, "", time.Now())
				if err != nil {
					return err
				}
				if got.RefreshToken == present {
					return errors.New("the refresh token was not rotated")
				}
				present = got.RefreshToken
				return nil
			}
		}), nil
	}
}

// codeFlow signs in to an app in a browser that is signed in already, with an authorization request and a token request.
func codeFlow(of func(*target) webClient) func(*target, int) ([]step, error) {
	return func(t *target, connections int) ([]step, error) {
		client := of(t)
		if _, err := t.freshTokens(client, connections); err != nil { // checks that all sessions are alive and the signatures are right
			return nil, err
		}
		return each(t, connections, func(c *connection, i int) step {
			b := t.browsers[i].on(c)
			return func(context.Context) error {
				_, err := b.codeFlow(client, time.Now())
				return err
			}
		}), nil
	}
}

// signIn makes complete sign-ins, each in a new browser.
func signIn(t *target, connections int) ([]step, error) {
	return each(t, connections, func(c *connection, _ int) step {
		return func(context.Context) error {
			_, err := newBrowser(t, c).signIn(t.es256, time.Now)
			return err
		}
	}), nil
}
