package storage_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

var moreContests = []contest{
	{"replace a password hash", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u, _, _ := storagetest.EnrolledUser(t, s)
		login, err := s.Passwords.ByLogin(t.Context(), u.Email)
		require.NoError(t, err)
		return func(s *storage.Store) error {
			return s.Passwords.Rehash(t.Context(), u.ID, login.Hash, rand.Text())
		}
	}},
	{"replace claims", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u := storagetest.User(t, s)
		return func(s *storage.Store) error {
			return s.Users.ReplaceClaims(t.Context(), u.ID, storage.Claims{"name": rand.Text()}, u.UpdatedAt.Time, now)
		}
	}},
	{"end a session", storage.ErrNotFound, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u := storagetest.User(t, s)
		at := signedIn(t, s, u)
		return func(s *storage.Store) error { return s.Sessions.EndByID(t.Context(), u.ID, at.ID()) }
	}},
	{"close the accounts of the last two administrators", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		others, err := s.Users.List(t.Context(), "", 1000)
		require.NoError(t, err)
		for _, u := range others {
			if u.Admin { // left over from the previous round
				require.NoError(t, s.Users.Delete(t.Context(), u.ID))
			}
		}
		both := make([]storage.User, 2)
		for i := range both {
			id := storage.NewID()
			both[i] = storage.User{ID: id, Email: id + "@example.test", Admin: true, CreatedAt: storage.At(now), UpdatedAt: storage.At(now)}
			require.NoError(t, s.Users.Add(t.Context(), both[i]))
		}
		var next atomic.Int64
		return func(s *storage.Store) error {
			err := s.Users.DeleteUnlessLastAdmin(t.Context(), both[next.Add(1)%2].ID)
			if errors.Is(err, storage.ErrNotFound) { // the account of the faster racer
				return storage.ErrStale
			}
			return err
		}
	}},
	{"decide on a device", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		d := storage.DeviceRequest{
			ID: storage.NewID(), DeviceHash: storage.Hash(rand.Text()), UserMAC: storage.Hash(rand.Text()), ClientID: storagetest.Client(t, s).ID,
			CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour)),
		}
		require.NoError(t, s.Devices.Add(t.Context(), d))
		var next atomic.Int64
		return func(s *storage.Store) error {
			if next.Add(1)%2 == 0 {
				return s.Devices.Approve(t.Context(), d.ID, now)
			}
			return s.Devices.Deny(t.Context(), d.ID, now)
		}
	}},
	{"claim a mail", storage.ErrNotFound, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		at := now.Add(-time.Duration(mails.Add(1)) * time.Hour) // the only one due at its time
		require.NoError(t, s.Outbox.Add(t.Context(), storage.Mail{ID: storage.NewID(), Recipient: "ada@example.test", Body: "x", CreatedAt: at}))
		return func(s *storage.Store) error {
			_, err := s.Outbox.Claim(t.Context(), now.Add(24*time.Hour), at)
			return err
		}
	}},
	{"retire a signing key", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		k := storage.SigningKey{ID: storage.NewID(), Algorithm: "ES256", Public: json.RawMessage(`{}`), Private: []byte{1}, CreatedAt: now, SignsFrom: now}
		require.NoError(t, s.Keys.Add(t.Context(), k))
		return func(s *storage.Store) error { return s.Keys.Retire(t.Context(), k.ID, now, now) }
	}},
	{"use an initial access token", storage.ErrNotFound, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		token := storage.InitialToken{
			ID: storage.NewID(), Hash: storage.Hash(rand.Text()), Uses: 1, UsesLeft: 1, CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour)),
		}
		require.NoError(t, s.InitialTokens.Add(t.Context(), token))
		return func(s *storage.Store) error {
			_, err := s.InitialTokens.Spend(t.Context(), token.Hash, now)
			return err
		}
	}},
	{"remove a client", storage.ErrNotFound, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		c := storagetest.Client(t, s)
		return func(s *storage.Store) error { return s.Clients.Delete(t.Context(), c.ID) }
	}},
	{"end the wait for a new address", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u := storagetest.User(t, s)
		require.NoError(t, s.Users.BeginEmailChange(t.Context(), u, now.Add(time.Hour)))
		var next atomic.Int64
		return func(s *storage.Store) error {
			if next.Add(1)%2 == 0 {
				return s.Users.EndEmailChange(t.Context(), u.ID)
			}
			return s.Users.ChangeEmail(t.Context(), u.ID, u.ID+"@other.test", now)
		}
	}},
}

// mails counts the contests for a mail.
var mails atomic.Int64
