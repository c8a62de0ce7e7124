package storage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// Recovery codes that are wiped while secrets are resealed stay wiped.
func TestRaceOfResealingAndWiping(t *testing.T) {
	eachRace(t, func(t *testing.T, replicas []*storage.Store) {
		sheets := make([]storage.CodeSheet, racers)
		for i := range sheets {
			var err error
			sheets[i], err = replicas[0].RecoveryCodes.StartSheet(t.Context(), storage.CodeSheet{
				ID: storage.NewID(), UserID: storagetest.User(t, replicas[0]).ID, Codes: []string{"code"}, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
			}, now)
			require.NoError(t, err)
		}
		rotated, err := replicas[0].Keyset().Rotated()
		require.NoError(t, err)
		for _, s := range replicas {
			s.Keyset().Replace(rotated)
		}
		for _, err := range atOnce(replicas, func(racer int, s *storage.Store) error {
			if racer%10 == 0 {
				_, err := s.Reseal(t.Context(), racers, nil)
				return err
			}
			return s.RecoveryCodes.KeepSheet(t.Context(), sheets[racer].ID, now)
		}) {
			require.NoError(t, err)
		}
		for racer, sheet := range sheets {
			kept, err := replicas[0].RecoveryCodes.SheetKept(t.Context(), sheet.UserID, sheet.ID)
			require.NoError(t, err)
			require.Equal(t, racer%10 != 0, kept)
		}
	})
}
