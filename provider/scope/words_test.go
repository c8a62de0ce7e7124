package scope

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

func TestWords(t *testing.T) {
	pages, err := templates.New(templates.Config{})
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		scopes, claims []string
		want           []string
	}{
		"scopes": {
			[]string{"offline_access", "email", "profile", "openid"}, nil,
			[]string{
				"Know who you are", "See your name and profile: Ada Example", "See your e-mail address: ada@example.test", "Keep this access while you are away",
			},
		},
		"an operator-defined scope": {[]string{"openid", "orders:read"}, nil, []string{"Know who you are", "Use the permission “orders:read”"}},
		"claims": {
			[]string{"openid"}, []string{"birthdate", "phone_number", "groups"},
			[]string{"Know who you are", "See your date of birth", "See your phone number", "See which groups you belong to"},
		},
		"claims that are one thing to a person": {
			nil, []string{"given_name", "family_name", "email", "email_verified", "profile", "website"},
			[]string{"See your name: Ada Example", "See the addresses of your web pages", "See your e-mail address: ada@example.test"},
		},
		"part of a thing": {
			nil, []string{"email_verified", "phone_number_verified"},
			[]string{"See whether your e-mail address is confirmed", "See whether your phone number is confirmed"},
		},
		"all claims of a scope": {nil, Claims([]string{"profile"}), []string{"See your name and profile: Ada Example"}},
		"claims of a scope that is there": {
			[]string{"phone"}, []string{"phone_number"}, []string{"See your phone number"},
		},
		"operator-defined claims": {
			[]string{"openid"}, []string{"level", "sites", "team", "unset"},
			[]string{
				"Know who you are", "See the entry “level” of your account: 3", "See the entry “sites” of your account: north, south",
				"See the entry “team” of your account: harbour", "See the entry “unset” of your account",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			access := storage.Access{Scopes: tc.scopes, Claims: tc.claims}
			var said []string
			for _, s := range Words(access, person()) {
				text := pages.English(s.Words)
				if s.Value != "" {
					text += ": " + s.Value
				}
				said = append(said, text)
			}
			require.Equal(t, tc.want, said)
			for _, s := range Words(access, storage.User{}) {
				require.Empty(t, s.Value)
			}
		})
	}
	for _, name := range Claims(Supported()) {
		said := Words(storage.Access{Claims: storage.Strings{name}}, storage.User{})
		require.Len(t, said, 1, "%s has no words of its own", name)
		require.NotContains(t, pages.English(said[0].Words), "scope.", name)
	}
}
