package token

import (
	"encoding/json"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

const (
	logoutEvent     = "http://schemas.openid.net/event/backchannel-logout"
	logoutTokenLife = 2 * time.Minute // as OIDC Back-Channel Logout section 2.4 recommends
)

// LogoutToken returns a logout token, which says that the session of a user at a client has ended (OIDC Back-Channel Logout section 2.4). It names
// the session and the user. It must not contain a nonce, so that it cannot pass for an ID token. Errors: [keys.ErrNoKey].
func (i *Issuer) LogoutToken(c *client.Client, userID, sessionID string, now time.Time) (string, error) {
	text, err := json.Marshal(map[string]any{
		"iss": i.issuer, "sub": i.Subject(c, userID), "aud": c.ID, "iat": now.Unix(), "exp": now.Add(logoutTokenLife).Unix(),
		"jti": storage.NewID(), "events": map[string]struct{}{logoutEvent: {}}, "sid": i.SID(c, sessionID),
	})
	if err != nil {
		return "", err
	}
	alg := c.IDTokenAlg
	if alg == client.AlgNone { // section 2.6 forbids it here
		alg = "RS256"
	}
	return i.keys.Sign(alg, logoutTokenType, text, now)
}
