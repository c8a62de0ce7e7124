package storage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

// Each reason for which a grant ends is sufficient.
func TestGrantEnds(t *testing.T) {
	now := time.Now()
	state := func(edit func(*storage.GrantState)) storage.GrantState {
		g := storage.GrantState{Grant: storage.Grant{Epoch: 3, ExpiresAt: storage.At(now.Add(time.Second))}, User: storage.User{Epoch: 3}}
		edit(&g)
		return g
	}
	require.False(t, state(func(*storage.GrantState) {}).Ended(now))
	for name, edit := range map[string]func(*storage.GrantState){
		"revoked":             func(g *storage.GrantState) { g.RevokedAt = storage.At(now) },
		"expired":             func(g *storage.GrantState) { g.ExpiresAt = storage.At(now) },
		"the user disabled":   func(g *storage.GrantState) { g.User.DisabledAt = storage.At(now) },
		"the epoch rose":      func(g *storage.GrantState) { g.User.Epoch++ },
		"the client disabled": func(g *storage.GrantState) { g.ClientDisabled = true },
	} {
		require.True(t, state(edit).Ended(now), name)
	}
}
