package provider

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
)

// asker is which client a request is of, as far as it is known: for the log of refusals.
type asker struct{ id, name string }

type askerKey struct{}

func withAsker(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), askerKey{}, &asker{}))
}

func askerOf(ctx context.Context) *asker {
	if known, ok := ctx.Value(askerKey{}).(*asker); ok {
		return known
	}
	return &asker{}
}

// noteAsker notes the client of a request, proven or not; found is nil for an id that no client has.
func noteAsker(ctx context.Context, id string, found *client.Client) {
	known := askerOf(ctx)
	known.id = oauth.Safe(id)
	if found != nil {
		known.id, known.name = found.ID, found.Name
	}
}

// logRefusal writes the one line of a refused request: a sentence that says what is wrong, whose request it was, and what was received beside what
// is registered.
func (p *Provider) logRefusal(c *gin.Context, told *oauth.Refusal) {
	ctx := c.Request.Context()
	level := slog.LevelWarn
	if told.Expected() {
		level = slog.LevelInfo
	}
	attrs := []slog.Attr{slog.String("route", c.FullPath()), slog.String("rule", string(told.Rule)), slog.String("error", told.Code)}
	who := askerOf(ctx)
	for _, part := range [][2]string{
		{"client", who.id}, {"client_name", who.name}, {"received", told.Received}, {"registered", told.Registered},
	} {
		if part[1] != "" {
			attrs = append(attrs, slog.String(part[0], part[1]))
		}
	}
	if told.Cause != nil {
		attrs = append(attrs, slog.String("cause", told.Cause.Error()))
	}
	p.log.LogAttrs(ctx, level, told.Sentence(), attrs...)
}
