package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// hexColor matches a colour of the form #rgb or #rrggbb.
var hexColor = regexp.MustCompile(`^#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)

// day and year are units for limits.
const (
	day  = 24 * time.Hour
	year = 365 * day
)

// totp checks the parameters of new authenticators.
func (v *validator) totp() {
	t := v.c.TOTP
	oneOf(v, "totp.algorithm", t.Algorithm, "SHA1", "SHA256", "SHA512")
	oneOf(v, "totp.digits", t.Digits, 6, 8)
	if within(v, "totp.period", t.Period, 15*time.Second, 2*time.Minute) && t.Period%time.Second != 0 {
		v.add("totp.period", formatDuration(t.Period)+" is not a whole number of seconds", "choose a value such as 30s")
	}
	within(v, "totp.window", t.Window, 0, 1)
}

// leastHashCost is the least product of memory in KiB and passes, and leastHashMemory the least memory in KiB, that
// OWASP's Password Storage Cheat Sheet recommends for argon2id.
const (
	leastHashCost   = 35 * 1024
	leastHashMemory = 7 * 1024
)

// password checks the policy and the cost of a hash.
func (v *validator) password() {
	p := v.c.Password
	within(v, "password.min_length", p.MinLength, 8, 64)
	memory := within(v, "password.memory_kib", p.MemoryKiB, leastHashMemory, 1024*1024)
	passes := within(v, "password.time", p.Time, 1, 16)
	if memory && passes && p.MemoryKiB*p.Time < leastHashCost {
		v.add("password.memory_kib", fmt.Sprintf("%d KiB times password.time %d is less than %d KiB", p.MemoryKiB, p.Time, leastHashCost),
			"raise password.memory_kib or password.time")
	}
	within(v, "password.concurrency", p.Concurrency, 0, 256)
}

// lifetimes checks the lifetimes of sessions and tokens.
func (v *validator) lifetimes() {
	s := v.c.Session
	within(v, "session.idle", s.Idle, time.Minute, year)
	within(v, "session.absolute", s.Absolute, time.Minute, year)
	notAbove(v, "session.idle", s.Idle, "session.absolute", s.Absolute)
	if s.Remember != 0 && within(v, "session.remember", s.Remember, time.Minute, year) && s.Remember < s.Absolute {
		v.add("session.remember", formatDuration(s.Remember)+" is less than session.absolute, which is "+formatDuration(s.Absolute),
			"raise it, or turn it off with 0")
	}
	within(v, "session.flow", s.Flow, time.Minute, time.Hour)
	within(v, "session.half_done", s.HalfDone, time.Minute, time.Hour)
	notAbove(v, "session.half_done", s.HalfDone, "session.flow", s.Flow)

	t := v.c.Token
	within(v, "token.code", t.Code, 10*time.Second, 10*time.Minute)
	within(v, "token.access", t.Access, time.Minute, day)
	within(v, "token.id_token", t.IDToken, time.Minute, day)
	within(v, "token.refresh_idle", t.RefreshIdle, time.Minute, 2*year)
	within(v, "token.refresh_absolute", t.RefreshAbsolute, time.Minute, 2*year)
	notAbove(v, "token.refresh_idle", t.RefreshIdle, "token.refresh_absolute", t.RefreshAbsolute)
	within(v, "token.refresh_grace", t.RefreshGrace, 0, 5*time.Minute)
}

// throttle checks the budgets for wrong attempts.
func (v *validator) throttle() {
	t := v.c.Throttle
	within(v, "throttle.password_tries", t.PasswordTries, 1, 1000)
	within(v, "throttle.password_address_tries", t.PasswordAddressTries, 1, 100000)
	within(v, "throttle.code_tries", t.CodeTries, 1, 10)
	within(v, "throttle.code_close_after", t.CodeCloseAfter, 1, 100)
	notAbove(v, "throttle.code_tries", t.CodeTries, "throttle.code_close_after", t.CodeCloseAfter)
}

// shutdown checks how long the shutdown may take.
func (v *validator) shutdown() { within(v, "shutdown.drain", v.c.Shutdown.Drain, 0, 5*time.Minute) }

// maxBrandBytes is how long the percent-encoded name may be. The otpauth URI contains the name twice, and its other
// parts take up to 127 of the 512 bytes with the longest parameters of new authenticators.
const maxBrandBytes = 192

// encodedBytes returns the length of a percent-encoded name.
func encodedBytes(name string) int { return len(strings.ReplaceAll(url.QueryEscape(name), "+", "%20")) }

// brand checks what is shown on pages, in mails and in authenticator apps.
func (v *validator) brand() {
	b := v.c.Brand
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	switch length := utf8.RuneCountInString(b.Name); {
	case length < 1 || length > 64:
		v.add("brand.name", fmt.Sprintf("has %d characters", length), "choose a name of 1 to 64 characters")
	case !utf8.ValidString(b.Name) || strings.ContainsFunc(b.Name, unprintable) || strings.TrimSpace(b.Name) != b.Name:
		v.add("brand.name", "contains a character that cannot be printed, or a space at its beginning or end", "remove it")
	case strings.Contains(b.Name, ":"):
		v.add("brand.name", "contains a colon, which authenticator apps take for the end of the name", "remove it")
	case encodedBytes(b.Name) > maxBrandBytes:
		v.add("brand.name", fmt.Sprintf("takes %d bytes in the URI that authenticator apps read, and may take %d", encodedBytes(b.Name), maxBrandBytes),
			"choose a shorter name: letters beyond ASCII take six or nine bytes each")
	}
	if b.LogoFile != "" {
		v.file("brand.logo_file", b.LogoFile)
	}
	if b.Color != "" && !hexColor.MatchString(b.Color) {
		v.add("brand.color", fmt.Sprintf("%.80q is not a colour", b.Color), `write it like "#1b6ac9", in quotes`)
	}
}
