package templates

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
)

// Where there is a script, the strength of a new password is shown while it is typed.
func TestStrengthIsShownWhileTyping(t *testing.T) {
	server, _ := serveSamples(t)
	b := browsertest.Start(t, browsertest.Options{JavaScript: true})
	b.Open(server.URL + "/sample/invite?lang=en")
	require.NotContains(t, b.Text(), "Strength of the password")
	for password, strength := range map[string]string{
		"short": "very weak", "aaaaaaaaaaaaaaaa": "very weak", "password1": "very weak", "12345678": "very weak",
		"kT9x!mQ2vB": "strong", "violet anchors drift north": "strong", "seven quiet": "fair",
	} {
		b.Fill("New password", password)
		require.Contains(t, b.Text(), "Strength of the password: "+strength, password)
	}
	b.Screenshot("typed")
	violations, _ := b.Violations()
	require.Empty(t, violations)
	b.Fill("New password", "")
	require.NotContains(t, b.Text(), "Strength of the password")
}
