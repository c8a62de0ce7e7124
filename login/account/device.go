package account

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
)

// device is what the device cookie says: this browser completed a sign-in of that user. It gives the browser budgets of its
// own for wrong passwords and codes, and nothing else.
type device struct {
	ID       string `json:"id"`
	UserID   string `json:"user"`
	Epoch    int64  `json:"epoch"`
	IssuedAt int64  `json:"at"` // seconds since 1970
}

const maxDeviceCookie = 512 // characters

// sealDevice returns a device cookie for user. A browser that has one already keeps its id, so that a sign-in does not
// come with fresh budgets.
func (s *Service) sealDevice(old string, user storage.User, now time.Time) (string, error) {
	d, known := s.openDevice(old, user, now)
	if !known {
		d = device{ID: storage.NewID(), UserID: user.ID, Epoch: user.Epoch}
	}
	d.IssuedAt = now.Unix()
	return s.seal(d)
}

func (s *Service) seal(d device) (string, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	sealed, err := s.store.Keyset().Seal(text, "cookies", "device", "")
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// openDevice reads a device cookie. It is unknown when it is not ours, another user's, older than 90 days, or from before
// everything of the user was ended.
func (s *Service) openDevice(cookie string, user storage.User, now time.Time) (d device, known bool) {
	d, known = readDevice(s.store.Keyset(), cookie, now)
	return d, known && d.UserID == user.ID && d.Epoch == user.Epoch
}

func readDevice(keyset *storage.Keyset, cookie string, now time.Time) (d device, good bool) {
	if cookie == "" || len(cookie) > maxDeviceCookie {
		return device{}, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil {
		return device{}, false
	}
	text, err := keyset.Open(sealed, "cookies", "device", "")
	if err != nil || json.Unmarshal(text, &d) != nil {
		return device{}, false
	}
	return d, now.Before(time.Unix(d.IssuedAt, 0).Add(deviceLife))
}

// KnownBrowser returns the id in a device cookie of whoever completed a sign-in in this browser within 90 days; empty: nobody did.
func KnownBrowser(keyset *storage.Keyset, cookie string, now time.Time) string {
	d, good := readDevice(keyset, cookie, now)
	if !good {
		return ""
	}
	return d.ID
}

// renewDevice returns the device cookie of a user of a new epoch for a browser whose cookie was good before it.
func (s *Service) renewDevice(old string, was, fresh storage.User, now time.Time) (string, error) {
	d, known := s.openDevice(old, was, now)
	if !known {
		return s.sealDevice("", fresh, now)
	}
	d.Epoch, d.IssuedAt = fresh.Epoch, now.Unix()
	return s.seal(d)
}

// subject returns whose failures an attempt at a user's account counts among.
func (s *Service) subject(visitor Visitor, user storage.User, now time.Time) throttle.Subject {
	if d, known := s.openDevice(visitor.Device, user, now); known {
		return throttle.Device(d.ID)
	}
	return throttle.User(user.ID)
}
