package storagetest

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var secretBehaviours = []behaviour{
	{"no secret is readable in the database", secretsAreSealed},
	{"a sealed value moved to another row does not open", movedSecretsDoNotOpen},
	{"resealing covers every secret and can be stopped", resealingReachesEverything},
	{"resealing skips what cannot be decrypted", resealingLeavesWhatDoesNotOpen},
}

// sealedColumns are the columns with sealed values, each with the column that names the row.
var sealedColumns = []struct{ table, column, row string }{
	{"secrets", "value_sealed", "name"},
	{"authenticators", "secret_sealed", "id"},
	{"enrolments", "secret_sealed", "id"},
	{"enrolments", "codes_sealed", "id"},
	{"code_sheets", "codes_sealed", "id"},
	{"signing_keys", "private_sealed", "id"},
	{"outbox", "body_sealed", "id"},
	{"outbox", "html_sealed", "id"},
}

const knownSecret = "-a secret that must not be readable-"

// addSecrets adds n values to every sealed column except that of the key for keyed hashes, and returns their users.
func addSecrets(t *testing.T, s *storage.Store, n int) []storage.User {
	t.Helper()
	var users []storage.User
	for range n {
		u := User(t, s)
		users = append(users, u)
		require.NoError(t, s.Authenticators.Add(t.Context(), storage.Authenticator{
			ID: storage.NewID(), UserID: u.ID, Kind: storage.KindTOTP, Secret: []byte(knownSecret), Algorithm: "SHA1", Digits: 6, Period: 30, CreatedAt: Now,
		}))
		e := newEnrolment(u)
		e.Secret = []byte(knownSecret)
		_, err := s.Enrolments.Start(t.Context(), e, Now)
		require.NoError(t, err)
		require.NoError(t, s.Enrolments.Confirm(t.Context(), e.ID, 1, []string{knownSecret}, e.ExpiresAt))
		sheet := newCodeSheet(u)
		sheet.Codes = []string{knownSecret}
		_, err = s.RecoveryCodes.StartSheet(t.Context(), sheet, Now)
		require.NoError(t, err)
		key := newSigningKey(storage.NewID())
		key.Private = []byte(knownSecret)
		require.NoError(t, s.Keys.Add(t.Context(), key))
		require.NoError(t, s.Outbox.Add(t.Context(), storage.Mail{ID: storage.NewID(), Recipient: "ada@example.test", Body: knownSecret, HTML: knownSecret, CreatedAt: Now}))
	}
	return users
}

// sealed returns every sealed value in the database.
func sealed(t *testing.T, db *Database) map[string][][]byte {
	t.Helper()
	raw, values := db.SQL(t), map[string][][]byte{}
	for _, c := range sealedColumns {
		rows, err := raw.Query(`SELECT ` + c.column + ` FROM ` + c.table + ` WHERE ` + c.column + ` IS NOT NULL`)
		require.NoError(t, err)
		for rows.Next() {
			var value []byte
			require.NoError(t, rows.Scan(&value))
			values[c.table+"."+c.column] = append(values[c.table+"."+c.column], value)
		}
		require.NoError(t, errors.Join(rows.Err(), rows.Close()))
	}
	return values
}

func secretsAreSealed(t *testing.T, db *Database) {
	s := db.Open(t)
	addSecrets(t, s, 2)
	values := sealed(t, db)
	require.Len(t, values, len(sealedColumns))
	for column, found := range values {
		for _, value := range found {
			require.False(t, bytes.Contains(value, []byte(knownSecret)), column)
			require.True(t, db.Keyset.Current(value), column)
		}
	}
}

