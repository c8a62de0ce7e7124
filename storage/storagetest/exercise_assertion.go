package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var assertionBehaviours = []behaviour{
	{"an assertion can be used once for each client", assertionsAreGoodOnce},
	{"a used assertion is forgotten a minute after it expired", usedAssertionsAreForgotten},
	{"a proof can be used once for each key, and is forgotten a minute after it expired", proofsAreGoodOnce},
}

func assertionsAreGoodOnce(t *testing.T, db *Database) {
	s, other := db.Open(t), db.Open(t)
	expires := Now.Add(time.Minute)
	require.NoError(t, s.JTIs.SpendAssertion(t.Context(), "a", "jti", expires))
	require.ErrorIs(t, s.JTIs.SpendAssertion(t.Context(), "a", "jti", expires), storage.ErrConflict)
	require.ErrorIs(t, other.JTIs.SpendAssertion(t.Context(), "a", "jti", expires.Add(time.Hour)), storage.ErrConflict, "whatever it says of its end")
	require.NoError(t, other.JTIs.SpendAssertion(t.Context(), "b", "jti", expires))
	require.NoError(t, other.JTIs.SpendAssertion(t.Context(), "a", "JTI", expires))
	require.NoError(t, s.JTIs.SpendAssertion(t.Context(), "a", "\x00\xff", expires))
	require.ErrorIs(t, s.JTIs.SpendAssertion(t.Context(), "a", "\x00\xff", expires), storage.ErrConflict)
}

func usedAssertionsAreForgotten(t *testing.T, db *Database) {
	s := db.Open(t)
	expires := Now.Add(time.Minute)
	require.NoError(t, s.JTIs.SpendAssertion(t.Context(), "a", "jti", expires))
	require.NoError(t, s.JTIs.SpendAssertion(t.Context(), "b", "jti", expires.Add(time.Second)))
	_, err := s.Sweep(t.Context(), expires.Add(time.Minute-time.Microsecond), 10)
	require.NoError(t, err)
	require.ErrorIs(t, s.JTIs.SpendAssertion(t.Context(), "a", "jti", expires), storage.ErrConflict)
	_, err = s.Sweep(t.Context(), expires.Add(time.Minute), 10)
	require.NoError(t, err)
	require.NoError(t, s.JTIs.SpendAssertion(t.Context(), "a", "jti", expires))
	require.ErrorIs(t, s.JTIs.SpendAssertion(t.Context(), "b", "jti", expires), storage.ErrConflict, "it is another client's and has not expired")
}

func proofsAreGoodOnce(t *testing.T, db *Database) {
	s, other := db.Open(t), db.Open(t)
	expires := Now.Add(time.Minute)
	require.NoError(t, s.JTIs.SpendProof(t.Context(), "a", "jti", expires))
	require.ErrorIs(t, other.JTIs.SpendProof(t.Context(), "a", "jti", expires.Add(time.Hour)), storage.ErrConflict, "whatever it says of its end")
	require.NoError(t, other.JTIs.SpendProof(t.Context(), "b", "jti", expires.Add(time.Second)))
	require.NoError(t, other.JTIs.SpendProof(t.Context(), "a", "JTI", expires))
	require.NoError(t, s.JTIs.SpendProof(t.Context(), "a", "\x00\xff", expires))
	_, err := s.Sweep(t.Context(), expires.Add(time.Minute-time.Microsecond), 10)
	require.NoError(t, err)
	require.ErrorIs(t, s.JTIs.SpendProof(t.Context(), "a", "jti", expires), storage.ErrConflict)
	_, err = s.Sweep(t.Context(), expires.Add(time.Minute), 10)
	require.NoError(t, err)
	require.NoError(t, s.JTIs.SpendProof(t.Context(), "a", "jti", expires))
	require.ErrorIs(t, s.JTIs.SpendProof(t.Context(), "b", "jti", expires), storage.ErrConflict, "it is another key's and has not expired")
}
