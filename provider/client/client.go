package client

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/postern-id/postern/storage"
)

// Client is a registered client, parsed. Requests share it, so it must not be changed.
type Client struct {
	ID string
	Metadata
	// Keys is the parsed JWKS; nil if there is no JWKS.
	Keys *jose.JSONWebKeySet
	// Origins are the web origins that may call the token, revocation and UserInfo endpoints: those of a browser app's redirect URIs.
	Origins   []string
	Disabled  bool
	Version   int64 // incremented by every change
	CreatedAt time.Time
	UpdatedAt time.Time
	// OldSecretUntil is when the previous secret ceases to be accepted; zero: there is no previous secret.
	OldSecretUntil time.Time
	// SelfRegistered says that the client registered itself (RFC 7591), in place of an operator.
	SelfRegistered bool
	// InitialTokenID is the ID of the initial access token with which the client registered itself; empty: it used no token.
	InitialTokenID string

	secretMAC, oldSecretMAC []byte
}

// Vouched reports whether an operator stands behind the client: by registering it, by handing out the initial access token with which it registered
// itself, or by not asking people for their consent. Browsers go to the pages of any other client only when the person clicks (RFC 9700 section
// 4.11.2).
func (c *Client) Vouched() bool {
	return !c.SelfRegistered || c.InitialTokenID != "" || c.Consent == ConsentSkip
}

// SendsRequestObjects reports whether the client may send request objects. A client that registered itself may send them by default, with any
// algorithm (OIDC Registration section 2, request_object_signing_alg).
func (c *Client) SendsRequestObjects() bool {
	return c.RequestObjectAlg != "" || c.RequireSignedRequestObject || len(c.RequestURIs) > 0 || c.SelfRegistered
}

// fromRow parses a stored client. It enforces the rules for all clients even if the row violates them.
func fromRow(row storage.Client) (*Client, error) {
	c := &Client{
		ID: row.ID, Disabled: !row.DisabledAt.IsZero(), Version: row.Version, CreatedAt: row.CreatedAt.Time, UpdatedAt: row.UpdatedAt.Time,
		OldSecretUntil: row.OldSecretUntil.Time, SelfRegistered: row.RegistrationHash != nil, InitialTokenID: row.InitialTokenID,
		secretMAC: row.SecretMAC, oldSecretMAC: row.OldSecretMAC,
	}
	if err := json.Unmarshal(row.Metadata, &c.Metadata); err != nil {
		return nil, fmt.Errorf("client %s: read its metadata: %w", row.ID, err)
	}
	c.Metadata = c.Metadata.normal()
	c.PKCERequired = c.PKCERequired || c.Public()
	if len(c.JWKS) > 0 {
		keys, err := parseJWKS(c.JWKS)
		if err != nil {
			return nil, fmt.Errorf("client %s: its key set %w", row.ID, err)
		}
		c.Keys = keys
	}
	if c.Type == SPA {
		for _, uri := range c.RedirectURIs {
			if origin := Origin(uri); origin != "" && !slices.Contains(c.Origins, origin) {
				c.Origins = append(c.Origins, origin)
			}
		}
	}
	return c, nil
}
