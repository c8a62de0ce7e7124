package provider

import (
	"encoding/json"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

const (
	logoutEvent     = "http://schemas.openid.net/event/backchannel-logout"
	logoutTokenLife = 2 * time.Minute // as section 2.4 recommends
)

// logoutToken signs that the session of a visit has ended. It names session and person; nonce must not be there, so that it can never be
// taken for an ID token.
func (p *Provider) logoutToken(c *client.Client, v storage.Visit, now time.Time) (string, error) {
	text, err := json.Marshal(map[string]any{
		"iss": p.cfg.Issuer, "sub": p.subject(c, v.UserID), "aud": c.ID, "iat": now.Unix(), "exp": now.Add(logoutTokenLife).Unix(),
		"jti": storage.NewID(), "events": map[string]struct{}{logoutEvent: {}}, "sid": p.sid(c, v.SID),
	})
	if err != nil {
		return "", err
	}
	alg := c.IDTokenAlg
	if alg == client.AlgNone { // section 2.6 forbids it here
		alg = "RS256"
	}
	return p.keys.Sign(alg, logoutTokenType, text, now)
}
