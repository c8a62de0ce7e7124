package main

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/argon2"
)

// password is the password of every person in a run.
const password = "correct horse battery staple 7"

// The costs of password hashes are Postern's defaults, because hashes with other costs would be replaced at the first sign-in.
const (
	argonTime   = 2
	argonMemory = 19456 // KiB
)

// person is a user with an authenticator.
type person struct {
	username string
	secret   string // of the authenticator, base32
	lastStep int64  // the last time step whose code was typed
}

// code returns the one-time code of the person's authenticator (RFC 6238 with the usual parameters: SHA1, 6 digits, 30 s).
func (p person) code(now time.Time) (string, error) { return totp.GenerateCode(p.secret, now) }

const period = 30 // seconds

func stepAt(now time.Time) int64 { return now.Unix() / period }

// people hands out people who can sign in. A one-time code works once, so each person can sign in once in a time step. The person
// who has waited longest comes first.
type people struct{ waiting chan person }

func newPeople(n int) people {
	p := people{waiting: make(chan person, n)}
	for i := range n {
		secret := make([]byte, 20)
		rand.Read(secret)
		p.waiting <- person{
			username: fmt.Sprintf("bench%06d", i),
			secret:   base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret),
		}
	}
	return p
}

// take returns a person who has not signed in during the time step of now. The caller must call back for that person. It returns
// errExhausted if there is no such person.
func (p people) take(now time.Time) (person, error) {
	select {
	case someone := <-p.waiting:
		if someone.lastStep < stepAt(now) {
			return someone, nil
		}
		p.waiting <- someone
	default:
	}
	return person{}, fmt.Errorf("everybody has signed in during the last %d s (raise --users): %w", period, errExhausted)
}

// back gives back a person, whose code of now was used.
func (p people) back(someone person, now time.Time) {
	someone.lastStep = stepAt(now)
	p.waiting <- someone
}

// writeImport writes all people to w, as a file for "postern user import".
func (p people) writeImport(w io.Writer) error {
	hash := hashPassword()
	encoder := json.NewEncoder(w)
	for range len(p.waiting) {
		someone := <-p.waiting
		p.waiting <- someone
		err := encoder.Encode(map[string]any{
			"email": someone.username + "@example.test", "email_verified": true, "username": someone.username, "password_hash": hash,
			"totp":   []string{"otpauth://totp/Bench:" + someone.username + "?secret=" + someone.secret + "&issuer=Bench"},
			"claims": map[string]string{"name": "Bench " + someone.username, "given_name": "Bench", "locale": "en-GB"},
		})
		if err != nil {
			return fmt.Errorf("write the users: %w", err)
		}
	}
	return nil
}

// hashPassword returns the PHC string of password. All people share it: checking it costs the same.
func hashPassword() string {
	salt := make([]byte, 16)
	rand.Read(salt)
	tag := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, 1, 32)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=1$%s$%s", argonMemory, argonTime, encode(salt), encode(tag))
}
