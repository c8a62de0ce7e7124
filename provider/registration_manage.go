package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// managed returns the client that a request to the client configuration endpoint is about, with its token. An unknown client, a wrong token
// and a client that an operator registered get the same answer (RFC 7592 section 2.1).
func (p *Provider) managed(c *gin.Context, now time.Time) (*client.Client, string, error) {
	token, err := bearerOf(c.Request)
	if err != nil {
		return nil, "", err
	}
	if token == "" {
		return nil, "", oauth.Refuse(oauth.TokenMissing)
	}
	found, err := p.clients.Managed(c.Request.Context(), c.Param("id"), token)
	if errors.Is(err, storage.ErrNotFound) {
		err = p.refusedToken(c.Request, now)
	}
	return found, token, err
}

// readClient shows a client what it has registered (RFC 7592 section 2.1).
func (p *Provider) readClient(c *gin.Context) error {
	found, token, err := p.managed(c, time.Now())
	if err != nil {
		return err
	}
	return p.showRegistration(c, http.StatusOK, client.SelfRegistered{Client: found, Token: token})
}

// updateClient replaces what a client has registered (RFC 7592 section 2.2).
func (p *Provider) updateClient(c *gin.Context) error {
	ctx, now := c.Request.Context(), time.Now()
	found, token, err := p.managed(c, now)
	if err != nil {
		return err
	}
	text, err := jsonBody(c.Writer, c.Request)
	if err != nil {
		return err
	}
	said, err := client.ReadRegistration(text, found)
	switch {
	case err != nil:
		return registrationFault(err)
	case said.ClientID != found.ID:
		return oauth.Refuse(oauth.RegistrationClientID)
	case said.ClientSecret != "" && !p.clients.Authenticate(found, said.ClientSecret, now):
		return oauth.Refuse(oauth.RegistrationSecret)
	}
	if said.SectorIdentifierURI != found.SectorIdentifierURI || !slices.Equal(said.RedirectURIs, found.RedirectURIs) {
		if err := p.checkSector(ctx, said.Metadata, found.ID, now); err != nil {
			return registrationFault(err)
		}
	}
	changed, secret, err := p.clients.Update(ctx, found.ID, found.Version, said.Metadata, audit.Client(c.Request.RemoteAddr), now)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return oauth.Refuse(oauth.RegistrationToken)
	case errors.Is(err, storage.ErrStale):
		return oauth.Refuse(oauth.RegistrationChanged)
	case err != nil:
		return err
	}
	return p.showRegistration(c, http.StatusOK, client.SelfRegistered{Client: changed, Secret: secret, Token: token})
}

// removeClient ends a client, with everything that was granted to it (RFC 7592 section 2.3).
func (p *Provider) removeClient(c *gin.Context) error {
	now := time.Now()
	found, _, err := p.managed(c, now)
	if err != nil {
		return err
	}
	if err := p.clients.Remove(c.Request.Context(), found.ID, audit.Client(c.Request.RemoteAddr), now); errors.Is(err, storage.ErrNotFound) {
		return oauth.Refuse(oauth.RegistrationToken)
	} else if err != nil {
		return err
	}
	oauth.NoStore(c)
	c.Status(http.StatusNoContent)
	return nil
}

// showRegistration answers with what is registered (RFC 7591 section 3.2.1, RFC 7592 section 3). The secret is there only when it was made
// just now: what is stored of it does not tell it.
func (p *Provider) showRegistration(c *gin.Context, status int, registered client.SelfRegistered) error {
	shown, err := registered.Registered()
	if err != nil {
		return err
	}
	shown["client_id_issued_at"] = registered.CreatedAt.Unix()
	shown["registration_access_token"] = registered.Token
	shown["registration_client_uri"] = p.cfg.Issuer + oauth.RegisterPath + "/" + registered.ID
	if registered.HasSecret() {
		shown["client_secret_expires_at"] = 0
	}
	if registered.Secret != "" {
		shown["client_secret"] = registered.Secret
	}
	oauth.NoStore(c)
	c.JSON(status, shown)
	return nil
}

// longestSector is how long a list of redirect URIs may be, in bytes.
const longestSector = 256 << 10

// checkSector looks whether the list at the sector identifier URI has all redirect URIs (OIDC Registration section 5): else an app could take
// part in the sector of another, and learn the subjects by which that knows people. Fetches are limited by who causes them.
func (p *Provider) checkSector(ctx context.Context, m client.Metadata, who string, now time.Time) error {
	if m.SectorIdentifierURI == "" {
		return nil
	}
	if _, wait := p.fetches.Take("sector "+who, now); wait > 0 {
		return oauth.TryLater(oauth.AccessDenied, "Too many registrations with a sector_identifier_uri. Please try again later.", wait)
	}
	body, err := p.fetch.Get(ctx, m.SectorIdentifierURI, "application/json", longestSector)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	fault := &client.MetadataError{Field: "sector_identifier_uri", Code: client.InvalidMetadata, Message: "could not be fetched"}
	var listed []string
	switch {
	case err != nil:
		return fault
	case json.Unmarshal(body, &listed) != nil:
		fault.Message = "must be a JSON array of redirect URIs"
		return fault
	}
	for _, uri := range m.RedirectURIs {
		if !slices.Contains(listed, uri) {
			fault.Message = "does not list every redirect URI"
			return fault
		}
	}
	return nil
}
