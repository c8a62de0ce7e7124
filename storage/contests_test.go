package storage_test

import (
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// contest prepares one round on the first replica and returns a function that every racer calls on its own replica. lost is the error of
// all racers but one.
type contest struct {
	name    string
	lost    error
	prepare func(t *testing.T, s *storage.Store) (race func(s *storage.Store) error)
}

var contests = []contest{
	{"redeem a code", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		g := grant(t, s)
		return func(s *storage.Store) error {
			if _, err := s.Grants.ByCode(t.Context(), g.CodeHash); err != nil {
				return err
			}
			return s.Grants.RedeemCode(t.Context(), g.ID, redemption, now)
		}
	}},
	{"rotate a refresh token", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		g := grant(t, s)
		require.NoError(t, s.Grants.RedeemCode(t.Context(), g.ID, redemption, now))
		return func(s *storage.Store) error {
			if _, err := s.Grants.ByID(t.Context(), g.ID, ""); err != nil {
				return err
			}
			return s.Grants.RotateRefreshToken(t.Context(), g.ID, 1, "", now.Add(time.Hour), now)
		}
	}},
	{"revoke a grant", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		g := grant(t, s)
		return func(s *storage.Store) error { return s.Grants.Revoke(t.Context(), g.ID, "", now) }
	}},
	{"spend a time step", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		_, a, _ := storagetest.EnrolledUser(t, s)
		return func(s *storage.Store) error {
			if _, err := s.Authenticators.OfUser(t.Context(), a.UserID); err != nil {
				return err
			}
			return s.Authenticators.SpendSteps(t.Context(), map[string]int64{a.ID: 1000}, now)
		}
	}},
	{"spend a recovery code", storage.ErrNotFound, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u, _, codes := storagetest.EnrolledUser(t, s)
		return func(s *storage.Store) error {
			if _, err := s.RecoveryCodes.CountUnused(t.Context(), u.ID); err != nil {
				return err
			}
			return s.RecoveryCodes.Spend(t.Context(), u.ID, codes[3], now)
		}
	}},
	{"spend a link", storage.ErrNotFound, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		link := storage.Link{
			Hash: storage.Hash(rand.Text()), Purpose: storage.LinkEnrol, UserID: storagetest.User(t, s).ID,
			CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour)),
		}
		require.NoError(t, s.Links.Add(t.Context(), link))
		return func(s *storage.Store) error {
			if _, err := s.Links.ByHash(t.Context(), link.Hash, link.Purpose); err != nil {
				return err
			}
			return s.Links.Spend(t.Context(), link.Hash, link.Purpose, now)
		}
	}},
	{"confirm an enrolment", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		e := enrolment(t, s)
		return func(s *storage.Store) error {
			if _, err := s.Enrolments.ByPurpose(t.Context(), e.Purpose, now); err != nil {
				return err
			}
			return s.Enrolments.Confirm(t.Context(), e.ID, 7, []string{rand.Text()}, now.Add(time.Hour))
		}
	}},
	{"end an enrolment", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		e := enrolment(t, s)
		return func(s *storage.Store) error { return s.Enrolments.End(t.Context(), e.ID) }
	}},
	{"put new recovery codes into force", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		sheet, err := s.RecoveryCodes.StartSheet(t.Context(), storage.CodeSheet{
			ID: storage.NewID(), UserID: storagetest.User(t, s).ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		}, now)
		require.NoError(t, err)
		return func(s *storage.Store) error { return s.RecoveryCodes.KeepSheet(t.Context(), sheet.ID, now) }
	}},
	{"remove one of two authenticators", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u, a, _ := storagetest.EnrolledUser(t, s)
		b := a
		b.ID = storage.NewID()
		require.NoError(t, s.Authenticators.Add(t.Context(), b))
		both := []string{a.ID, b.ID}
		var next atomic.Int64
		return func(s *storage.Store) error {
			if _, err := s.Authenticators.OfUser(t.Context(), u.ID); err != nil {
				return err
			}
			return s.Authenticators.Remove(t.Context(), u.ID, both[next.Add(1)%2])
		}
	}},
	{"complete a sign-in", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		h := storagetest.HalfSignIn(t, s, storagetest.User(t, s))
		return func(s *storage.Store) error {
			if _, err := s.Sessions.HalfSignIn(t.Context(), h.TokenHash, now); err != nil && !errors.Is(err, storage.ErrNotFound) {
				return err // a racer that reads after the winner finds nothing, and tries all the same
			}
			return s.Sessions.CompleteSignIn(t.Context(), h.TokenHash, storage.Completion{
				TokenHash: storage.Hash(rand.Text()), IdleUntil: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour),
			}, now)
		}
	}},
	{"end a flow", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		f := storage.Flow{
			ID: storage.NewID(), BrowserHash: storage.Hash("browser"), ClientID: storagetest.Client(t, s).ID,
			CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour)),
		}
		require.NoError(t, s.Flows.Add(t.Context(), f))
		return func(s *storage.Store) error { return s.Flows.End(t.Context(), f.ID) }
	}},
	{"take a name", storage.ErrConflict, func(t *testing.T, _ *storage.Store) func(*storage.Store) error {
		spellings := []string{"Straße@example.test", "STRASSE@EXAMPLE.TEST", "strasse@example.test", "ｓtrasse@example.test"}
		suffix := storage.NewID()
		var next atomic.Int64
		return func(s *storage.Store) error {
			u := storage.User{ID: storage.NewID(), CreatedAt: storage.At(now), UpdatedAt: storage.At(now)}
			u.Email = spellings[next.Add(1)%int64(len(spellings))] + suffix
			return s.Users.Add(t.Context(), u)
		}
	}},
	{"change a client", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		c := storagetest.Client(t, s)
		return func(s *storage.Store) error { return s.Clients.Update(t.Context(), c, now) }
	}},
	{"spend an assertion", storage.ErrConflict, func(t *testing.T, _ *storage.Store) func(*storage.Store) error {
		jti := storage.NewID()
		return func(s *storage.Store) error {
			return s.JTIs.SpendAssertion(t.Context(), "client", jti, now.Add(time.Minute))
		}
	}},
	{"spend a proof", storage.ErrConflict, func(t *testing.T, _ *storage.Store) func(*storage.Store) error {
		jti := storage.NewID()
		return func(s *storage.Store) error { return s.JTIs.SpendProof(t.Context(), "key", jti, now.Add(time.Minute)) }
	}},
	{"spend a sign-up", storage.ErrNotFound, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		r := storage.SignUp{Hash: storage.Hash(rand.Text()), CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour))}
		require.NoError(t, s.SignUps.Add(t.Context(), r))
		return func(s *storage.Store) error {
			if _, err := s.SignUps.ByHash(t.Context(), r.Hash, now); err != nil && !errors.Is(err, storage.ErrNotFound) {
				return err
			}
			return s.SignUps.Spend(t.Context(), r.Hash, now)
		}
	}},
	{"record an exposed password", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u := storagetest.User(t, s)
		return func(s *storage.Store) error { return s.Passwords.MarkExposed(t.Context(), u.ID, u.Epoch, now) }
	}},
	{"confirm a new address", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u := storagetest.User(t, s)
		require.NoError(t, s.Users.BeginEmailChange(t.Context(), u, now.Add(time.Hour)))
		return func(s *storage.Store) error { return s.Users.ChangeEmail(t.Context(), u.ID, u.ID+"@other.test", now) }
	}},
	{"renew a session", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u := storagetest.User(t, s)
		session := storagetest.SignIn(t, s, u)
		require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, now))
		u.Epoch++
		return func(s *storage.Store) error {
			return s.Sessions.Renew(t.Context(), session, storage.Hash(rand.Text()), u, "", now)
		}
	}},
	{"count the last event allowed", errNotAllowed, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		key := storage.NewID()
		for range 2 {
			_, _, err := s.Attempts.Allow(t.Context(), key, 3, time.Hour, now)
			require.NoError(t, err)
		}
		return func(s *storage.Store) error {
			allowed, _, err := s.Attempts.Allow(t.Context(), key, 3, time.Hour, now)
			if err == nil && !allowed {
				return errNotAllowed
			}
			return err
		}
	}},
	{"take a lease", errNotHeld, func(t *testing.T, _ *storage.Store) func(*storage.Store) error {
		task := storage.NewID()
		return func(s *storage.Store) error {
			held, err := s.Lease(task, time.Minute).Take(t.Context(), now)
			if err == nil && !held {
				return errNotHeld
			}
			return err
		}
	}},
}

var (
	errNotHeld    = errors.New("somebody else has the lease")
	errNotAllowed = errors.New("too many events")
	redemption    = storage.Redemption{Generation: 1, IdleUntil: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour)}
)

func grant(t *testing.T, s *storage.Store) storage.Grant {
	return storagetest.Grant(t, s, storagetest.User(t, s), storagetest.Client(t, s))
}

func enrolment(t *testing.T, s *storage.Store) storage.Enrolment {
	e, err := s.Enrolments.Start(t.Context(), storage.Enrolment{
		Purpose: storage.Purpose{UserID: storagetest.User(t, s).ID, Kind: storage.EnrolFirst},
		ID:      storage.NewID(), Secret: []byte("secret"), Algorithm: "SHA1", Digits: 6, Period: 30,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}, now)
	require.NoError(t, err)
	return e
}
