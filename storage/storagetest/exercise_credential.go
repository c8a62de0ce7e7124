package storagetest

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var credentialBehaviours = []behaviour{
	{"time steps in the future are rewound", futureStepsAreTakenBack},
	{"a password is set, found by name and replaced", passwordsAreSet},
	{"a hash is replaced only if it is still the one that was read", hashesAreReplacedWhenSeen},
	{"authenticators are listed in order of age", authenticatorsRoundTrip},
	{"a time step is accepted once, and none before it", stepsBurnForwards},
	{"a time step that one of several authenticators has accepted is refused for all", stepsBurnTogether},
	{"a secret that cannot be decrypted does not affect the others", oneBrokenSecretLeavesTheOthers},
	{"a recovery code works once, for its user", recoveryCodesAreGoodOnce},
	{"an authenticator is renamed and removed by its owner, never the last", authenticatorsAreRemoved},
	{"removing the factors removes all of them", factorsAreRemoved},
	{"locking a user fails once the account has changed", usersAreHeld},
}

func passwordsAreSet(t *testing.T, db *Database) {
	s := db.Open(t)
	u := newUser()
	u.Email, u.Username = "Ada@Example.test", "ada"
	require.NoError(t, s.Users.Add(t.Context(), u))
	login, err := s.Passwords.ByLogin(t.Context(), "ada@example.TEST")
	require.NoError(t, err)
	require.Equal(t, storage.PasswordLogin{User: u}, login)

	for _, hash := range []string{"first", "second"} {
		require.NoError(t, s.Passwords.Set(t.Context(), u.ID, hash, Now))
		login, err = s.Passwords.ByLogin(t.Context(), "ADA")
		require.NoError(t, err)
		require.Equal(t, storage.PasswordLogin{User: u, Hash: hash}, login)
	}
	for _, name := range []string{"", "nobody", u.ID} {
		_, err = s.Passwords.ByLogin(t.Context(), name)
		require.ErrorIs(t, err, storage.ErrNotFound, name)
	}
}

func hashesAreReplacedWhenSeen(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	require.NoError(t, s.Passwords.Set(t.Context(), u.ID, "old", Now))
	require.NoError(t, s.Passwords.Rehash(t.Context(), u.ID, "old", "new"))
	require.ErrorIs(t, s.Passwords.Rehash(t.Context(), u.ID, "old", "newer"), storage.ErrStale)
	login, err := s.Passwords.ByLogin(t.Context(), u.Username)
	require.NoError(t, err)
	require.Equal(t, "new", login.Hash)
}

func authenticatorsRoundTrip(t *testing.T, db *Database) {
	s := db.Open(t)
	u, other := User(t, s), User(t, s)
	var added []storage.Authenticator
	for i, name := range []string{"Phone", "Tablet", "Schlüssel"} {
		a := storage.Authenticator{
			ID: storage.NewID(), UserID: u.ID, Kind: []string{storage.KindTOTP, "other"}[i%2], Name: name, Secret: []byte{1, 2, 3, byte(i)}, Algorithm: "SHA256", Digits: 8, Period: 60,
			LastStep: int64(i), CreatedAt: Now.Add(time.Duration(i) * time.Second), LastUsedAt: Now.Add(time.Hour), Renew: i == 1,
		}
		require.NoError(t, s.Authenticators.Add(t.Context(), a))
		added = append(added, a)
	}
	found, err := s.Authenticators.OfUser(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, added, found)
	found, err = s.Authenticators.OfUser(t.Context(), other.ID)
	require.NoError(t, err)
	require.Empty(t, found)
}

func stepsBurnForwards(t *testing.T, db *Database) {
	s := db.Open(t)
	u, a, _ := EnrolledUser(t, s)
	later := Now.Add(time.Minute)
	require.NoError(t, s.Authenticators.SpendSteps(t.Context(), map[string]int64{a.ID: 100}, later))
	for _, step := range []int64{100, 99, 0} {
		require.ErrorIs(t, s.Authenticators.SpendSteps(t.Context(), map[string]int64{a.ID: step}, later), storage.ErrStale, step)
	}
	require.NoError(t, s.Authenticators.SpendSteps(t.Context(), map[string]int64{a.ID: 101}, later))
	require.ErrorIs(t, s.Authenticators.SpendSteps(t.Context(), map[string]int64{"none": 200}, later), storage.ErrStale)
	found, err := s.Authenticators.OfUser(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, int64(101), found[0].LastStep)
	require.Equal(t, later, found[0].LastUsedAt)
}

