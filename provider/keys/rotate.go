package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// overtaken says that another replica has added a key that this one did not know of.
type overtaken struct{ kid string }

func (o *overtaken) Error() string { return "another replica has added the key " + o.kid }

// makeFirst adds a key of each missing algorithm, unless another replica has meanwhile.
func (r *Ring) makeFirst(ctx context.Context, known *set, missing []jose.SignatureAlgorithm, now time.Time) error {
	made := make([]storage.SigningKey, len(missing))
	faults := make([]error, len(missing))
	var group sync.WaitGroup
	for i, alg := range missing {
		group.Go(func() { made[i], faults[i] = generate(alg, r.cfg.RSABits, now, now) })
	}
	group.Wait()
	if err := errors.Join(faults...); err != nil {
		return err
	}
	err := r.add(ctx, known, made, audit.System(), now)
	if _, lost := errors.AsType[*overtaken](err); lost {
		return nil
	}
	return err
}

// Rotate adds a key of an algorithm and returns it. It signs after the announcement time, or at once with immediately; older keys
// of the algorithm retire then and stay published for the longest lifetime of a token. If another replica has added a key of
// the algorithm that this one had not seen, that key is returned and none is added. ErrNoKey when there is no such algorithm.
func (r *Ring) Rotate(ctx context.Context, alg string, immediately bool, by audit.By, now time.Time) (Key, error) {
	known := r.current.Load()
	signsFrom := now.Add(r.cfg.Announcement)
	if immediately {
		signsFrom = now
	}
	made, err := generate(jose.SignatureAlgorithm(alg), r.cfg.RSABits, known.nextCreation(alg, now), signsFrom)
	if err != nil {
		return Key{}, err
	}
	kid := made.ID
	err = r.add(ctx, known, []storage.SigningKey{made}, by, now)
	if other, lost := errors.AsType[*overtaken](err); lost {
		kid, err = other.kid, nil
	}
	if err != nil {
		return Key{}, err
	}
	return r.reread(ctx, kid, now)
}

// add stores keys, all or none, and deletes those that nobody needs any more. An *overtaken error says that there is a key of one
// of their algorithms that is not in known: of replicas that add at the same time, one wins.
func (r *Ring) add(ctx context.Context, known *set, made []storage.SigningKey, by audit.By, now time.Time) error {
	return r.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		for _, k := range made {
			if err := r.cfg.Store.Keys.Add(ctx, k); err != nil {
				return err
			}
			detail := map[string]string{"kid": k.ID, "alg": k.Algorithm, "signs_from": k.SignsFrom.UTC().Format(time.RFC3339)}
			if err := r.cfg.Audit.Record(ctx, by.Action(audit.KeyAdded, detail), now); err != nil {
				return err
			}
		}
		// The first insert has locked the version of the keys, so a concurrent rotation that comes second reads here what the first committed.
		rows, err := r.cfg.Store.Keys.List(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			isRow := func(k storage.SigningKey) bool { return k.ID == row.ID }
			sameAlgorithm := func(k storage.SigningKey) bool { return k.Algorithm == row.Algorithm }
			if !known.has(row.ID) && !slices.ContainsFunc(made, isRow) && slices.ContainsFunc(made, sameAlgorithm) {
				return &overtaken{kid: row.ID}
			}
		}
		return r.sweep(ctx, newSet(0, rows, r.cfg.TokenLifetime), now)
	})
}

// sweep deletes the keys whose publication has ended.
func (r *Ring) sweep(ctx context.Context, loaded *set, now time.Time) error {
	for _, k := range loaded.keys {
		if k.fault != nil || k.published(now) {
			continue
		}
		err := r.cfg.Store.Keys.Retire(ctx, k.ID, k.RetiredAt, k.PublishedUntil)
		if err != nil && !errors.Is(err, storage.ErrStale) {
			return err
		}
	}
	_, err := r.cfg.Store.Keys.DeleteExpired(ctx, now)
	return err
}

// Retire removes a key at once: nothing is signed with it, and what it signed does not verify any more. It is for a key that may
// have leaked. A key that was removed before is left as it is. Errors: storage.ErrNotFound; ErrLastKey when
// nothing would sign for the algorithm then.
func (r *Ring) Retire(ctx context.Context, kid string, by audit.By, now time.Time) (Key, error) {
	err := r.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		err := r.cfg.Store.Keys.Retire(ctx, kid, now, now)
		if errors.Is(err, storage.ErrStale) {
			return nil
		}
		if err != nil {
			return err
		}
		// Read behind the write, which has locked the version: two replicas cannot each remove what the other leaves.
		rows, err := r.cfg.Store.Keys.List(ctx)
		if err != nil {
			return err
		}
		left := newSet(0, rows, r.cfg.TokenLifetime)
		alg := rows[slices.IndexFunc(rows, func(k storage.SigningKey) bool { return k.ID == kid })].Algorithm
		if left.signer(alg, now) == nil {
			return fmt.Errorf("%w: %s", ErrLastKey, kid)
		}
		return r.cfg.Audit.Record(ctx, by.Action(audit.KeyRetired, map[string]string{"kid": kid, "alg": alg}), now)
	})
	if err != nil {
		return Key{}, err
	}
	return r.reread(ctx, kid, now)
}

// reread brings a change of ours into memory and returns the key that it was about.
func (r *Ring) reread(ctx context.Context, kid string, now time.Time) (Key, error) {
	if err := r.reload(ctx); err != nil {
		return Key{}, err
	}
	for _, k := range r.List(now) {
		if k.ID == kid {
			return k, nil
		}
	}
	return Key{}, storage.ErrNotFound
}
