package throttle

import (
	"context"
	"sync"
	"time"

	"github.com/postern-id/postern/storage"
)

// noteEvery is how often refused attempts at one counter are recorded.
const noteEvery = time.Minute

// Note reports whether a refused attempt is to be recorded: the first at each counter is, and then one a minute. Otherwise
// refused attempts would fill the audit log, and each would cost a write. more is how many refused attempts at that counter
// this process has not recorded since the last that it did.
func (g *Guard) Note(ctx context.Context, wait *WaitError, now time.Time) (due bool, more int, err error) {
	_, due, err = g.store.Attempts.Count(ctx, now, storage.Budget{Key: "noted:" + wait.key, Tries: 1, Forget: noteEvery})
	switch {
	case err != nil:
		return false, 0, err
	case due:
		return true, g.unsaid.take(wait.key), nil
	}
	g.unsaid.add(wait.key)
	return false, 0, nil
}

// Crowd returns the refusal of an attempt because too many sign-ins of a subject are in progress until then.
func Crowd(who Subject, until time.Time) *WaitError {
	return &WaitError{Until: until, key: "crowd:" + who.key}
}

// tally counts by key. It is bounded: when it is full, further keys are not counted.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

const tallied = 4096 // keys

func (t *tally) add(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	if _, known := t.counts[key]; known || len(t.counts) < tallied {
		t.counts[key]++
	}
}

// take returns the count of a key and forgets it.
func (t *tally) take(key string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	count := t.counts[key]
	delete(t.counts, key)
	return count
}
