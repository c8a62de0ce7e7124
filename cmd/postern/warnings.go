package main

import (
	"context"
	"log/slog"
	"strings"
)

// warn logs what the operator should change although the provider can serve with it.
func (a *app) warn(ctx context.Context) {
	unset, err := a.store.UnsetLimits(ctx)
	if err != nil {
		a.log.WarnContext(ctx, "the limits of database sessions cannot be read", "cause", err)
	}
	if len(unset) > 0 {
		a.log.WarnContext(ctx, "behind a connection pooler the database role must have limits of its own; see Connection poolers in docs/operating.md",
			slog.String("missing", strings.Join(unset, ", ")))
	}
}
