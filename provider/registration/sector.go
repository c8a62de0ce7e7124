package registration

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
)

// longestSector is the maximum length of a list of redirect URIs, in bytes.
const longestSector = 256 << 10

// checkSector checks that the list at the sector identifier URI has all redirect URIs (OIDC Registration section 5): otherwise an app could join the
// sector of another app and learn the subjects by which that app knows people. who is the token, client or address for which the fetch is counted.
// Errors: a [client.MetadataError], an [oauth.Refusal] after too many fetches.
func (e *Endpoint) checkSector(ctx context.Context, m client.Metadata, who string, now time.Time) error {
	if m.SectorIdentifierURI == "" {
		return nil
	}
	if _, wait := e.fetches.Take("sector "+who, now); wait > 0 {
		return oauth.TryLater(oauth.AccessDenied, "Too many registrations with a sector_identifier_uri. Please try again later.", wait)
	}
	body, err := e.cfg.Fetch.Get(ctx, m.SectorIdentifierURI, "application/json", longestSector)
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
