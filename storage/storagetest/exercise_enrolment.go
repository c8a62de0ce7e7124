package storagetest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var enrolmentBehaviours = []behaviour{
	{"a second start shows the first enrolment until it expires", enrolmentsStand},
	{"an enrolment is confirmed once and ends once", enrolmentsAreConfirmedOnce},
	{"wrong codes are counted", enrolmentFailuresAreCounted},
}

func newEnrolment(u storage.User) storage.Enrolment {
	return storage.Enrolment{
		ID: storage.NewID(), UserID: u.ID, Secret: []byte(rand.Text()), Algorithm: "SHA512", Digits: 7, Period: 45,
		CreatedAt: Now, ExpiresAt: Now.Add(10 * time.Minute),
	}
}

func enrolmentsStand(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	_, err := s.Enrolment(t.Context(), u.ID, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)

	first, second := newEnrolment(u), newEnrolment(u)
	for _, e := range []storage.Enrolment{first, second} {
		stands, err := s.StartEnrolment(t.Context(), e, Now)
		require.NoError(t, err)
		require.Equal(t, first, stands)
	}
	require.NoError(t, s.ConfirmEnrolment(t.Context(), first.ID, 9, []string{"aaa"}, first.ExpiresAt))
	_, err = s.CountEnrolmentFailure(t.Context(), first.ID)
	require.NoError(t, err)

	_, err = s.Enrolment(t.Context(), u.ID, first.ExpiresAt)
	require.ErrorIs(t, err, storage.ErrNotFound)
	second.CreatedAt, second.ExpiresAt = first.ExpiresAt, first.ExpiresAt.Add(time.Hour)
	stands, err := s.StartEnrolment(t.Context(), second, first.ExpiresAt)
	require.NoError(t, err)
	require.Equal(t, second, stands, "nothing of the first is left")
	require.ErrorIs(t, s.EndEnrolment(t.Context(), first.ID), storage.ErrStale)
}

func enrolmentsAreConfirmedOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	e, err := s.StartEnrolment(t.Context(), newEnrolment(u), Now)
	require.NoError(t, err)
	until := Now.Add(time.Hour)
	require.NoError(t, s.ConfirmEnrolment(t.Context(), e.ID, 77, []string{"aaa", "bbb"}, until))
	require.ErrorIs(t, s.ConfirmEnrolment(t.Context(), e.ID, 78, []string{"ccc"}, until), storage.ErrStale)
	require.ErrorIs(t, s.ConfirmEnrolment(t.Context(), "none", 78, nil, until), storage.ErrStale)

	e.ConfirmedStep, e.RecoveryCodes, e.ExpiresAt = 77, []string{"aaa", "bbb"}, until
	found, err := s.Enrolment(t.Context(), u.ID, Now)
	require.NoError(t, err)
	require.Equal(t, e, found)

	require.NoError(t, s.EndEnrolment(t.Context(), e.ID))
	require.ErrorIs(t, s.EndEnrolment(t.Context(), e.ID), storage.ErrStale)
	_, err = s.Enrolment(t.Context(), u.ID, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func enrolmentFailuresAreCounted(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	e, err := s.StartEnrolment(t.Context(), newEnrolment(u), Now)
	require.NoError(t, err)
	for i := range 3 {
		failures, err := s.CountEnrolmentFailure(t.Context(), e.ID)
		require.NoError(t, err)
		require.Equal(t, i+1, failures)
	}
	found, err := s.Enrolment(t.Context(), u.ID, Now)
	require.NoError(t, err)
	require.Equal(t, 3, found.Failures)
	_, err = s.CountEnrolmentFailure(t.Context(), "none")
	require.ErrorIs(t, err, storage.ErrNotFound)
}
