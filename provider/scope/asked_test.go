package scope

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

// clientWith returns a client that is registered for scopes and for operator-defined claims.
func clientWith(scopes []string, claims ...string) *client.Client {
	return &client.Client{Metadata: client.Metadata{
		Scopes: scopes, Claims: claims, GrantTypes: []string{client.GrantCode, client.GrantRefresh},
	}}
}

func TestRead(t *testing.T) {
	c := clientWith([]string{"openid", "email", "offline_access", "orders:read"})
	for text, want := range map[string][]string{
		"openid": {"openid"}, " openid\temail  openid ": {"openid", "email"}, "orders:read": {"orders:read"}, "offline_access openid": {"offline_access", "openid"},
		"openid phone": {"openid"}, "roles OPENID email \"": {"email"},
	} {
		scopes, err := Read(text, c)
		require.NoError(t, err)
		require.Equal(t, want, scopes)
	}
	for _, text := range []string{"OPENID", "phone", "phone roles", "openid,email"} {
		_, err := Read(text, c)
		require.ErrorIs(t, err, ErrUnregistered, text)
	}
	_, err := Read("  ", c)
	require.ErrorIs(t, err, ErrNone)
	c.GrantTypes = []string{client.GrantCode}
	scopes, err := Read("openid offline_access", c)
	require.NoError(t, err)
	require.Equal(t, []string{"openid"}, scopes, "RFC 9700: refresh tokens are for clients that are registered for the grant")
	_, err = Read("offline_access", c)
	require.ErrorIs(t, err, ErrUnregistered)
	require.Equal(t, []string{"openid", "email"}, Kept([]string{"openid", "phone", "email"}, c))
}

func TestAsk(t *testing.T) {
	everything := Parameter{IDToken: map[string]Wish{}, UserInfo: map[string]Wish{}}
	for _, name := range append(Claims(Supported()), "team", "level", "unknown", "sub", "iss", "acr", "nonce", "email#de") {
		everything.IDToken[name], everything.UserInfo[name] = Wish{}, Wish{Essential: true}
	}
	for _, tc := range []struct {
		name            string
		client          *client.Client
		scopes          []string
		parameter       Parameter
		noUserInfo      bool
		idToken, byName []string
		agree           []string // claims that the person has to agree to
	}{
		{"nothing by name", clientWith([]string{"openid", "email"}), []string{"openid"}, Parameter{}, false, nil, nil, nil},
		{"registered for openid alone", clientWith([]string{"openid"}), []string{"openid"}, everything, false, nil, nil, nil},
		{
			"registered for the scope that includes them", clientWith([]string{"openid", "phone"}), []string{"openid"}, everything, false,
			[]string{"phone_number", "phone_number_verified"}, []string{"phone_number", "phone_number_verified"},
			[]string{"phone_number", "phone_number_verified"},
		},
		{
			"the scope is asked for, too", clientWith([]string{"openid", "phone"}), []string{"openid", "phone"}, everything, false,
			[]string{"phone_number", "phone_number_verified"}, []string{"phone_number", "phone_number_verified"}, nil,
		},
		{"no OpenID Connect request", clientWith([]string{"openid", "phone"}, "team"), []string{"phone"}, everything, false, nil, nil, nil},
		{"operator-defined", clientWith([]string{"openid"}, "team"), []string{"openid"}, Parameter{}, false, nil, []string{"team"}, []string{"team"}},
		{
			"operator-defined, in the ID token", clientWith([]string{"openid"}, "team", "level"), []string{"openid"},
			Parameter{IDToken: map[string]Wish{"team": {}}}, false, []string{"team"}, []string{"level", "team"}, []string{"level", "team"},
		},
		{"names of the protocol", clientWith([]string{"openid"}, "iss", "sub", "acr", "nonce", "Nonce"), []string{"openid"}, everything, false, nil, nil, nil},
		{"no access token", clientWith([]string{"openid", "address"}, "team"), []string{"openid"}, Parameter{
			UserInfo: map[string]Wish{"address": {}},
		}, true, []string{"team"}, nil, []string{"team"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			asked := Ask(tc.scopes, tc.parameter, tc.client, !tc.noUserInfo)
			require.Equal(t, tc.scopes, asked.Scopes)
			require.ElementsMatch(t, tc.idToken, asked.IDToken)
			require.ElementsMatch(t, tc.byName, asked.UserInfo)
			require.True(t, slices.IsSorted(asked.IDToken) && slices.IsSorted(asked.UserInfo))
			require.ElementsMatch(t, tc.agree, asked.Access().Claims)
			require.EqualValues(t, tc.scopes, asked.Access().Scopes)
		})
	}
}

func TestCovers(t *testing.T) {
	granted := storage.Access{Scopes: storage.Strings{"openid", "email"}, Claims: storage.Strings{"birthdate", "team"}}
	for _, tc := range []struct {
		scopes, claims []string
		want           bool
	}{
		{nil, nil, true},
		{[]string{"openid"}, nil, true},
		{[]string{"email", "openid"}, []string{"team", "birthdate"}, true},
		{[]string{"openid"}, []string{"email", "email_verified"}, true},
		{[]string{"openid"}, []string{"phone_number"}, false},
		{[]string{"openid", "profile"}, nil, false},
		{[]string{"birthdate"}, nil, false},
		{nil, []string{"openid"}, false},
		{nil, []string{"level"}, false},
	} {
		require.Equal(t, tc.want, Covers(granted, storage.Access{Scopes: tc.scopes, Claims: tc.claims}), "%v %v", tc.scopes, tc.claims)
	}
	require.False(t, Covers(storage.Access{Claims: Claims(Supported())}, storage.Access{Scopes: storage.Strings{"profile"}}),
		"a scope may later include more than the claims that were agreed to by name")
}

func TestReleased(t *testing.T) {
	c := clientWith([]string{"openid", "email", "address"}, "team", "iss")
	require.Equal(t, []string{"email", "email_verified"}, Released(c, []string{"openid", "email"}, nil))
	require.Equal(t, []string{"address", "email", "email_verified", "team"}, Released(c, []string{"email"}, []string{"team", "address", "email"}))
	require.Empty(t, Released(c, []string{"phone", "groups"}, []string{"phone_number", "level", "iss", "sub"}), "the client is no longer registered for them")
}
