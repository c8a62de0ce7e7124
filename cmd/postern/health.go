package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/postern-id/postern/storage"
)

// maxSkew is how far the server's clock may be from the database's: one-time codes and expiries are judged by both.
const maxSkew = 5 * time.Second

// readiness says whether this process can serve: each check by name, empty when it is fine.
func readiness(ctx context.Context, store *storage.Store) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	checks := map[string]string{"database": "", "schema": "", "clock": ""}
	theirs, err := store.Clock(ctx)
	if err != nil {
		return map[string]string{"database": err.Error()}
	}
	if skew := time.Since(theirs).Abs(); skew > maxSkew {
		checks["clock"] = fmt.Sprintf("%s away from the database's", skew.Round(time.Second))
	}
	if pending, err := store.Pending(ctx); err != nil {
		checks["schema"] = err.Error()
	} else if pending {
		checks["schema"] = "a migration is pending"
	}
	return checks
}

func ready(checks map[string]string) bool {
	for _, fault := range checks {
		if fault != "" {
			return false
		}
	}
	return true
}

// livez answers that the process runs; it asks nothing else, so that an outage of the database does not restart it.
func livez(w http.ResponseWriter, _ *http.Request) { answerHealth(w, true) }

// readyz answers 200 or 503 on the public listener, where details are nobody's business.
func (a *app) readyz(w http.ResponseWriter, r *http.Request) {
	answerHealth(w, !a.stopping.Load() && ready(readiness(r.Context(), a.store)))
}

func answerHealth(w http.ResponseWriter, fine bool) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !fine {
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "not ready")
		return
	}
	fmt.Fprintln(w, "ok")
}

// readyzDetail answers with every check, for operators.
func (a *app) readyzDetail(w http.ResponseWriter, r *http.Request) {
	checks := readiness(r.Context(), a.store)
	if a.stopping.Load() {
		checks["process"] = "stopping"
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	if !ready(checks) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	// The only error is that of a client who has hung up.
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": ready(checks), "checks": checks})
}
