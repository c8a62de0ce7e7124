package provider

import (
	"encoding/base64"

	"github.com/postern-id/postern/provider/client"
)

// subjectPurpose separates pairwise subjects from whatever else is hashed under the same key.
const subjectPurpose = "pairwise subject"

// subject returns the name by which a client knows a user: the user's id, or for pairwise subjects one that every sector knows another of
// (OIDC Core section 8.1). Nobody without the keyset can tell that two of them are one person.
func (p *Provider) subject(c *client.Client, userID string) string {
	if c.SubjectType != client.SubjectPairwise {
		return userID
	}
	return base64.RawURLEncoding.EncodeToString(p.store.MAC(subjectPurpose, c.Sector(), userID))
}
