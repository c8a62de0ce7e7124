package audit

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/loop"
)

const (
	chainBatch = 500
	chainPause = time.Second
	chainLease = "audit chain"
	leaseTime  = 15 * time.Second
)

// Log is the audit log. It is safe for concurrent use.
type Log struct {
	store  *storage.Store
	counts *prometheus.CounterVec
	// progress, unless nil, is called by Export and Verify with the number of entries read so far; the total is not known (0).
	progress func(done, total int)
}

// Telling returns a copy of the log whose Export and Verify call progress with the number of entries read so far.
func (l *Log) Telling(progress func(done, total int)) *Log {
	telling := *l
	telling.progress = progress
	return &telling
}

// New returns the audit log of a store.
func New(store *storage.Store) *Log {
	l := &Log{store: store, counts: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "postern_audit_events_total",
		Help: "Audit entries by name, counted once over all replicas when they are chained.",
	}, []string{"event"})}
	for _, name := range Names() {
		l.counts.WithLabelValues(string(name))
	}
	return l
}

// Record files e, in the transaction of ctx if there is one. If it returns an error, the caller must not carry out what e records.
func (l *Log) Record(ctx context.Context, e Event, now time.Time) error {
	return l.store.Events.Add(ctx, l.body(e, now))
}

// Rider returns e as text, for the methods of package storage that file an audit entry with their own statement.
func (l *Log) Rider(e Event, now time.Time) string { return l.body(e, now) }

// Chain links the oldest entries that are not chained yet, at most a few hundred, adds them to the metrics, and returns how many there
// were. Replicas may call it at the same time.
func (l *Log) Chain(ctx context.Context) (int, error) {
	events, broken, err := l.store.Events.Chain(ctx, chainBatch, storage.Chain{Link: l.link, Seal: l.seal})
	if err != nil {
		return 0, err
	}
	if broken {
		slog.ErrorContext(ctx, "the end of the audit log was changed; run: postern audit verify")
	}
	for _, e := range events {
		l.counts.WithLabelValues(e.Name).Inc()
	}
	return len(events), nil
}

// Run chains new entries every second, on one replica at a time, until ctx is done. It logs failures and always returns nil.
func (l *Log) Run(ctx context.Context) error {
	lease := l.store.Lease(chainLease, leaseTime)
	loop.Every(ctx, chainPause, func(ctx context.Context) error { return l.chainAll(ctx, lease) }, func(err error) {
		slog.ErrorContext(ctx, "audit entries are written but not chained", "error", err)
	})
	if err := lease.Release(ctx); err != nil {
		slog.WarnContext(ctx, "cannot give back the lease of the audit log", "error", err)
	}
	return nil
}

func (l *Log) chainAll(ctx context.Context, lease *storage.Lease) error {
	for {
		mine, err := lease.Take(ctx, time.Now())
		if err != nil || !mine {
			return err
		}
		chained, err := l.Chain(ctx)
		if err != nil || chained < chainBatch {
			return err
		}
	}
}

// Describe implements prometheus.Collector.
func (l *Log) Describe(descs chan<- *prometheus.Desc) { l.counts.Describe(descs) }

// Collect implements prometheus.Collector.
func (l *Log) Collect(metrics chan<- prometheus.Metric) { l.counts.Collect(metrics) }

var _ prometheus.Collector = (*Log)(nil)
