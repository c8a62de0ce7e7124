package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// clientCredentials requests access tokens for a service (RFC 6749 section 4.4).
func clientCredentials(t *target, connections int) ([]step, error) {
	ask := request{
		method: http.MethodPost, target: tokenPath, header: []string{t.service.basic()}, form: "grant_type=client_credentials",
	}
	return each(t, connections, func(c *connection, _ int) step {
		return func(context.Context) error {
			a, err := c.do(ask)
			if err != nil {
				return err
			}
			_, err = accessTokens(a)
			return err
		}
	}), nil
}

// introspection requests the state of access tokens (RFC 7662), on each connection that of another person's.
func introspection(t *target, connections int) ([]step, error) {
	all, err := t.freshTokens(t.es256, connections)
	if err != nil {
		return nil, err
	}
	return each(t, connections, func(c *connection, i int) step {
		ask := request{
			method: http.MethodPost, target: introspectPath, header: []string{t.es256.basic()},
			form: "token=" + url.QueryEscape(all[i].AccessToken),
		}
		return func(context.Context) error {
			a, err := c.do(ask)
			if err != nil {
				return err
			}
			return checkIntrospection(a, t.es256.id)
		}
	}), nil
}

func checkIntrospection(a answer, clientID string) error {
	var token struct {
		Active   bool   `json:"active"`
		ClientID string `json:"client_id"`
		Subject  string `json:"sub"`
	}
	if err := decode(a, &token); err != nil {
		return err
	}
	if !token.Active || token.ClientID != clientID || token.Subject == "" {
		return errors.New("the token is not active, or has another client or no subject")
	}
	return nil
}

// userinfo requests claims (OIDC Core section 5.3), on each connection those of another person.
func userinfo(t *target, connections int) ([]step, error) {
	all, err := t.freshTokens(t.es256, connections)
	if err != nil {
		return nil, err
	}
	subjects := make([]string, connections)
	for i, granted := range all {
		_, claims, err := openIDToken(granted.IDToken)
		if err != nil {
			return nil, err
		}
		subjects[i] = claims.Subject
	}
	return each(t, connections, func(c *connection, i int) step {
		ask := request{method: http.MethodGet, target: userinfoPath, header: []string{"Authorization: Bearer " + all[i].AccessToken}}
		return func(context.Context) error {
			a, err := c.do(ask)
			if err != nil {
				return err
			}
			return checkUserinfo(a, subjects[i])
		}
	}), nil
}

func checkUserinfo(a answer, subject string) error {
	var claims struct {
		Subject  string `json:"sub"`
		Email    string `json:"email"`
		Username string `json:"preferred_username"`
	}
	if err := decode(a, &claims); err != nil {
		return err
	}
	if claims.Subject != subject || claims.Email != claims.Username+"@example.test" {
		return errors.New("the claims are another person's, or incomplete")
	}
	return nil
}