func stepsBurnTogether(t *testing.T, db *Database) {
	s := db.Open(t)
	u, a, _ := EnrolledUser(t, s)
	b := a
	b.ID, b.CreatedAt = storage.NewID(), Now.Add(time.Second)
	require.NoError(t, s.Authenticators.Add(t.Context(), b))
	require.NoError(t, s.Authenticators.SpendSteps(t.Context(), map[string]int64{b.ID: 100}, Now))
	require.ErrorIs(t, s.Authenticators.SpendSteps(t.Context(), map[string]int64{a.ID: 100, b.ID: 100}, Now), storage.ErrStale)
	require.NoError(t, s.Authenticators.SpendSteps(t.Context(), map[string]int64{a.ID: 101, b.ID: 102}, Now))
	found, err := s.Authenticators.OfUser(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, []int64{101, 102}, []int64{found[0].LastStep, found[1].LastStep})
}

func oneBrokenSecretLeavesTheOthers(t *testing.T, db *Database) {
	s := db.Open(t)
	u, a, _ := EnrolledUser(t, s)
	b := a
	b.ID, b.CreatedAt = storage.NewID(), Now.Add(time.Second)
	require.NoError(t, s.Authenticators.Add(t.Context(), b))
	half := HalfSignIn(t, s, u)

	raw := db.SQL(t)
	_, err := raw.Exec(`UPDATE authenticators SET secret_sealed = (SELECT x.secret_sealed FROM authenticators x WHERE x.id = '` + a.ID + `') WHERE id = '` + b.ID + `'`)
	require.NoError(t, err)
	found, err := s.Authenticators.OfUser(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, []storage.Authenticator{a}, found, "a sealed value opens in its own row only")
	h, err := s.Sessions.HalfSignIn(t.Context(), half.TokenHash, Now)
	require.NoError(t, err)
	require.Equal(t, []storage.Authenticator{a}, h.Authenticators)

	_, err = raw.Exec(`DELETE FROM authenticators WHERE id = '` + a.ID + `'`)
	require.NoError(t, err)
	_, err = s.Authenticators.OfUser(t.Context(), u.ID)
	require.ErrorIs(t, err, storage.ErrSealed)
	_, err = s.Sessions.HalfSignIn(t.Context(), half.TokenHash, Now)
	require.ErrorIs(t, err, storage.ErrSealed)
}

func recoveryCodesAreGoodOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	u, other := User(t, s), User(t, s)
	require.NoError(t, s.RecoveryCodes.Replace(t.Context(), u.ID, []string{"aaa", "bbb"}))
	require.NoError(t, s.RecoveryCodes.Replace(t.Context(), other.ID, []string{"aaa", "ccc"}))
	left := func(u storage.User) int {
		n, err := s.RecoveryCodes.CountUnused(t.Context(), u.ID)
		require.NoError(t, err)
		return n
	}
	require.Equal(t, 2, left(u))
	var distinct int
	require.NoError(t, db.SQL(t).QueryRow(`SELECT count(DISTINCT code_mac) FROM recovery_codes`).Scan(&distinct))
	require.Equal(t, 4, distinct, "equal codes of two users are stored differently")

	require.NoError(t, s.RecoveryCodes.Spend(t.Context(), u.ID, "aaa", Now))
	require.ErrorIs(t, s.RecoveryCodes.Spend(t.Context(), u.ID, "aaa", Now), storage.ErrNotFound)
	require.ErrorIs(t, s.RecoveryCodes.Spend(t.Context(), u.ID, "ccc", Now), storage.ErrNotFound, "it is another user's")
	require.ErrorIs(t, s.RecoveryCodes.Spend(t.Context(), u.ID, "", Now), storage.ErrNotFound)
	require.Equal(t, 1, left(u))
	require.Equal(t, 2, left(other))

	require.NoError(t, s.RecoveryCodes.Replace(t.Context(), u.ID, []string{"ddd"}))
	require.ErrorIs(t, s.RecoveryCodes.Spend(t.Context(), u.ID, "bbb", Now), storage.ErrNotFound)
	require.NoError(t, s.RecoveryCodes.Spend(t.Context(), u.ID, "ddd", Now))
	require.Zero(t, left(u))
}

