package throttle

import (
	"context"
	"sync"
	"time"

	"github.com/postern-id/postern/storage"
)

// recordEvery is the interval at which attempts refused by one counter are recorded.
const recordEvery = time.Minute

// RecordDue reports whether a refused attempt has to be recorded: the first one at each counter, and then one a minute. Otherwise attempts
// during a wait would fill the audit log, and each would cost a write. more is the number of attempts refused by the counter that this
// process has not recorded since it last recorded one.
func (g *Guard) RecordDue(ctx context.Context, wait *WaitError, now time.Time) (due bool, more int, err error) {
	_, due, err = g.store.Attempts.Count(ctx, now, storage.Budget{Key: "noted:" + wait.key, Tries: 1, Forget: recordEvery})
	switch {
	case err != nil:
		return false, 0, err
	case due:
		return true, g.unrecorded.take(wait.key), nil
	}
	g.unrecorded.add(wait.key)
	return false, 0, nil
}

// Crowd returns the refusal of an attempt because a subject has too many half-done sign-ins; the first of them ends at until.
func Crowd(who Subject, until time.Time) *WaitError {
	return &WaitError{Until: until, key: "crowd:" + who.key}
}

// tally counts by key. Its size is bounded: when it is full, new keys are not counted.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

const maxTallied = 4096 // maximum number of keys

func (t *tally) add(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	if _, known := t.counts[key]; known || len(t.counts) < maxTallied {
		t.counts[key]++
	}
}

// take returns the count of a key and removes it.
func (t *tally) take(key string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	count := t.counts[key]
	delete(t.counts, key)
	return count
}
