package login_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

// Whoever types the address of the service gets to their account, by the sign-in if need be.
func TestAddressOfTheServiceLeadsToTheAccount(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		require.Equal(t, "/login", b.open("/").address.Path)
		states["complete"](w, b)
		require.Equal(t, "/account", b.open("/").address.Path)
	})
	inWorld(t, func(t *testing.T, w *world) {
		router := gin.New()
		w.loginAt(t, "/id").Mount(router.Group("/id"))
		for _, address := range []string{"/id", "/id/"} {
			answer := httptest.NewRecorder()
			router.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, address, nil))
			require.Equal(t, http.StatusSeeOther, answer.Code)
			require.Equal(t, "/id/account", answer.Header().Get("Location"))
		}
	})
}
