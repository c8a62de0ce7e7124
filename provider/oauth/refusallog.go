package oauth

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
)

// caller is the client that made a request, as far as it is known, for the log of refusals.
type caller struct{ id, name string }

type callerKey struct{}

// WithCaller returns a request for which [NoteCaller] can remember the client.
func WithCaller(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, &caller{}))
}

func callerOf(ctx context.Context) *caller {
	if known, ok := ctx.Value(callerKey{}).(*caller); ok {
		return known
	}
	return &caller{}
}

// NoteCaller remembers the client of a request for the log, authenticated or not; found is nil when no client has the id.
func NoteCaller(ctx context.Context, id string, found *client.Client) {
	known := callerOf(ctx)
	known.id = Safe(id)
	if found != nil {
		known.id, known.name = found.ID, found.Name
	}
}

// LogRefusal writes the one line of a refused request: a sentence that says what is wrong, which client sent it, and what was received beside
// what is registered.
func LogRefusal(c *gin.Context, log *slog.Logger, refusal *Refusal) {
	ctx := c.Request.Context()
	level := slog.LevelWarn
	if refusal.Expected() {
		level = slog.LevelInfo
	}
	attrs := []slog.Attr{slog.String("route", c.FullPath()), slog.String("rule", string(refusal.Rule)), slog.String("error", refusal.Code)}
	from := callerOf(ctx)
	for _, part := range [][2]string{
		{"client", from.id}, {"client_name", from.name}, {"received", refusal.Received}, {"registered", refusal.Registered},
	} {
		if part[1] != "" {
			attrs = append(attrs, slog.String(part[0], part[1]))
		}
	}
	if refusal.Cause != nil {
		attrs = append(attrs, slog.String("cause", refusal.Cause.Error()))
	}
	log.LogAttrs(ctx, level, refusal.Sentence(), attrs...)
}
