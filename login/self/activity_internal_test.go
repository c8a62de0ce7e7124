package self

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

func TestEveryEventIsPutIntoWords(t *testing.T) {
	pages, err := templates.New(templates.Config{})
	require.NoError(t, err)
	said := map[string]audit.Name{}
	for _, name := range audit.Names() {
		words := pages.English(eventText(name))
		require.NotEqual(t, eventText(name).Key, words, "%s has no words in translations/en/event.json", name)
		require.Empty(t, said[words], "%s has the same words as %s", name, said[words])
		said[words] = name
	}
}
