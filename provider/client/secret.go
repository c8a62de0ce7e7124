package client

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"time"
)

const (
	secretPrefix   = "pst_cs_"
	secretBytes    = 32  // random
	shortestSecret = 32  // characters of a secret that an operator chose
	longestSecret  = 512 // likewise
)

// Authenticate reports whether secret is the current secret of c, or the previous one while that is still accepted. A nil client (an unknown one) and
// a disabled client never authenticate, but take the same time as any other.
func (r *Registry) Authenticate(c *Client, secret string, now time.Time) bool {
	known := c != nil && !c.Disabled
	if c == nil {
		c = new(Client)
	}
	mac := r.secretMAC(c.ID, secret)
	current := sameMAC(mac, c.secretMAC)
	old := sameMAC(mac, c.oldSecretMAC) && now.Before(c.OldSecretUntil)
	return (current || old) && known && c.HasSecret()
}

// secretMAC binds a secret to its client, so that a row's keyed hash is worth nothing in another row.
func (r *Registry) secretMAC(id, secret string) []byte {
	return r.store.MAC("client secret", id, secret)
}

// sameMAC compares in constant time, even if stored is empty.
func sameMAC(mac, stored []byte) bool {
	dummy := make([]byte, len(mac))
	present := len(stored) == len(mac)
	if !present {
		stored = dummy
	}
	return subtle.ConstantTimeCompare(mac, stored) == 1 && present
}

// newSecret returns pst_cs_ and 256 random bits in base64url.
func newSecret() string {
	return randomText(secretPrefix)
}

func randomText(prefix string) string {
	random := make([]byte, secretBytes)
	rand.Read(random)
	return prefix + base64.RawURLEncoding.EncodeToString(random)
}

func checkSecret(f *faults, secret string) {
	if len(secret) < shortestSecret || len(secret) > longestSecret || !printable.MatchString(secret) {
		f.add("client_secret", "must have %d to %d printable ASCII characters without spaces", shortestSecret, longestSecret)
	}
}
