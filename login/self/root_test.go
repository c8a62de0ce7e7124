package self_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
)

// The URL of the service leads to the account, after a sign-in if necessary.
func TestIssuerURLLeadsToTheAccount(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		require.Equal(t, "/login", b.Open("/").Address.Path)
		w.Complete(b)
		require.Equal(t, "/account", b.Open("/").Address.Path)
	})
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		router := gin.New()
		w.MountAt(t, router.Group("/id"), "/id")
		for _, address := range []string{"/id", "/id/"} {
			answer := httptest.NewRecorder()
			router.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, address, nil))
			require.Equal(t, http.StatusSeeOther, answer.Code)
			require.Equal(t, "/id/account", answer.Header().Get("Location"))
		}
	})
}
