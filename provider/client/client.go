package client

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/postern-id/postern/storage"
)

// Client is a registered client, parsed. It is shared between requests: nobody may change it.
type Client struct {
	ID string
	Metadata
	// Keys is JWKS parsed; nil: the client has none.
	Keys *jose.JSONWebKeySet
	// Origins may call the token, revocation and userinfo endpoints from a browser: those of a spa's redirect URIs.
	Origins   []string
	Disabled  bool
	Version   int64 // rises with every change
	CreatedAt time.Time
	UpdatedAt time.Time
	// OldSecretUntil is how long the secret before the last is accepted; zero: there is none.
	OldSecretUntil time.Time
	// SelfRegistered says that no operator registered the client: it did so itself (RFC 7591).
	SelfRegistered bool
	// InitialTokenID names the initial access token with which the client registered itself; empty: none.
	InitialTokenID string

	secretMAC, oldSecretMAC []byte
}

// Vouched reports whether an operator stands behind the client: by registering it, by handing out the initial access token with which it
// registered itself, or by not asking people for their consent. Browsers are sent on to the pages of other clients only by the person's own
// click (RFC 9700 section 4.11.2).
func (c *Client) Vouched() bool {
	return !c.SelfRegistered || c.InitialTokenID != "" || c.Consent == ConsentSkip
}

// SendsRequestObjects reports whether the client may send request objects. A client that registers itself may by default: without
// request_object_signing_alg it may use any algorithm (OIDC Registration section 2).
func (c *Client) SendsRequestObjects() bool {
	return c.RequestObjectAlg != "" || c.RequireSignedRequestObject || len(c.RequestURIs) > 0 || c.SelfRegistered
}

// fromRow parses a stored client. What must hold for every client holds for the result even if the row says otherwise.
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
