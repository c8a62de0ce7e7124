package client_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// lastEvent returns the latest audit entry, which must be the only one of that time.
func lastEvent(t *testing.T, s *storage.Store, at time.Time) map[string]any {
	t.Helper()
	events, err := s.Events.List(t.Context(), storage.EventQuery{Since: at, Limit: 10})
	require.NoError(t, err)
	require.Len(t, events, 1)
	var body map[string]any
	require.NoError(t, json.Unmarshal([]byte(events[0].Body), &body))
	return body
}

func countEvents(t *testing.T, s *storage.Store) int {
	t.Helper()
	events, err := s.Events.List(t.Context(), storage.EventQuery{Limit: 100})
	require.NoError(t, err)
	return len(events)
}

// A change is not made without its audit entry, and no entry contains a secret.
func TestChangesAndTheirAuditEntriesAreOne(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		s := db.Open(t)
		r := registryOn(s)
		c, secret := added(t, r, valid(client.Web))
		rename := func(statement string) { _, err := db.SQL(t).Exec(statement); require.NoError(t, err) }
		rename(`ALTER TABLE audit_events RENAME TO audit_gone`)

		m := c.Metadata
		m.Name = "Other"
		_, _, err := r.Update(t.Context(), "app", c.Version, m, operator, now)
		require.Error(t, err)
		_, _, err = r.Add(t.Context(), client.Registration{ID: "b", Metadata: valid(client.Web)}, operator, now)
		require.Error(t, err)
		_, err = r.RotateSecret(t.Context(), "app", 0, operator, now)
		require.Error(t, err)
		require.Error(t, r.Disable(t.Context(), "app", operator, now))
		require.Error(t, r.Remove(t.Context(), "app", operator, now))

		rename(`ALTER TABLE audit_gone RENAME TO audit_events`)
		require.Equal(t, c, found(t, r, "app"))
		_, err = r.Client(t.Context(), "b")
		require.ErrorIs(t, err, storage.ErrNotFound)

		second, err := r.RotateSecret(t.Context(), "app", time.Hour, operator, now)
		require.NoError(t, err)
		events, err := s.Events.List(t.Context(), storage.EventQuery{Limit: 10})
		require.NoError(t, err)
		require.Len(t, events, 2)
		for _, event := range events {
			require.NotContains(t, event.Body, secret)
			require.NotContains(t, event.Body, second)
		}
	})
}

func TestEveryChangedFieldIsNamed(t *testing.T) {
	s := storagetest.Open(t)
	r := registryOn(s)
	c, _ := added(t, r, valid(client.Web))
	m := client.Metadata{
		Name: "Other", Type: client.Native, RedirectURIs: []string{"com.example.app:/cb"}, PostLogoutRedirectURIs: []string{"com.example.app:/bye"},
		GrantTypes: []string{client.GrantCode}, ResponseTypes: []string{"code"}, Scopes: client.Scopes{"openid"}, AuthMethod: client.AuthNone,
		JWKS: jwks(publicJWK(p256(), "1")), IDTokenAlg: "ES256", PKCERequired: true, Consent: client.ConsentSkip,
		AccessTokenFormat: client.TokenJWT, Audience: []string{"api"}, ClientURI: "https://a.example", LogoURI: "https://b.example",
		PolicyURI: "https://c.example", TOSURI: "https://d.example", Contacts: []string{"eve@example.test"}, InitiateLoginURI: "https://e.example",
		SubjectType: client.SubjectPublic,
	}
	_, _, err := r.Update(t.Context(), "app", c.Version, m, audit.Operator(), now.Add(time.Second))
	require.NoError(t, err)
	event := lastEvent(t, s, now.Add(time.Second))
	require.Equal(t, "client.changed", event["name"])
	require.Equal(t, []string{
		"access_token_format", "audience", "client_name", "client_type", "client_uri", "consent", "contacts", "grant_types",
		"id_token_signed_response_alg", "initiate_login_uri", "jwks", "logo_uri", "policy_uri", "post_logout_redirect_uris", "redirect_uris",
		"require_pkce", "scope", "token_endpoint_auth_method", "tos_uri",
	}, slices.Sorted(maps.Keys(event["detail"].(map[string]any))))
	for _, value := range event["detail"].(map[string]any) {
		require.Equal(t, "changed", value)
	}
}
