package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/ory/fosite"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

func TestErrorsBecomeRefusals(t *testing.T) {
	outage := fmt.Errorf("%w: dial tcp 10.0.0.7:5432", storage.ErrUnavailable)
	for name, tc := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"an outage":                        {outage, http.StatusServiceUnavailable, oauth.TemporarilyUnavailable},
		"an outage behind the engine":      {fosite.ErrInvalidClient.WithWrap(outage), http.StatusServiceUnavailable, oauth.TemporarilyUnavailable},
		"an outage beside another error":   {errors.Join(fosite.ErrInvalidGrant, outage), http.StatusServiceUnavailable, oauth.TemporarilyUnavailable},
		"our own time limit":               {fmt.Errorf("read: %w", context.DeadlineExceeded), http.StatusServiceUnavailable, oauth.TemporarilyUnavailable},
		"a client":                         {oauth.Refuse(oauth.ClientSecret), http.StatusUnauthorized, oauth.InvalidClient},
		"the engine's client":              {fosite.ErrInvalidClient, http.StatusUnauthorized, oauth.InvalidClient},
		"a grant":                          {fosite.ErrInvalidGrant.WithHint("pst_ac_secret"), http.StatusBadRequest, oauth.InvalidGrant},
		"a scope":                          {fosite.ErrScopeNotGranted, http.StatusBadRequest, oauth.InvalidScope},
		"a fault of the engine":            {fosite.ErrServerError, http.StatusInternalServerError, oauth.ServerError},
		"a code that no specification has": {fosite.ErrInvalidState, http.StatusInternalServerError, oauth.ServerError},
		"anything else":                    {errors.New("pq: column swordfish does not exist"), http.StatusInternalServerError, oauth.ServerError},
	} {
		t.Run(name, func(t *testing.T) {
			answer := oauth.RefusalOf(fromFosite(tc.err))
			require.Equal(t, tc.status, answer.Status)
			require.Equal(t, tc.code, answer.Code)
			for _, inner := range []string{"10.0.0.7", "pst_ac_", "swordfish"} {
				require.NotContains(t, answer.Description, inner)
			}
		})
	}
}
