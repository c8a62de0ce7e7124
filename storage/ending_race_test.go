package storage_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// If many links are requested at once, one of them works.
func TestRaceLeavesOneLink(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		for range rounds {
			u := storagetest.User(t, replicas[0])
			links := make([]storage.Link, racers)
			for i := range links {
				links[i] = storage.Link{
					Hash: storage.Hash(storage.NewID()), Purpose: storage.LinkReset, UserID: u.ID, CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour)),
				}
			}
			for _, err := range atOnce(replicas, func(racer int, s *storage.Store) error { return s.Links.Add(t.Context(), links[racer]) }) {
				require.NoError(t, err)
			}
			good := 0
			for _, link := range links {
				err := replicas[0].Links.Spend(t.Context(), link.Hash, link.Purpose, now)
				if err == nil {
					good++
				} else {
					require.ErrorIs(t, err, storage.ErrNotFound)
				}
			}
			require.Equal(t, 1, good)
		}
	})
}

// Grants are issued in a session while the session ends: each is either refused or revoked.
func TestRaceOfGrantsAndTheirSession(t *testing.T) {
	ends := map[string]func(ctx context.Context, s *storage.Store, u storage.User, here, kept string) error{
		"signed out": func(ctx context.Context, s *storage.Store, u storage.User, here, _ string) error {
			if err := s.Sessions.EndByID(ctx, u.ID, here); err != nil {
				return err
			}
			return s.Grants.RevokeOfSession(ctx, u.ID, here, now)
		},
		"another is kept": func(ctx context.Context, s *storage.Store, u storage.User, _, kept string) error {
			return s.Sessions.KeepOnly(ctx, u, kept, now)
		},
		"all end": func(ctx context.Context, s *storage.Store, u storage.User, _, _ string) error {
			return s.Sessions.EndComplete(ctx, u.ID, now)
		},
	}
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		for name, end := range ends {
			t.Run(name, func(t *testing.T) {
				for range rounds {
					u, c := storagetest.User(t, replicas[0]), storagetest.Client(t, replicas[0])
					here, kept := signedIn(t, replicas[0], u).ID(), signedIn(t, replicas[0], u).ID()
					grants := make([]storage.Grant, racers)
					for i := range grants {
						grants[i] = storagetest.NewGrant(u, c)
						grants[i].SID, grants[i].InSession = here, true
					}
					errs := atOnce(replicas, func(racer int, s *storage.Store) error {
						if racer == racers/2 {
							return s.InTx(context.Background(), func(ctx context.Context) error { return end(ctx, s, u, here, kept) })
						}
						return s.Grants.Issue(context.Background(), grants[racer], "")
					})
					require.NoError(t, errs[racers/2])
					for racer, g := range grants {
						if racer == racers/2 || errors.Is(errs[racer], storage.ErrStale) {
							continue
						}
						require.NoError(t, errs[racer])
						state, err := replicas[0].Grants.ByID(t.Context(), g.ID, "")
						require.NoError(t, err)
						require.True(t, state.Ended(now))
					}
				}
			})
		}
	})
}

// signedIn completes a sign-in of u and returns it.
func signedIn(t *testing.T, s *storage.Store, u storage.User) storage.SignIn {
	t.Helper()
	signIn, err := s.Sessions.SignIn(t.Context(), storagetest.SignIn(t, s, u), "", now)
	require.NoError(t, err)
	return signIn
}
