package provider

import (
	"context"
	"errors"
	"net/url"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// mostFrames is how many apps one page signs people out of.
const mostFrames = 50

// Frames returns the pages that apps have registered for the end of a sign-in, of those that it was at (OIDC Front-Channel Logout section 2).
// A browser that shows them takes the word to the apps. Their addresses say whose sign-in it was, whether the app demands it or not.
func (p *Provider) Frames(ctx context.Context, left []storage.ClientSession) ([]templates.Frame, error) {
	var frames []templates.Frame
	for _, visit := range left {
		c, err := p.clients.Client(ctx, visit.ClientID)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if c.FrontchannelLogoutURI == "" || c.Disabled || len(frames) == mostFrames {
			continue
		}
		address := oauth.WithQuery(c.FrontchannelLogoutURI, url.Values{"iss": {p.cfg.Issuer}, "sid": {p.tokens.SID(c, visit.SID)}})
		frames = append(frames, templates.Frame{App: c.Name, URL: address})
	}
	return frames, nil
}
