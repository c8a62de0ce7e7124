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

// overtaken says that another replica has added a key that this one did not know.
type overtaken struct{ kid string }

func (o *overtaken) Error() string { return "another replica has added the key " + o.kid }

// makeFirst adds a key for each missing algorithm, unless another replica has added one meanwhile.
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

// Rotate adds a key for an algorithm and returns it. The key signs after [Config.Announcement], or at once if immediately is set; older keys of the
// algorithm then retire and stay published for [Config.TokenLifetime]. If another replica has added a key for the algorithm that this one did not
// know, Rotate returns that key and adds nothing. Errors: [ErrNoKey] for an unknown algorithm.
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

// add stores all keys of made or nothing, and deletes keys whose publication has ended. The error is an *overtaken if the database has a key for one
// of their algorithms that is not in known: of several replicas that add a key at the same time, one wins.
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

// Retire removes a key at once: it signs nothing any more, and the tokens that it signed are no longer valid. It is for a key that may have leaked. A
// key that was removed before stays as it is. Errors: [storage.ErrNotFound]; [ErrLastKey] if no other key can sign with the algorithm.
func (r *Ring) Retire(ctx context.Context, kid string, by audit.By, now time.Time) (Key, error) {
	err := r.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		err := r.cfg.Store.Keys.Retire(ctx, kid, now, now)
		if errors.Is(err, storage.ErrStale) {
			return nil
		}
		if err != nil {
			return err
		}
		// Read after the write, which has locked the version, so that two replicas cannot remove both of the last two keys.
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

// reread reads the keys after a change and returns the changed one.
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