func authenticatorsAreRemoved(t *testing.T, db *Database) {
	s := db.Open(t)
	u, a, _ := EnrolledUser(t, s)
	other, _, _ := EnrolledUser(t, s)
	require.ErrorIs(t, s.Authenticators.Remove(t.Context(), u.ID, a.ID), storage.ErrStale, "it is the last")
	b := a
	b.ID, b.CreatedAt = storage.NewID(), Now.Add(time.Second)
	require.NoError(t, s.Authenticators.Add(t.Context(), b))

	require.ErrorIs(t, s.Authenticators.Rename(t.Context(), other.ID, b.ID, "Mine"), storage.ErrNotFound)
	require.ErrorIs(t, s.Authenticators.Rename(t.Context(), u.ID, "none", "Mine"), storage.ErrNotFound)
	require.NoError(t, s.Authenticators.Rename(t.Context(), u.ID, b.ID, "Tablet"))
	b.Name = "Tablet"
	require.ErrorIs(t, s.Authenticators.Remove(t.Context(), other.ID, a.ID), storage.ErrStale)
	require.ErrorIs(t, s.Authenticators.Remove(t.Context(), u.ID, "none"), storage.ErrStale)
	count, err := s.Authenticators.Count(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, 2, count)

	require.NoError(t, s.Authenticators.Remove(t.Context(), u.ID, a.ID))
	found, err := s.Authenticators.OfUser(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, []storage.Authenticator{b}, found)
	require.ErrorIs(t, s.Authenticators.Remove(t.Context(), u.ID, b.ID), storage.ErrStale)
}

func usersAreHeld(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	require.NoError(t, s.Users.Lock(t.Context(), u))
	require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, Now))
	require.ErrorIs(t, s.Users.Lock(t.Context(), u), storage.ErrStale)
	u, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.NoError(t, s.Users.Lock(t.Context(), u))
	require.NoError(t, s.Users.Disable(t.Context(), u.ID, Now))
	u.Epoch++
	require.ErrorIs(t, s.Users.Lock(t.Context(), u), storage.ErrStale)
	require.NoError(t, s.Users.Enable(t.Context(), u.ID, Now))
	require.NoError(t, s.Users.Lock(t.Context(), u))
	require.NoError(t, s.Users.Delete(t.Context(), u.ID))
	require.ErrorIs(t, s.Users.Lock(t.Context(), u), storage.ErrStale)
}

func factorsAreRemoved(t *testing.T, db *Database) {
	s := db.Open(t)
	u, a, codes := EnrolledUser(t, s)
	other, _, _ := EnrolledUser(t, s)
	link := newLink(u)
	require.NoError(t, s.Links.Add(t.Context(), link))
	_, err := s.Enrolments.Start(t.Context(), newEnrolment(u), Now)
	require.NoError(t, err)

	_, err = s.RecoveryCodes.StartSheet(t.Context(), newCodeSheet(u), Now)
	require.NoError(t, err)

	require.NoError(t, s.Users.RemoveFactors(t.Context(), u.ID))
	found, err := s.Authenticators.OfUser(t.Context(), u.ID)
	require.NoError(t, err)
	require.Empty(t, found)
	require.ErrorIs(t, s.Authenticators.SpendSteps(t.Context(), map[string]int64{a.ID: 1}, Now), storage.ErrStale)
	require.ErrorIs(t, s.RecoveryCodes.Spend(t.Context(), u.ID, codes[0], Now), storage.ErrNotFound)
	require.ErrorIs(t, s.Links.Spend(t.Context(), link.Hash, link.Purpose, Now), storage.ErrNotFound)
	_, err = s.Enrolments.ByPurpose(t.Context(), purposeOf(u), Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = s.RecoveryCodes.Sheet(t.Context(), u.ID, "browser", Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	login, err := s.Passwords.ByLogin(t.Context(), u.Username)
	require.NoError(t, err)
	require.NotEmpty(t, login.Hash)

	found, err = s.Authenticators.OfUser(t.Context(), other.ID)
	require.NoError(t, err)
	require.Len(t, found, 1)
}

func futureStepsAreTakenBack(t *testing.T, db *Database) {
	s := db.Open(t)
	u, a, _ := EnrolledUser(t, s)
	present := Now.Unix() / int64(a.Period)
	for last, want := range map[int64]int64{
		present + 1e6: present, present + 2: present, present + 1: present + 1, present: present, present - 1: present - 1,
	} {
		_, err := db.SQL(t).Exec(`UPDATE authenticators SET last_step = ` + strconv.FormatInt(last, 10))
		require.NoError(t, err)
		require.NoError(t, s.Authenticators.RewindSteps(t.Context(), newUser().ID, Now))
		require.NoError(t, s.Authenticators.RewindSteps(t.Context(), u.ID, Now))
		found, err := s.Authenticators.OfUser(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, want, found[0].LastStep)
	}
}
