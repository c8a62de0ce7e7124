package token

import (
	"encoding/base64"

	"github.com/postern-id/postern/provider/client"
)

// Purposes separate pairwise subjects and the session IDs of clients from everything else that is hashed with the same key.
const (
	subjectPurpose = "pairwise subject"
	sidPurpose     = "session at a client"
)

// Subject returns the sub by which a client knows a user: the user's ID, or a pairwise subject, which differs in each sector (OIDC Core section 8.1).
// Only with the keyset can one find out that two pairwise subjects are the same person.
func (i *Issuer) Subject(c *client.Client, userID string) string {
	if c.SubjectType != client.SubjectPairwise {
		return userID
	}
	return base64.RawURLEncoding.EncodeToString(i.store.MAC(subjectPurpose, c.Sector(), userID))
}

// SID returns the sid by which a client knows a session, in ID tokens, logout tokens and frames (OIDC Front-Channel Logout section 3). It differs for
// each client, so that clients cannot find out by it that two pairwise subjects are the same person.
func (i *Issuer) SID(c *client.Client, sessionID string) string {
	return base64.RawURLEncoding.EncodeToString(i.store.MAC(sidPurpose, c.ID, sessionID))
}
