package storagetest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var deviceBehaviours = []behaviour{
	{"a device request is found by its codes", devicesAreFound},
	{"a device request is decided once, before it expires", devicesAreDecidedOnce},
	{"a device that polls too often has to wait longer", devicesPoll},
}

func newDevice(t *testing.T, s *storage.Store) storage.DeviceRequest {
	t.Helper()
	d := storage.DeviceRequest{
		ID: storage.NewID(), DeviceHash: storage.Hash(rand.Text()), UserMAC: storage.Hash(rand.Text()), ClientID: Client(t, s).ID,
		Scopes: storage.Strings{"openid"}, ClientIP: "192.0.2.0/24", Browser: "Firefox on Linux", Interval: 5,
		CreatedAt: storage.At(Now), ExpiresAt: storage.At(Now.Add(10 * time.Minute)),
	}
	require.NoError(t, s.Devices.Add(t.Context(), d))
	return d
}

func devicesAreFound(t *testing.T, db *Database) {
	s := db.Open(t)
	d := newDevice(t, s)
	twin := d
	twin.ID, twin.DeviceHash = storage.NewID(), storage.Hash(rand.Text())
	require.ErrorIs(t, s.Devices.Add(t.Context(), twin), storage.ErrStale, "its user code is taken")
	for name, get := range map[string]func(now time.Time) (storage.DeviceRequest, error){
		"user code": func(now time.Time) (storage.DeviceRequest, error) {
			return s.Devices.ByUserCode(t.Context(), d.UserMAC, now)
		},
		"id": func(now time.Time) (storage.DeviceRequest, error) { return s.Devices.Undecided(t.Context(), d.ID, now) },
	} {
		found, err := get(Now)
		require.NoError(t, err, name)
		require.Equal(t, d, found, name)
		_, err = get(d.ExpiresAt.Time)
		require.ErrorIs(t, err, storage.ErrNotFound, name)
	}
	found, err := s.Devices.ByDeviceCode(t.Context(), d.DeviceHash)
	require.NoError(t, err)
	require.Equal(t, d, found)
	_, err = s.Devices.ByDeviceCode(t.Context(), storage.Hash("other"))
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func devicesAreDecidedOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	decisions := []func(id string, now time.Time) error{
		func(id string, now time.Time) error { return s.Devices.Approve(t.Context(), id, now) },
		func(id string, now time.Time) error { return s.Devices.Deny(t.Context(), id, now) },
	}
	for i, decide := range decisions {
		d := newDevice(t, s)
		require.ErrorIs(t, decide(d.ID, d.ExpiresAt.Time), storage.ErrStale, "too late")
		require.NoError(t, decide(d.ID, Now))
		for _, again := range decisions {
			require.ErrorIs(t, again(d.ID, Now), storage.ErrStale)
		}
		_, err := s.Devices.ByUserCode(t.Context(), d.UserMAC, Now)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = s.Devices.Undecided(t.Context(), d.ID, Now)
		require.ErrorIs(t, err, storage.ErrNotFound)
		found, err := s.Devices.ByDeviceCode(t.Context(), d.DeviceHash)
		require.NoError(t, err)
		require.Equal(t, i == 0, !found.ApprovedAt.IsZero())
		require.Equal(t, i == 1, !found.DeniedAt.IsZero())
	}
}

func devicesPoll(t *testing.T, db *Database) {
	s := db.Open(t)
	d := newDevice(t, s)
	poll := func(after time.Duration) error {
		return s.Devices.Poll(t.Context(), d.ID, time.Second, 5*time.Second, Now.Add(after))
	}
	require.NoError(t, poll(0), "the first poll")
	require.NoError(t, poll(4*time.Second), "within the slack")
	require.ErrorIs(t, poll(7*time.Second), storage.ErrStale)
	require.ErrorIs(t, poll(15*time.Second), storage.ErrStale, "the interval is 10 seconds, from the last poll on")
	require.NoError(t, poll(29*time.Second), "the interval is 15 seconds")
}
