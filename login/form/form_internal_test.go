package form

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

func TestPublic(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
	}{
		{fmt.Errorf("hash: %w", account.ErrBusy), http.StatusServiceUnavailable},
		{fmt.Errorf("read: %w", storage.ErrUnavailable), http.StatusServiceUnavailable},
		{errors.New("secret details"), 0},
	} {
		status, title, message := Public(test.err)
		require.Equal(t, test.status, status)
		require.NotContains(t, title.Key+message.Key, "secret")
	}
}

func TestClockMessage(t *testing.T) {
	pages, err := templates.New(templates.Config{})
	require.NoError(t, err)
	for offset, want := range map[time.Duration]string{
		-30 * time.Second: "about 30 seconds behind.", 90 * time.Second: "about 90 seconds ahead.",
		150 * time.Second: "about 3 minutes ahead.", -10 * time.Minute: "about 10 minutes behind.",
	} {
		require.Contains(t, pages.English(clockMessage(offset)), want)
	}
}
