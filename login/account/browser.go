package account

import (
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Visitor is the browser that a person's request came from.
type Visitor struct {
	ClientIP    netip.Addr // of the client; zero when it is not known
	Browser     string     // name in the list of sessions, such as "Firefox on Linux"
	TrustCookie string     // value of the cookie of a trusted browser, as the browser sent it, unchecked
	Flow        string     // id of the authorization request in progress, to which a mailed link returns; may be empty
}

// Event returns an audit entry for something that a user did in this browser.
func (v Visitor) Event(name audit.Name, userID string) audit.Event {
	return audit.Person(v.ClientIP, v.Browser).Event(name, userID)
}

// Browsers seals and reads the cookies of trusted browsers: each says that a user has completed a sign-in in this browser. All that it
// gives is separate budgets for wrong passwords and codes.
type Browsers struct{ keyset *storage.Keyset }

// trusted is the content of the cookie of a trusted browser.
type trusted struct {
	ID       string `json:"id"`
	UserID   string `json:"user"`
	Epoch    int64  `json:"epoch"`
	IssuedAt int64  `json:"at"` // seconds since 1970
}

const (
	maxTrustedCookie = 512 // characters
	trustedLife      = 90 * 24 * time.Hour
)

// Trust returns a cookie that makes a browser trusted by user. If old is a valid cookie of the user, the browser keeps its id, so that a
// new sign-in does not bring new budgets.
func (b *Browsers) Trust(old string, user storage.User, now time.Time) (string, error) {
	t, known := b.open(old, user, now)
	if !known {
		t = trusted{ID: storage.NewID(), UserID: user.ID, Epoch: user.Epoch}
	}
	t.IssuedAt = now.Unix()
	return b.seal(t)
}

// Renew returns a cookie for the user's new epoch if the browser's cookie was valid in the epoch before. was and fresh are the user before
// and after the change.
func (b *Browsers) Renew(old string, was, fresh storage.User, now time.Time) (string, error) {
	t, known := b.open(old, was, now)
	if !known {
		return b.Trust("", fresh, now)
	}
	t.Epoch, t.IssuedAt = fresh.Epoch, now.Unix()
	return b.seal(t)
}

// Trusts reports whether the browser is trusted by user.
func (b *Browsers) Trusts(v Visitor, user storage.User, now time.Time) bool {
	_, known := b.open(v.TrustCookie, user, now)
	return known
}

// UsedBy reports whether the user has completed a sign-in in this browser within 90 days, even if everything granted then was ended since,
// for example by a new password.
func (b *Browsers) UsedBy(v Visitor, user storage.User, now time.Time) bool {
	t, _ := b.open(v.TrustCookie, user, now)
	return t.UserID == user.ID
}

func (b *Browsers) seal(t trusted) (string, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	sealed, err := b.keyset.Seal(text, "cookies", "device", "")
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// open reads a cookie. known is false if Postern did not make the cookie, or it is another user's, older than 90 days, or of an earlier
// epoch of the user.
func (b *Browsers) open(cookie string, user storage.User, now time.Time) (t trusted, known bool) {
	t, known = readTrusted(b.keyset, cookie, now)
	return t, known && t.UserID == user.ID && t.Epoch == user.Epoch
}

func readTrusted(keyset *storage.Keyset, cookie string, now time.Time) (t trusted, good bool) {
	if cookie == "" || len(cookie) > maxTrustedCookie {
		return trusted{}, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil {
		return trusted{}, false
	}
	text, err := keyset.Open(sealed, "cookies", "device", "")
	if err != nil || json.Unmarshal(text, &t) != nil {
		return trusted{}, false
	}
	return t, now.Before(time.Unix(t.IssuedAt, 0).Add(trustedLife))
}

// TrustedBrowser returns the id in the cookie of a browser in which any user has completed a sign-in within 90 days, and "" for other
// browsers.
func TrustedBrowser(keyset *storage.Keyset, cookie string, now time.Time) string {
	t, good := readTrusted(keyset, cookie, now)
	if !good {
		return ""
	}
	return t.ID
}