func movedSecretsDoNotOpen(t *testing.T, db *Database) {
	s := db.Open(t)
	users := addSecrets(t, s, 2)
	raw := db.SQL(t)
	for _, c := range sealedColumns[1:] {
		_, err := raw.Exec(`UPDATE ` + c.table + ` SET ` + c.column + ` = (
			SELECT x.` + c.column + ` FROM ` + c.table + ` x ORDER BY x.` + c.row + ` LIMIT 1)`)
		require.NoError(t, err)
	}
	opened := func(errs ...error) (n int) {
		for _, err := range errs {
			if err == nil {
				n++
			} else {
				require.ErrorIs(t, err, storage.ErrSealed)
			}
		}
		return n
	}
	var authenticators, enrolments, sheets []error
	for _, u := range users {
		_, err := s.Authenticators.OfUser(t.Context(), u.ID)
		authenticators = append(authenticators, err)
		_, err = s.Enrolments.ByPurpose(t.Context(), purposeOf(u), Now)
		enrolments = append(enrolments, err)
		_, err = s.RecoveryCodes.Sheet(t.Context(), u.ID, "browser", Now)
		sheets = append(sheets, err)
	}
	require.Equal(t, 1, opened(authenticators...))
	require.Equal(t, 1, opened(enrolments...))
	require.Equal(t, 1, opened(sheets...))
	keys, err := s.Keys.List(t.Context())
	require.NoError(t, err)
	require.Len(t, keys, 2)
	require.NotEqual(t, keys[0].Private == nil, keys[1].Private == nil)
	mails, err := s.Outbox.List(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, mails, 2)
	require.NotEqual(t, mails[0].Body == "", mails[1].Body == "")
}

func resealingReachesEverything(t *testing.T, db *Database) {
	s := db.Open(t)
	users := addSecrets(t, s, 5)
	all := 1 + 5*(len(sealedColumns)-1)
	mac := s.MAC("test")
	rewritten, err := s.Reseal(t.Context(), 2, nil)
	require.NoError(t, err)
	require.Zero(t, rewritten, "all are sealed with the primary key")

	rotated, err := db.Keyset.Rotated()
	require.NoError(t, err)
	var faults Faults
	after := &Database{URL: db.URL, Keyset: rotated}
	s = after.Open(t, faults.Intercept)
	faults.Fail(20, false, errRefused)
	first, err := s.Reseal(t.Context(), 2, nil)
	require.ErrorIs(t, err, errRefused)
	require.NotZero(t, first)
	second, err := s.Reseal(t.Context(), 2, nil)
	require.NoError(t, err)
	require.Equal(t, all, first+second)
	for column, found := range sealed(t, after) {
		for _, value := range found {
			require.True(t, rotated.Current(value), column)
			require.False(t, db.Keyset.Current(value), column)
		}
	}

	s = after.Open(t)
	require.Equal(t, mac, s.MAC("test"))
	for _, u := range users {
		e, err := s.Enrolments.ByPurpose(t.Context(), purposeOf(u), Now)
		require.NoError(t, err)
		require.Equal(t, knownSecret, string(e.Secret))
		sheet, err := s.RecoveryCodes.Sheet(t.Context(), u.ID, "browser", Now)
		require.NoError(t, err)
		require.Equal(t, []string{knownSecret}, sheet.Codes)
		require.Equal(t, []string{knownSecret}, e.RecoveryCodes)
		found, err := s.Authenticators.OfUser(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, knownSecret, string(found[0].Secret))
	}
	keys, err := s.Keys.List(t.Context())
	require.NoError(t, err)
	mails, err := s.Outbox.List(t.Context(), 100)
	require.NoError(t, err)
	for i := range 5 {
		require.Equal(t, knownSecret, string(keys[i].Private))
		require.Equal(t, knownSecret, mails[i].Body)
		require.Equal(t, knownSecret, mails[i].HTML)
	}
}

func resealingLeavesWhatDoesNotOpen(t *testing.T, db *Database) {
	s := db.Open(t)
	for i := range 4 {
		require.NoError(t, s.Outbox.Add(t.Context(), storage.Mail{
			ID: string(rune('a' + i)), Recipient: "ada@example.test", Body: knownSecret, CreatedAt: Now.Add(time.Duration(i) * time.Second),
		}))
	}
	_, err := db.SQL(t).Exec(`UPDATE outbox SET body_sealed = (SELECT x.body_sealed FROM outbox x WHERE x.id = 'a') WHERE id = 'b'`)
	require.NoError(t, err)
	rotated, err := db.Keyset.Rotated()
	require.NoError(t, err)
	s = (&Database{URL: db.URL, Keyset: rotated}).Open(t)
	rewritten, err := s.Reseal(t.Context(), 2, nil)
	require.ErrorIs(t, err, storage.ErrSealed)
	require.ErrorContains(t, err, "outbox.body_sealed")
	require.Equal(t, 4, rewritten, "the key for keyed hashes and three mails")
}
