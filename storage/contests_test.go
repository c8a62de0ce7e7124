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

// contest prepares one round on the first replica and returns what every racer does on its own; lost is the error of all but one.
type contest struct {
	name    string
	lost    error
	prepare func(t *testing.T, s *storage.Store) (race func(s *storage.Store) error)
}

var contests = []contest{
	{"redeem a code", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		g := grant(t, s)
		return func(s *storage.Store) error {
			if _, err := s.GrantByCode(t.Context(), g.CodeHash); err != nil {
				return err
			}
			return s.RedeemCode(t.Context(), g.ID, redemption, now)
		}
	}},
	{"rotate a refresh token", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		g := grant(t, s)
		require.NoError(t, s.RedeemCode(t.Context(), g.ID, redemption, now))
		return func(s *storage.Store) error {
			if _, err := s.Grant(t.Context(), g.ID, ""); err != nil {
				return err
			}
			return s.RotateRefreshToken(t.Context(), g.ID, 1, "", now.Add(time.Hour), now)
		}
	}},
	{"revoke a grant", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		g := grant(t, s)
		return func(s *storage.Store) error { return s.RevokeGrant(t.Context(), g.ID, "", now) }
	}},
	{"burn a time step", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		_, a, _ := storagetest.EnrolledUser(t, s)
		return func(s *storage.Store) error {
			if _, err := s.Authenticators(t.Context(), a.UserID); err != nil {
				return err
			}
			return s.BurnSteps(t.Context(), map[string]int64{a.ID: 1000}, now)
		}
	}},
	{"spend a recovery code", storage.ErrNotFound, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u, _, codes := storagetest.EnrolledUser(t, s)
		return func(s *storage.Store) error {
			if _, err := s.RecoveryCodesLeft(t.Context(), u.ID); err != nil {
				return err
			}
			return s.SpendRecoveryCode(t.Context(), u.ID, codes[3], now)
		}
	}},
	{"spend a ticket", storage.ErrNotFound, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		ticket := storage.Ticket{
			Hash: storage.Hash(rand.Text()), Kind: storage.TicketEnrol, UserID: storagetest.User(t, s).ID,
			CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour)),
		}
		require.NoError(t, s.AddTicket(t.Context(), ticket))
		return func(s *storage.Store) error {
			if _, err := s.Ticket(t.Context(), ticket.Hash, ticket.Kind); err != nil {
				return err
			}
			return s.SpendTicket(t.Context(), ticket.Hash, ticket.Kind, now)
		}
	}},
	{"confirm an enrolment", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		e := enrolment(t, s)
		return func(s *storage.Store) error {
			if _, err := s.Enrolment(t.Context(), e.Purpose, now); err != nil {
				return err
			}
			return s.ConfirmEnrolment(t.Context(), e.ID, 7, []string{rand.Text()}, now.Add(time.Hour))
		}
	}},
	{"end an enrolment", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		e := enrolment(t, s)
		return func(s *storage.Store) error { return s.EndEnrolment(t.Context(), e.ID) }
	}},
	{"put new recovery codes into force", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		sheet, err := s.StartCodeSheet(t.Context(), storage.CodeSheet{
			ID: storage.NewID(), UserID: storagetest.User(t, s).ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		}, now)
		require.NoError(t, err)
		return func(s *storage.Store) error { return s.KeepCodeSheet(t.Context(), sheet.ID, now) }
	}},
	{"remove one of two authenticators", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u, a, _ := storagetest.EnrolledUser(t, s)
		b := a
		b.ID = storage.NewID()
		require.NoError(t, s.AddAuthenticator(t.Context(), b))
		both := []string{a.ID, b.ID}
		var next atomic.Int64
		return func(s *storage.Store) error {
			if _, err := s.Authenticators(t.Context(), u.ID); err != nil {
				return err
			}
			return s.RemoveAuthenticator(t.Context(), u.ID, both[next.Add(1)%2])
		}
	}},
	{"complete a sign-in", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		h := storagetest.HalfSignIn(t, s, storagetest.User(t, s))
		return func(s *storage.Store) error {
			if _, err := s.HalfSignIn(t.Context(), h.TokenHash, now); err != nil && !errors.Is(err, storage.ErrNotFound) {
				return err // who reads after the winner finds nothing, and tries all the same
			}
			return s.CompleteSignIn(t.Context(), h.TokenHash, storage.Completion{
				TokenHash: storage.Hash(rand.Text()), IdleUntil: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour),
			}, now)
		}
	}},
	{"end a flow", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		f := storage.Flow{
			ID: storage.NewID(), BrowserHash: storage.Hash("browser"), ClientID: storagetest.Client(t, s).ID,
			CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour)),
		}
		require.NoError(t, s.SaveFlow(t.Context(), f))
		return func(s *storage.Store) error { return s.EndFlow(t.Context(), f.ID) }
	}},
	{"take a name", storage.ErrConflict, func(t *testing.T, _ *storage.Store) func(*storage.Store) error {
		spellings := []string{"Straße@example.test", "STRASSE@EXAMPLE.TEST", "strasse@example.test", "ｓtrasse@example.test"}
		suffix := storage.NewID()
		var next atomic.Int64
		return func(s *storage.Store) error {
			u := storage.User{ID: storage.NewID(), CreatedAt: storage.At(now), UpdatedAt: storage.At(now)}
			u.Email = spellings[next.Add(1)%int64(len(spellings))] + suffix
			return s.AddUser(t.Context(), u)
		}
	}},
	{"change a client", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		c := storagetest.Client(t, s)
		return func(s *storage.Store) error { return s.UpdateClient(t.Context(), c, now) }
	}},
	{"spend an assertion", storage.ErrConflict, func(t *testing.T, _ *storage.Store) func(*storage.Store) error {
		jti := storage.NewID()
		return func(s *storage.Store) error {
			return s.SpendAssertion(t.Context(), "client", jti, now.Add(time.Minute))
		}
	}},
	{"spend a proof", storage.ErrConflict, func(t *testing.T, _ *storage.Store) func(*storage.Store) error {
		jti := storage.NewID()
		return func(s *storage.Store) error { return s.SpendProof(t.Context(), "key", jti, now.Add(time.Minute)) }
	}},
	{"spend a registration", storage.ErrNotFound, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		r := storage.Registration{Hash: storage.Hash(rand.Text()), CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(time.Hour))}
		require.NoError(t, s.AddRegistration(t.Context(), r))
		return func(s *storage.Store) error {
			if _, err := s.Registration(t.Context(), r.Hash, now); err != nil && !errors.Is(err, storage.ErrNotFound) {
				return err
			}
			return s.SpendRegistration(t.Context(), r.Hash, now)
		}
	}},
	{"note an exposed password", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u := storagetest.User(t, s)
		return func(s *storage.Store) error { return s.ExposePassword(t.Context(), u.ID, u.Epoch, now) }
	}},
	{"confirm a new address", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u := storagetest.User(t, s)
		require.NoError(t, s.BeginEmailChange(t.Context(), u, now.Add(time.Hour)))
		return func(s *storage.Store) error { return s.ChangeEmail(t.Context(), u.ID, u.ID+"@other.test", now) }
	}},
	{"renew a session", storage.ErrStale, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		u := storagetest.User(t, s)
		session := storagetest.SignIn(t, s, u)
		require.NoError(t, s.RaiseEpoch(t.Context(), u.ID, now))
		u.Epoch++
		return func(s *storage.Store) error {
			return s.RenewSession(t.Context(), session, storage.Hash(rand.Text()), u, "", now)
		}
	}},
	{"count the last event allowed", errNotAllowed, func(t *testing.T, s *storage.Store) func(*storage.Store) error {
		key := storage.NewID()
		for range 2 {
			_, _, err := s.CountEvent(t.Context(), key, 3, time.Hour, now)
			require.NoError(t, err)
		}
		return func(s *storage.Store) error {
			allowed, _, err := s.CountEvent(t.Context(), key, 3, time.Hour, now)
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
	errNotHeld    = errors.New("somebody else holds the lease")
	errNotAllowed = errors.New("too many events")
	redemption    = storage.Redemption{Generation: 1, IdleUntil: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour)}
)

func grant(t *testing.T, s *storage.Store) storage.Grant {
	return storagetest.Grant(t, s, storagetest.User(t, s), storagetest.Client(t, s))
}

func enrolment(t *testing.T, s *storage.Store) storage.Enrolment {
	e, err := s.StartEnrolment(t.Context(), storage.Enrolment{
		Purpose: storage.Purpose{UserID: storagetest.User(t, s).ID, Kind: storage.EnrolFirst},
		ID:      storage.NewID(), Secret: []byte("secret"), Algorithm: "SHA1", Digits: 6, Period: 30,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}, now)
	require.NoError(t, err)
	return e
}
