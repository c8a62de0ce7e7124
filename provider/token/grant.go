package token

import (
	"encoding/json"
	"fmt"

	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
)

// Grant is a grant as tokens are made of it: with its user, and with its detail read.
type Grant struct {
	storage.GrantState
	Detail Detail
}

// Detail is what later tokens need to know of the authorization request, kept with the grant.
type Detail struct {
	RedirectURI string   `json:"redirect_uri"`
	Challenge   string   `json:"challenge,omitempty"`
	Nonce       string   `json:"nonce,omitempty"`
	ACR         string   `json:"acr"`
	AMR         []string `json:"amr"`
	// Named are the claims beside those of the scopes. Grants from before people were asked about them have them in another member, which is
	// not read any more.
	Named scope.Named `json:"named_claims"`
	// JKT is the thumbprint of the only key whose proof redeems the code (RFC 9449 section 10). When it is empty, no proof is needed.
	JKT string `json:"dpop_jkt,omitempty"`
}

// ReadGrant reads the detail of a stored grant.
func ReadGrant(state storage.GrantState) (Grant, error) {
	g := Grant{GrantState: state}
	if err := json.Unmarshal(state.Detail, &g.Detail); err != nil {
		return g, fmt.Errorf("read the detail of grant %s: %w", state.ID, err)
	}
	return g, nil
}
