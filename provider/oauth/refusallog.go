package oauth

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
)

// caller is the client that made a request, as far as it is known. It is for the log.
type caller struct{ id, name string }

type callerKey struct{}

// WithCaller returns r with a context in which [NoteCaller] can store the client.
func WithCaller(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, &caller{}))
}

func callerOf(ctx context.Context) *caller {
	if known, ok := ctx.Value(callerKey{}).(*caller); ok {
		return known
	}
	return &caller{}
}

// NoteCaller stores which client made a request, authenticated or not, for the log. found is nil if no client has the id.
func NoteCaller(ctx context.Context, id string, found *client.Client) {
	known := callerOf(ctx)
	known.id = Safe(id)
	if found != nil {
		known.id, known.name = found.ID, found.Name
	}
}

// LogRefusal logs a refused request in one line: a sentence that says what is wrong, the client that sent the request, and the received value with
// the registered ones. The level is info if the refusal is expected, otherwise warn.
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
