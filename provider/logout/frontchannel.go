package logout

import (
	"context"
	"errors"
	"net/url"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// mostFrames is the number of clients that one page notifies at most.
const mostFrames = 50

// Frames returns the front-channel logout URIs of the clients used in a session that has ended, for a page that loads them in frames (OIDC
// Front-Channel Logout section 2). Each has the parameters iss and sid, whether the client requires them or not. Clients that are gone or
// disabled are left out. An error says that the database failed.
func (e *Endpoints) Frames(ctx context.Context, sessions []storage.ClientSession) ([]templates.Frame, error) {
	var frames []templates.Frame
	for _, session := range sessions {
		c, err := e.cfg.Clients.Client(ctx, session.ClientID)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if c.FrontchannelLogoutURI == "" || c.Disabled || len(frames) == mostFrames {
			continue
		}
		uri := oauth.WithQuery(c.FrontchannelLogoutURI, url.Values{"iss": {e.cfg.Issuer}, "sid": {e.cfg.Tokens.SID(c, session.SID)}})
		frames = append(frames, templates.Frame{App: c.Name, URL: uri})
	}
	return frames, nil
}
