package client

import (
	"context"
	"log/slog"
)

const pageSize = 500 // clients read at once

// KnowsOrigin reports whether a browser app with that origin (RFC 6454 section 6.2) is registered and not disabled. It reads the clients once after
// each change. Errors: [storage.ErrUnavailable].
func (r *Registry) KnowsOrigin(ctx context.Context, origin string) (bool, error) {
	g := r.cache.current.Load()
	known := g.origins.Load()
	if known == nil {
		origins, err := r.origins(ctx)
		if err != nil {
			return false, err
		}
		known = &origins
		g.origins.Store(known)
	}
	return (*known)[origin], nil
}

// origins returns the origins of all clients that are not disabled. It leaves out clients that cannot be parsed.
func (r *Registry) origins(ctx context.Context) (map[string]bool, error) {
	origins := map[string]bool{}
	for after := ""; ; {
		rows, err := r.store.Clients.List(ctx, after, pageSize)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			c, err := fromRow(row)
			if err != nil {
				slog.ErrorContext(ctx, "a client is not used", "client", row.ID, "error", err)
				continue
			}
			for _, origin := range c.Origins {
				if !c.Disabled {
					origins[origin] = true
				}
			}
		}
		if len(rows) < pageSize {
			return origins, nil
		}
		after = rows[len(rows)-1].ID
	}
}
