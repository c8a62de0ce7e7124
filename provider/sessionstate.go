package provider

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
)

// sessionState is what a client asks the check session frame about (OIDC Session Management section 3): a hash over the state of the
// browser, which that frame repeats with the state of the moment. Empty for a client whose pages have no web origin: only pages can ask.
func (p *Provider) sessionState(c *gin.Context, clientID, redirectURI string, signedIn bool) string {
	origin := client.Origin(redirectURI)
	if origin == "" {
		return ""
	}
	state, salt := p.signIns.State(c.Writer, c.Request, signedIn), rand.Text()
	sum := sha256.Sum256([]byte(strings.Join([]string{clientID, origin, state, salt}, " ")))
	return hex.EncodeToString(sum[:]) + "." + salt
}
