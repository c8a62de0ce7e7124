package provider

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// jwt is a compact JWS of two objects; sign makes the signature of the part before it, nil: there is none.
func jwt(t testing.TB, header, claims map[string]any, sign func(string) []byte) string {
	t.Helper()
	encode := func(value any) string {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := encode(header) + "." + encode(claims)
	if sign == nil {
		return signed + "."
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(sign(signed))
}

// takeApart returns the header and the claims of a JWS without checking it.
func takeApart(t testing.TB, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, into))
	}
	return header, claims
}

// headerOf returns the header of a JWS.
func headerOf(t testing.TB, token any) map[string]any {
	t.Helper()
	header, _ := takeApart(t, token.(string))
	return header
}
