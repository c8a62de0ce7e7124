package scope

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An accepted claims parameter is an object that is not nested too deeply, and asks only for claims that the client is registered for, each once.
func FuzzClaims(f *testing.F) {
	for _, text := range []string{
		"", "{}", `{"userinfo":{"email":null}}`, `{"id_token":{"acr":{"essential":true,"values":["x"]},"sub":{"value":"a"}}}`, `{"a":1,"a":2}`, "[]", "null",
		strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20), `{"userinfo":{"email":{"value":1e999}}}`, `{} {}`, "\ufeff{}", `{"USERINFO":{"email":null}}`,
	} {
		f.Add(text)
	}
	c := clientWith([]string{"openid", "profile", "email", "groups"}, "team", "iss")
	known := append(Claims(c.Scopes), "team")
	f.Fuzz(func(t *testing.T, text string) {
		parameter, err := ParseParameter(text)
		if err != nil {
			return
		}
		asked := Ask([]string{OpenID}, parameter, c, true)
		for _, list := range [][]string{asked.IDToken, asked.UserInfo} {
			require.Subset(t, known, list)
			require.Len(t, slices.Compact(slices.Clone(list)), len(list))
			for _, reserved := range []string{"iss", "sub", "aud", "exp", "iat", "nonce", "acr", "amr", "sid", "auth_time", "at_hash"} {
				require.NotContains(t, list, reserved)
			}
		}
		if text == "" {
			return
		}
		var object map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &object))
		require.LessOrEqual(t, depthOf(object), 6)
	})
}

func depthOf(value any) int {
	deepest := 0
	switch v := value.(type) {
	case map[string]any:
		for _, inner := range v {
			deepest = max(deepest, depthOf(inner))
		}
	case []any:
		for _, inner := range v {
			deepest = max(deepest, depthOf(inner))
		}
	default:
		return 0
	}
	return deepest + 1
}
