package token

import (
	"encoding/json"
	"fmt"

	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage"
)

// Grant is a grant with its user and its parsed detail, from which tokens are made.
type Grant struct {
	storage.GrantState
	Detail Detail
}

// Detail holds what later tokens need from the authorization request. It is stored with the grant.
type Detail struct {
	RedirectURI string   `json:"redirect_uri"`
	Challenge   string   `json:"challenge,omitempty"`
	Nonce       string   `json:"nonce,omitempty"`
	ACR         string   `json:"acr"`
	AMR         []string `json:"amr"`
	// Named holds the claims asked for beside those of the scopes. Old grants, for which people were not asked about them, have them in another
	// member, which is not read any more.
	Named scope.Named `json:"named_claims"`
	// JKT is the thumbprint of the key that must prove possession to redeem the code (RFC 9449 section 10). If it is empty, no proof is needed.
	JKT string `json:"dpop_jkt,omitempty"`
}

// ReadGrant parses the detail of a stored grant. An error says that the detail is not valid JSON.
func ReadGrant(state storage.GrantState) (Grant, error) {
	g := Grant{GrantState: state}
	if err := json.Unmarshal(state.Detail, &g.Detail); err != nil {
		return g, fmt.Errorf("read the detail of grant %s: %w", state.ID, err)
	}
	return g, nil
}
