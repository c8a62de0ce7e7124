package scope

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

// person returns a user with a value for every standard claim and for some operator-defined ones.
func person() storage.User {
	return storage.User{
		Email: "ada@example.test", Username: "ada", Groups: storage.Strings{"staff"}, UpdatedAt: storage.At(time.Unix(1_700_000_000, 0)),
		Claims: storage.Claims{
			"name": "Ada Example", "given_name": "Ada", "family_name": "Example", "middle_name": "M", "nickname": "ada",
			"profile": "https://ada.example.test", "picture": "https://ada.example.test/p.png", "website": "https://example.test",
			"gender": "female", "birthdate": "1990-01-31", "zoneinfo": "Europe/Berlin", "locale": "en-GB",
			"phone_number": "+4912345", "phone_number_verified": true, "address": map[string]any{"locality": "Town", "region": ""},
			"team": "harbour", "sites": []any{"north", "south"}, "level": 3.0,
		},
	}
}

// The registry has every standard claim once, and no operator-defined attribute can have the name of one.
func TestRegistry(t *testing.T) {
	require.Equal(t, client.StandardScopes(), Supported())
	names := Claims(Supported())
	require.Len(t, names, 20, "the claims of OIDC Core section 5.1 but sub, and groups")
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names))
	values := Values(person(), names, time.Now())
	for _, name := range names {
		require.Contains(t, values, name)
		require.False(t, client.OwnClaim(name), name)
	}
	require.Equal(t, map[string]any{"locality": "Town"}, values["address"])
	require.Empty(t, Claims([]string{"orders:read", "EMAIL", "openid"}))
}

// OIDC Core section 5.3.2: claims without a value are left out.
func TestValuesThatAreNotKnown(t *testing.T) {
	require.Equal(t, []string{"email_verified", "groups", "updated_at"}, slices.Sorted(func(yield func(string) bool) {
		for name := range Values(storage.User{Claims: storage.Claims{
			"name": "", "nickname": nil, "address": map[string]any{"region": "", "country": nil}, "team": []any{}, "site": map[string]any{},
		}}, append(Claims(Supported()), "team", "site"), time.Now()) {
			if !yield(name) {
				return
			}
		}
	}))
	require.Equal(t, []string{}, Values(storage.User{}, []string{"groups"}, time.Now())["groups"], "[] in JSON, never null")
}
