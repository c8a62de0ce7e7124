package storage_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// granted returns what a user has granted to the only client.
func granted(t *testing.T, s *storage.Store, u storage.User) storage.Access {
	t.Helper()
	consents, err := s.Consents.OfUser(t.Context(), u.ID)
	require.NoError(t, err)
	if len(consents) == 0 {
		return storage.Access{}
	}
	return consents[0].Access
}

func TestRaceOfAnswers(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		for range rounds {
			u, c := storagetest.User(t, replicas[0]), storagetest.Client(t, replicas[0])
			for _, err := range atOnce(replicas, func(racer int, s *storage.Store) error {
				return s.Consents.Add(context.Background(), u.ID, c.ID, storage.Access{
					Scopes: storage.Strings{fmt.Sprint("scope", racer)}, Claims: storage.Strings{fmt.Sprint("claim", racer)},
				}, now)
			}) {
				require.NoError(t, err)
			}
			require.Len(t, granted(t, replicas[0], u).Scopes, racers, "every answer is kept")
			require.Len(t, granted(t, replicas[0], u).Claims, racers)
		}
	})
}

func TestRaceOfAnswersAndAWithdrawal(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		for range rounds {
			u, c := storagetest.User(t, replicas[0]), storagetest.Client(t, replicas[0])
			require.NoError(t, replicas[0].Consents.Add(t.Context(), u.ID, c.ID, storage.Access{Scopes: storage.Strings{"withdrawn"}}, now))
			for _, err := range atOnce(replicas, func(racer int, s *storage.Store) error {
				if racer == racers/2 {
					return s.Consents.Withdraw(context.Background(), u.ID, c.ID, now)
				}
				return s.Consents.Add(context.Background(), u.ID, c.ID, storage.Access{Scopes: storage.Strings{fmt.Sprint("scope", racer)}}, now)
			}) {
				require.NoError(t, err)
			}
			require.NotContains(t, granted(t, replicas[0], u).Scopes, "withdrawn")
		}
	})
}

// Grants are issued while their consent is withdrawn: each is either refused or revoked.
func TestRaceOfGrantsAndAWithdrawal(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		for range rounds {
			u, c := storagetest.User(t, replicas[0]), storagetest.Client(t, replicas[0])
			require.NoError(t, replicas[0].Consents.Add(t.Context(), u.ID, c.ID, storage.Access{Scopes: storage.Strings{"openid"}}, now))
			grants := make([]storage.Grant, racers)
			errs := atOnce(replicas, func(racer int, s *storage.Store) error {
				if racer == racers/2 {
					return s.Consents.Withdraw(context.Background(), u.ID, c.ID, now)
				}
				grants[racer] = storagetest.NewGrant(u, c)
				grants[racer].ConsentedAt = storage.At(now)
				return s.Grants.Issue(context.Background(), grants[racer], "")
			})
			require.NoError(t, errs[racers/2])
			for racer, g := range slices.Delete(grants, racers/2, racers/2+1) {
				err := slices.Concat(errs[:racers/2], errs[racers/2+1:])[racer]
				if errors.Is(err, storage.ErrStale) {
					continue
				}
				require.NoError(t, err)
				state, err := replicas[0].Grants.ByID(t.Context(), g.ID, "")
				require.NoError(t, err)
				require.True(t, state.Ended(now))
			}
		}
	})
}
