package logout

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
)

// SessionState returns the session_state of an authentication response (OIDC Session Management section 3): a salted hash over the state of the
// browser. The check session frame computes it again, with the state of that moment, when a page of the client asks. It is empty for a
// client whose redirect URI has no web origin, since only pages can ask.
func (e *Endpoints) SessionState(c *gin.Context, clientID, redirectURI string, signedIn bool) string {
	origin := client.Origin(redirectURI)
	if origin == "" {
		return ""
	}
	state, salt := e.cfg.SignIns.State(c.Writer, c.Request, signedIn), rand.Text()
	sum := sha256.Sum256([]byte(strings.Join([]string{clientID, origin, state, salt}, " ")))
	return hex.EncodeToString(sum[:]) + "." + salt
}
