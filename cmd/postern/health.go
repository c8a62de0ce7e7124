package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/postern-id/postern/storage"
)

// maxSkew is how far the server's clock may be from the database's: one-time codes and expiries are checked against both.
const maxSkew = 5 * time.Second

const (
	checkTime = 2 * time.Second // for all checks together
	// checkAge is how long a result is reused: anybody may ask, and a check writes to the database.
	checkAge = time.Second
)

// health keeps the result of the last checks. One caller at a time makes new ones; the others wait for them.
type health struct {
	mu     sync.Mutex
	at     time.Time
	checks map[string]string
}

// look returns results that are at most checkAge old. Callers must not change the map.
func (h *health) look(ctx context.Context, store *storage.Store) map[string]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.checks == nil || time.Since(h.at) >= checkAge {
		// A caller that hangs up must not cancel the checks for the others.
		h.checks = readiness(context.WithoutCancel(ctx), store)
		h.at = time.Now()
	}
	return h.checks
}

// readiness reports whether this process can serve: what is wrong for each check by name, empty when it passed.
func readiness(ctx context.Context, store *storage.Store) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	checks := map[string]string{"database": "", "writes": "", "schema": "", "keyset": "", "clock": ""}
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
	if err := store.CheckKeyset(ctx); errors.Is(err, storage.ErrSealed) {
		checks["keyset"] = "does not have the key that the database's secrets are encrypted with: is it the file that postern secrets rotate wrote?"
	} else if err != nil {
		checks["keyset"] = err.Error()
	}
	if err := store.CheckWrite(ctx, time.Now()); err != nil {
		checks["writes"] = err.Error()
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

// livez answers that the process runs. It checks nothing else, so that an outage of the database does not lead to a restart.
func livez(w http.ResponseWriter, _ *http.Request) { answerHealth(w, true) }

// readyz answers 200 or 503 on the public listener, without details.
func (a *app) readyz(w http.ResponseWriter, r *http.Request) {
	answerHealth(w, !a.stopping.Load() && ready(a.health.look(r.Context(), a.store)))
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
	checks := maps.Clone(a.health.look(r.Context(), a.store))
	if a.stopping.Load() {
		checks["process"] = "stopping"
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	if !ready(checks) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	// The only possible error is that the client has hung up.
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": ready(checks), "checks": checks})
}
