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
	{"an enrolment is found only for its purpose, and one for another purpose replaces it", enrolmentsKeepTheirPurpose},
	{"new recovery codes belong to the browser that was shown them, and are put into force once", codeSheetsStand},
}

func purposeOf(u storage.User) storage.Purpose {
	return storage.Purpose{UserID: u.ID, Kind: storage.EnrolFirst}
}

func newEnrolment(u storage.User) storage.Enrolment {
	return storage.Enrolment{
		Purpose: purposeOf(u), ID: storage.NewID(), Secret: []byte(rand.Text()), Algorithm: "SHA512", Digits: 7, Period: 45,
		CreatedAt: Now, ExpiresAt: Now.Add(10 * time.Minute),
	}
}

func enrolmentsStand(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	_, err := s.Enrolments.ByPurpose(t.Context(), purposeOf(u), Now)
	require.ErrorIs(t, err, storage.ErrNotFound)

	first, second := newEnrolment(u), newEnrolment(u)
	for _, e := range []storage.Enrolment{first, second} {
		stands, err := s.Enrolments.Start(t.Context(), e, Now)
		require.NoError(t, err)
		require.Equal(t, first, stands)
	}
	require.NoError(t, s.Enrolments.Confirm(t.Context(), first.ID, 9, []string{"aaa"}, first.ExpiresAt))
	_, err = s.Enrolments.CountFailure(t.Context(), first.ID)
	require.NoError(t, err)

	_, err = s.Enrolments.ByPurpose(t.Context(), purposeOf(u), first.ExpiresAt)
	require.ErrorIs(t, err, storage.ErrNotFound)
	second.CreatedAt, second.ExpiresAt = first.ExpiresAt, first.ExpiresAt.Add(time.Hour)
	stands, err := s.Enrolments.Start(t.Context(), second, first.ExpiresAt)
	require.NoError(t, err)
	require.Equal(t, second, stands, "nothing is left of the first")
	require.ErrorIs(t, s.Enrolments.End(t.Context(), first.ID), storage.ErrStale)
}

func enrolmentsAreConfirmedOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	e, err := s.Enrolments.Start(t.Context(), newEnrolment(u), Now)
	require.NoError(t, err)
	until := Now.Add(time.Hour)
	require.NoError(t, s.Enrolments.Confirm(t.Context(), e.ID, 77, []string{"aaa", "bbb"}, until))
	require.ErrorIs(t, s.Enrolments.Confirm(t.Context(), e.ID, 78, []string{"ccc"}, until), storage.ErrStale)
	require.ErrorIs(t, s.Enrolments.Confirm(t.Context(), "none", 78, nil, until), storage.ErrStale)

	e.ConfirmedStep, e.RecoveryCodes, e.ExpiresAt = 77, []string{"aaa", "bbb"}, until
	found, err := s.Enrolments.ByPurpose(t.Context(), purposeOf(u), Now)
	require.NoError(t, err)
	require.Equal(t, e, found)

	require.NoError(t, s.Enrolments.End(t.Context(), e.ID))
	require.ErrorIs(t, s.Enrolments.End(t.Context(), e.ID), storage.ErrStale)
	_, err = s.Enrolments.ByPurpose(t.Context(), purposeOf(u), Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func enrolmentFailuresAreCounted(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	e, err := s.Enrolments.Start(t.Context(), newEnrolment(u), Now)
	require.NoError(t, err)
	for i := range 3 {
		failures, err := s.Enrolments.CountFailure(t.Context(), e.ID)
		require.NoError(t, err)
		require.Equal(t, i+1, failures)
	}
	found, err := s.Enrolments.ByPurpose(t.Context(), purposeOf(u), Now)
	require.NoError(t, err)
	require.Equal(t, 3, found.Failures)
	_, err = s.Enrolments.CountFailure(t.Context(), "none")
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func enrolmentsKeepTheirPurpose(t *testing.T, db *Database) {
	s := db.Open(t)
	u, other := User(t, s), User(t, s)
	purposes := []storage.Purpose{
		{UserID: u.ID, Kind: storage.EnrolFirst},
		{UserID: u.ID, Kind: storage.EnrolRecovered, Holder: "session"},
		{UserID: u.ID, Kind: storage.EnrolAdd, Holder: "browser"},
		{UserID: u.ID, Kind: storage.EnrolAdd, Holder: "another browser"},
		{UserID: u.ID, Kind: storage.EnrolReplace, Replaces: "a", Holder: "browser"},
		{UserID: u.ID, Kind: storage.EnrolReplace, Replaces: "b", Holder: "browser"},
	}
	for i, purpose := range purposes {
		e := newEnrolment(u)
		e.Purpose = purpose
		begun, err := s.Enrolments.Start(t.Context(), e, Now)
		require.NoError(t, err)
		require.Equal(t, e, begun, "the latest purpose wins")
		_, err = s.Enrolments.CountFailure(t.Context(), e.ID)
		require.NoError(t, err)
		for j, asked := range purposes {
			found, err := s.Enrolments.ByPurpose(t.Context(), asked, Now)
			if i == j {
				require.NoError(t, err)
				require.Equal(t, 1, found.Failures, "and its count starts again")
			} else {
				require.ErrorIs(t, err, storage.ErrNotFound)
			}
		}
		_, err = s.Enrolments.ByPurpose(t.Context(), storage.Purpose{UserID: other.ID, Kind: purpose.Kind, Replaces: purpose.Replaces, Holder: purpose.Holder}, Now)
		require.ErrorIs(t, err, storage.ErrNotFound)
	}
	require.NoError(t, s.Enrolments.EndOfUser(t.Context(), other.ID))
	_, err := s.Enrolments.ByPurpose(t.Context(), purposes[5], Now)
	require.NoError(t, err)
	require.NoError(t, s.Enrolments.EndOfUser(t.Context(), u.ID))
	_, err = s.Enrolments.ByPurpose(t.Context(), purposes[5], Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func newCodeSheet(u storage.User) storage.CodeSheet {
	return storage.CodeSheet{
		ID: storage.NewID(), UserID: u.ID, Holder: "browser", Codes: []string{rand.Text(), rand.Text()},
		CreatedAt: Now, ExpiresAt: Now.Add(10 * time.Minute),
	}
}

func codeSheetsStand(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	first, second := newCodeSheet(u), newCodeSheet(u)
	for _, sheet := range []storage.CodeSheet{first, second} {
		stands, err := s.RecoveryCodes.StartSheet(t.Context(), sheet, Now)
		require.NoError(t, err)
		require.Equal(t, first, stands)
	}
	found, err := s.RecoveryCodes.Sheet(t.Context(), u.ID, "browser", Now)
	require.NoError(t, err)
	require.Equal(t, first, found)
	_, err = s.RecoveryCodes.Sheet(t.Context(), u.ID, "another browser", Now)
	require.ErrorIs(t, err, storage.ErrNotFound)

	second.Holder = "another browser"
	stands, err := s.RecoveryCodes.StartSheet(t.Context(), second, Now)
	require.NoError(t, err)
	require.Equal(t, second, stands)
	require.ErrorIs(t, s.RecoveryCodes.KeepSheet(t.Context(), first.ID, Now), storage.ErrStale)
	require.ErrorIs(t, s.RecoveryCodes.KeepSheet(t.Context(), second.ID, second.ExpiresAt), storage.ErrStale)

	_, err = s.RecoveryCodes.Sheet(t.Context(), u.ID, second.Holder, second.ExpiresAt)
	require.ErrorIs(t, err, storage.ErrNotFound)
	third := newCodeSheet(u)
	third.Holder, third.ExpiresAt = second.Holder, second.ExpiresAt.Add(time.Hour)
	stands, err = s.RecoveryCodes.StartSheet(t.Context(), third, second.ExpiresAt)
	require.NoError(t, err)
	require.Equal(t, third, stands)

	kept := func(userID, id string) bool {
		kept, err := s.RecoveryCodes.SheetKept(t.Context(), userID, id)
		require.NoError(t, err)
		return kept
	}
	require.False(t, kept(u.ID, third.ID))
	require.NoError(t, s.RecoveryCodes.KeepSheet(t.Context(), third.ID, Now))
	require.ErrorIs(t, s.RecoveryCodes.KeepSheet(t.Context(), third.ID, Now), storage.ErrStale)
	require.True(t, kept(u.ID, third.ID))
	require.False(t, kept(User(t, s).ID, third.ID))
	_, err = s.RecoveryCodes.Sheet(t.Context(), u.ID, third.Holder, Now)
	require.ErrorIs(t, err, storage.ErrNotFound, "shown once")
	fourth := newCodeSheet(u)
	fourth.Holder = third.Holder
	stands, err = s.RecoveryCodes.StartSheet(t.Context(), fourth, Now)
	require.NoError(t, err)
	require.Equal(t, fourth, stands)
}
