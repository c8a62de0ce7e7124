package registration

import (
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

// managed returns the client of a request to the client configuration endpoint, with its token. An unknown client, a wrong token and a client that an
// operator registered get the same answer (RFC 7592 section 2.1).
func (e *Endpoint) managed(c *gin.Context, now time.Time) (*client.Client, string, error) {
	token, err := bearerToken(c.Request)
	if err != nil {
		return nil, "", err
	}
	if token == "" {
		return nil, "", oauth.Refuse(oauth.TokenMissing)
	}
	found, err := e.cfg.Clients.Managed(c.Request.Context(), c.Param("id"), token)
	if errors.Is(err, storage.ErrNotFound) {
		err = e.refuseToken(c.Request, now)
	}
	return found, token, err
}

// read answers with the registration of a client (RFC 7592 section 2.1).
func (e *Endpoint) read(c *gin.Context) error {
	found, token, err := e.managed(c, time.Now())
	if err != nil {
		return err
	}
	return e.show(c, http.StatusOK, client.SelfRegistered{Client: found, Token: token})
}

// update replaces the registration of a client (RFC 7592 section 2.2).
func (e *Endpoint) update(c *gin.Context) error {
	ctx, now := c.Request.Context(), time.Now()
	found, token, err := e.managed(c, now)
	if err != nil {
		return err
	}
	text, err := readBody(c.Writer, c.Request)
	if err != nil {
		return err
	}
	said, err := client.ReadRegistration(text, found)
	switch {
	case err != nil:
		return metadataRefusal(err)
	case said.ClientID != found.ID:
		return oauth.Refuse(oauth.RegistrationClientID)
	case said.ClientSecret != "" && !e.cfg.Clients.Authenticate(found, said.ClientSecret, now):
		return oauth.Refuse(oauth.RegistrationSecret)
	}
	if said.SectorIdentifierURI != found.SectorIdentifierURI || !slices.Equal(said.RedirectURIs, found.RedirectURIs) {
		if err := e.checkSector(ctx, said.Metadata, found.ID, now); err != nil {
			return metadataRefusal(err)
		}
	}
	changed, secret, err := e.cfg.Clients.Update(ctx, found.ID, found.Version, said.Metadata, audit.Client(c.Request.RemoteAddr), now)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return oauth.Refuse(oauth.RegistrationToken)
	case errors.Is(err, storage.ErrStale):
		return oauth.Refuse(oauth.RegistrationChanged)
	case err != nil:
		return err
	}
	return e.show(c, http.StatusOK, client.SelfRegistered{Client: changed, Secret: secret, Token: token})
}

// remove deletes a client with all its grants (RFC 7592 section 2.3).
func (e *Endpoint) remove(c *gin.Context) error {
	now := time.Now()
	found, _, err := e.managed(c, now)
	if err != nil {
		return err
	}
	if err := e.cfg.Clients.Remove(c.Request.Context(), found.ID, audit.Client(c.Request.RemoteAddr), now); errors.Is(err, storage.ErrNotFound) {
		return oauth.Refuse(oauth.RegistrationToken)
	} else if err != nil {
		return err
	}
	oauth.NoStore(c)
	c.Status(http.StatusNoContent)
	return nil
}

// show answers with the registration of a client (RFC 7591 section 3.2.1, RFC 7592 section 3). It shows the secret only if that is new, because only
// its hash is stored.
func (e *Endpoint) show(c *gin.Context, status int, registered client.SelfRegistered) error {
	shown, err := registered.Registered()
	if err != nil {
		return err
	}
	shown["client_id_issued_at"] = registered.CreatedAt.Unix()
	shown["registration_access_token"] = registered.Token
	shown["registration_client_uri"] = e.cfg.Issuer + oauth.RegisterPath + "/" + registered.ID
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
