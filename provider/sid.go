package provider

import (
	"encoding/base64"

	"github.com/postern-id/postern/provider/client"
)

// sidPurpose separates the session ids of clients from whatever else is hashed under the same key.
const sidPurpose = "session at a client"

// sid returns the name by which a client knows a session, in ID tokens, logout tokens and frames (OIDC Front-Channel Logout section 3). Each
// client gets another name, so that clients cannot find out by it that two pairwise subjects are one person.
func (p *Provider) sid(c *client.Client, sessionID string) string {
	return base64.RawURLEncoding.EncodeToString(p.store.MAC(sidPurpose, c.ID, sessionID))
}
