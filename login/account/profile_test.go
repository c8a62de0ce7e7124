package account_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// withClaims adds Ada with claims that an operator has stored.
func (o *office) withClaims(claims map[string]any) storage.User {
	o.t.Helper()
	user, _, err := o.Operate.Add(o.t.Context(), identity.NewUser{Email: ada, Groups: []string{"staff"}, Claims: claims}, audit.Operator(), enrolledAt)
	require.NoError(o.t, err)
	return user
}

func (o *office) change(user storage.User, own self.Own, now time.Time) (storage.User, error) {
	return o.Self.ChangeProfile(o.t.Context(), user.ID, own, user.UpdatedAt.Time, o.person().visitor, now)
}

func TestProfileIsChangedByItsOwner(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		user := o.withClaims(map[string]any{
			"name": "Ada", "shoe_size": 38.0, "phone_number": "+4930123", "phone_number_verified": true,
			"address": map[string]any{"formatted": "Hafen 1\n10115 Berlin"},
		})
		require.Equal(t, "Hafen 1\n10115 Berlin", self.OwnOf(user)["street_address"], "an address known only as a whole can be edited")
		same, err := o.change(user, self.OwnOf(user), start)
		require.NoError(t, err)
		require.Equal(t, user, same, "saving the same values again changes nothing")
		require.Zero(t, o.events(audit.ProfileChanged))

		changed, err := o.change(user, self.Own{
			"name": "  Ada Example ", "nickname": "ada", "birthdate": "1815-12-10", "phone_number": "+49 30 1234",
			"street_address": "Hafen 1\r\nHinterhaus", "locality": "Berlin", "picture": "",
		}, start)
		require.NoError(t, err)
		require.Equal(t, storage.Claims{
			"name": "Ada Example", "nickname": "ada", "birthdate": "1815-12-10", "phone_number": "+49 30 1234", "shoe_size": 38.0,
			"address": map[string]any{"street_address": "Hafen 1\nHinterhaus", "locality": "Berlin"},
		}, changed.Claims, "a new number is not verified, and the operator's other claims stay")
		require.Equal(t, []string{"staff"}, []string(changed.Groups))
		require.Equal(t, 1, o.events(audit.ProfileChanged))

		emptied, err := o.change(changed, self.Own{"name": "", "street_address": "", "locality": " "}, start)
		require.NoError(t, err)
		require.NotContains(t, emptied.Claims, "name")
		require.NotContains(t, emptied.Claims, "address")
	})
}

func TestProfileRefuses(t *testing.T) {
	o := openOffice(t, storagetest.SQLite(t))
	user := o.withClaims(map[string]any{"zoneinfo": "Europe/Berlin"})
	long := strings.Repeat("a", 1025)
	for name, texts := range map[string]map[string]self.ProfileFault{
		"name":           {long: self.FaultText, "Ada\u202e": self.FaultText, "two\nlines": self.FaultText},
		"picture":        {"javascript:alert(1)": self.FaultLink, "example.test/a.png": self.FaultLink, "https://" + long: self.FaultText},
		"website":        {"ftp://example.test": self.FaultLink},
		"phone_number":   {"call me": self.FaultPhone, "+": self.FaultPhone, "12": self.FaultPhone},
		"birthdate":      {"1.1.1990": self.FaultBirthdate, "1990-02-30": self.FaultBirthdate, "2990-01-01": self.FaultBirthdate, "2990": self.FaultBirthdate, "0000-02-30": self.FaultBirthdate},
		"zoneinfo":       {"../../etc": self.FaultZone},
		"locale":         {"not a language": self.FaultLanguage},
		"locality":       {"two\nlines": self.FaultText, long: self.FaultText},
		"street_address": {"bell\x07": self.FaultText, long: self.FaultText},
	} {
		for text, fault := range texts {
			_, err := o.change(user, self.Own{name: text, "nickname": "ada"}, start)
			var faults self.ProfileError
			require.ErrorAs(t, err, &faults, "%s %q", name, text)
			require.Equal(t, self.ProfileError{name: fault}, faults, "%s %q", name, text)
		}
	}
	for name, text := range map[string]string{
		"birthdate": "0000-02-29", "phone_number": "+1 (555) 010-99;ext=7", "locale": "pt-BR", "street_address": "1\n2", "website": "http://example.test/~ada",
	} {
		_, err := o.change(user, self.Own{name: text}, start)
		require.NoError(t, err, name)
		user, err = o.store.Users.ByID(t.Context(), user.ID)
		require.NoError(t, err)
	}
}

func TestProfileRefusesClaimsOfTheOperator(t *testing.T) {
	o := openOffice(t, storagetest.SQLite(t))
	user := o.withClaims(map[string]any{"name": "Ada"})
	for _, name := range []string{
		"id", "sub", "email", "email_verified", "phone_number_verified", "groups", "admin", "username", "preferred_username", "updated_at", "profile",
		"address", "formatted", "shoe_size", "", "claims", "disabled_at", "epoch",
	} {
		_, err := o.change(user, self.Own{name: "x", "nickname": "ada"}, start)
		var fault *identity.InvalidError
		require.ErrorAs(t, err, &fault, name)
	}
	found, err := o.store.Users.ByID(t.Context(), user.ID)
	require.NoError(t, err)
	require.Equal(t, user, found)
}

func TestProfileLosesNoEdit(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		user := o.withClaims(nil)
		var won atomic.Int64
		var wait sync.WaitGroup
		for range 50 {
			wait.Go(func() {
				_, err := o.change(user, self.Own{"nickname": storage.NewID()}, start)
				if err == nil {
					won.Add(1)
				} else {
					require.ErrorIs(t, err, self.ErrChangedMeanwhile)
				}
			})
		}
		wait.Wait()
		require.EqualValues(t, 1, won.Load())
		require.Equal(t, 1, o.events(audit.ProfileChanged))
		user, err := o.store.Users.ByID(t.Context(), user.ID)
		require.NoError(t, err)
		_, err = o.change(user, self.Own{"nickname": "ada"}, start)
		require.NoError(t, err, "an edit by somebody who has seen the last one is stored")
	})
}
