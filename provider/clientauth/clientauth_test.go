package clientauth

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

const issuer = "https://id.example.test"

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// claimsOf returns the claims of a valid assertion of a client, made at noon.
func claimsOf(id string) map[string]any {
	return map[string]any{
		"iss": id, "sub": id, "aud": issuer, "exp": noon.Add(time.Minute).Unix(), "iat": noon.Unix(), "nbf": noon.Unix(), "jti": "the jti",
	}
}

func basicText(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }

// An unknown client takes as long as a wrong secret of a known one, so that the time does not reveal which ids are registered.
func TestUnknownClientTakesTheSameTime(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		now, store := time.Now(), open()
		clients := client.New(client.Config{Store: store, Audit: audit.New(store)})
		m := client.Defaults(client.Web)
		m.Name, m.RedirectURIs = "App", []string{"https://app.example.test/cb"}
		registered, _, err := clients.Add(t.Context(), client.Registration{Metadata: m}, audit.Operator(), now)
		require.NoError(t, err)
		a := New(Config{Issuer: issuer, JTIs: store.JTIs, Clients: clients})
		wrong := credentials{clientID: "x", secret: "wrong", method: client.AuthBasic}
		known := testing.AllocsPerRun(50, func() { require.False(t, clients.Authenticate(registered, wrong.secret, now)) })
		unknown := testing.AllocsPerRun(50, func() {
			refusal, err := a.check(context.Background(), nil, wrong, now)
			if refusal == nil || err != nil {
				panic("the unknown client authenticated")
			}
		})
		require.Greater(t, known, 3.0, "the keyed hash is part of it")
		require.GreaterOrEqual(t, unknown, known)
	})
}

func TestLongestClientAssertion(t *testing.T) {
	key := jwttest.Keys()["EdDSA"]
	for length, want := range map[int]bool{8 << 10: true, 13 << 10: false} { // a third more when encoded
		claims := claimsOf("app")
		claims["x"] = strings.Repeat("x", length)
		_, ok := readAssertion(jwttest.Sign(t, "EdDSA", key, "", claims))
		require.Equal(t, want, ok)
	}
}

// The credentials read from a Basic header are the same after being encoded and read again.
func FuzzBasic(f *testing.F) {
	for _, text := range []string{
		basicText("id:secret"), basicText("id:"), basicText(":secret"), basicText("id"), basicText("a%3Ab:c%2Bd+e"), "Basic", "Basic !!!", "basic  eDp5", "Bearer x",
		basicText("id\xff:\x00"), basicText("%:%"), "Basic eDp5\n", "Basic eDp5=",
	} {
		f.Add(text)
	}
	registry := client.New(client.Config{Store: storagetest.Open(f)})
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, ok := decodeBasic(header)
		if !ok {
			return
		}
		require.NotEmpty(t, id)
		againID, againSecret, ok := decodeBasic(basicText(url.QueryEscape(id) + ":" + url.QueryEscape(secret)))
		require.True(t, ok)
		require.Equal(t, [2]string{id, secret}, [2]string{againID, againSecret})
		_, err := registry.Client(t.Context(), id)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}
