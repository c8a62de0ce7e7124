package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDocumentMustStayTheSame(t *testing.T) {
	n := 0
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if n++; n > 2 {
			w.Write([]byte(`{"issuer":"http://other"}`))
			return
		}
		w.Write([]byte(`{"issuer":"` + testIssuer + `","jwks_uri":"` + testIssuer + `/.well-known/jwks.json"}`))
	})
	steps, err := document(discoveryPath, checkDiscovery)(&target{address: c.address, issuer: testIssuer}, 2)
	require.NoError(t, err)
	require.Len(t, steps, 2)
	require.NoError(t, steps[0](t.Context()))
	require.ErrorContains(t, steps[1](t.Context()), "not the same as at first")
}

func TestChecksOfAnswers(t *testing.T) {
	discovery := func(a answer) error { return checkDiscovery(a, &target{issuer: testIssuer}) }
	jwks := func(a answer) error { return checkJWKS(a, nil) }
	introspected := func(a answer) error { return checkIntrospection(a, "c1") }
	claims := func(a answer) error { return checkUserinfo(a, "u1") }
	for _, c := range []struct {
		name  string
		check func(answer) error
		body  string
		right bool
	}{
		{"discovery of another issuer", discovery, `{"issuer":"http://x","jwks_uri":"` + testIssuer + jwksPath + `"}`, false},
		{"discovery without keys", discovery, `{"issuer":"` + testIssuer + `"}`, false},
		{"JWKS without keys", jwks, `{"keys":[]}`, false},
		{"active", introspected, `{"active":true,"client_id":"c1","sub":"u1"}`, true},
		{"inactive", introspected, `{"active":false}`, false},
		{"of another client", introspected, `{"active":true,"client_id":"c2","sub":"u1"}`, false},
		{"claims", claims, `{"sub":"u1","preferred_username":"bench000001","email":"bench000001@example.test"}`, true},
		{"claims of another person", claims, `{"sub":"u2","preferred_username":"bench000001","email":"bench000001@example.test"}`, false},
		{"claims without an address", claims, `{"sub":"u1","preferred_username":"bench000001"}`, false},
	} {
		err := c.check(jsonAnswer(http.StatusOK, c.body))
		require.Equal(t, c.right, err == nil, c.name)
		require.Error(t, c.check(jsonAnswer(http.StatusServiceUnavailable, c.body)), c.name)
	}
}

func TestScenarioNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range scenarioNames() {
		require.False(t, seen[name], name)
		seen[name] = true
	}
	require.Len(t, seen, 11)
}
