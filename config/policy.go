package config

import "time"

// Clients says what holds for apps that are registered without saying otherwise.
type Clients struct {
	// The default for new clients that authenticate with a secret or a key. auto: an authorization request may omit PKCE, but if it has a
	// code challenge, that is checked. required: a request without one is refused, as it always is for apps that cannot keep a secret.
	// postern client add and update --pkce choose for one client; clients that exist already stay as they are.
	PKCE string `setting:"clients.pkce" default:"auto"`

	// Accepts apps that are registered for ID tokens without a signature (the algorithm none), and announces it. Some libraries refuse to start
	// with a provider that announces it. For the conformance suite; apps that were registered earlier keep what they have.
	UnsignedIDTokens bool `setting:"clients.unsigned_id_tokens" default:"false"`
}

// TOTP has the parameters of one-time codes (RFC 6238) for new authenticators. An authenticator keeps the parameters
// with which it was enrolled.
type TOTP struct {
	// The hash of new authenticators: SHA1, SHA256 or SHA512. Many authenticator apps ignore anything but SHA1 and
	// then show codes that are always wrong.
	Algorithm string `setting:"totp.algorithm" default:"SHA1"`

	// The number of digits of a code, 6 or 8. Some authenticator apps always show 6.
	Digits int `setting:"totp.digits" default:"6"`

	// How long one code is shown: whole seconds, 15s to 2m. Some authenticator apps always use 30 seconds.
	Period time.Duration `setting:"totp.period" default:"30s"`

	// How many codes before and after the current one are accepted, 0 or 1. With 0 a phone whose clock is wrong by a few seconds is refused;
	// RFC 6238 section 5.2 advises against more than 1.
	Window int `setting:"totp.window" default:"1"`
}

// Password is the policy for new passwords and the cost of hashing them with argon2id.
type Password struct {
	// The minimum number of characters of a new password, 8 to 64.
	MinLength int `setting:"password.min_length" default:"8"`

	// The memory of one password hash in KiB, 7168 to 1048576. Memory times time must be at least 35840 KiB, below
	// which stolen hashes are cheap to guess. Existing hashes are replaced at the next sign-in.
	MemoryKiB int `setting:"password.memory_kib" default:"19456"`

	// The number of passes over the memory of one password hash, 1 to 16.
	Time int `setting:"password.time" default:"2"`

	// How many password hashes are computed at once, 0 to 256; 0 means one for each processor. Each takes password.memory_kib of memory, and
	// further sign-ins wait in a short queue.
	Concurrency int `setting:"password.concurrency" default:"0"`
}

// Session says how long a browser stays signed in and how long a sign-in may take.
type Session struct {
	// A session ends after this long without use: 1m or more, at most session.absolute.
	Idle time.Duration `setting:"session.idle" default:"1h"`

	// A session ends after this long in any case: at most 8760h.
	Absolute time.Duration `setting:"session.absolute" default:"24h"`

	// Offers "keep me signed in" for this long, such as 720h; 0 does not offer it. At least session.absolute, at most
	// 8760h.
	Remember time.Duration `setting:"session.remember" default:"0"`

	// Mails people when somebody signs in to their account in a browser that they never used, with a link that ends that sign-in and leads to
	// a new password.
	TellNewBrowsers bool `setting:"session.tell_new_browsers" default:"true"`

	// How long a person may take from an application's request to its answer, 1m to 1h. After that the application has to ask again.
	Flow time.Duration `setting:"session.flow" default:"10m"`

	// How long a person may take from the right password to the right one-time code, 1m to session.flow. After that the person has to type
	// the password again.
	HalfDone time.Duration `setting:"session.half_done" default:"5m"`
}

// Token says how long codes and tokens are valid that Postern issues to clients.
type Token struct {
	// How long an authorization code can be exchanged, 10s to 10m (RFC 6749 section 4.1.2).
	Code time.Duration `setting:"token.code" default:"60s"`

	// How long an access token is valid, 1m to 24h. A resource server that checks tokens locally notices a sign-out only after this time.
	Access time.Duration `setting:"token.access" default:"10m"`

	// How long an ID token is valid, 1m to 24h.
	IDToken time.Duration `setting:"token.id_token" default:"1h"`

	// A refresh token ends after this long without use: 1m or more, at most token.refresh_absolute.
	RefreshIdle time.Duration `setting:"token.refresh_idle" default:"336h"`

	// A chain of refresh tokens ends this long after the sign-in: at most 17520h.
	RefreshAbsolute time.Duration `setting:"token.refresh_absolute" default:"2160h"`

	// A client that lost the answer may repeat a refresh for this long, as long as the new token is unused; 0 to 5m. After that a repeated
	// refresh counts as theft and ends the chain.
	RefreshGrace time.Duration `setting:"token.refresh_grace" default:"30s"`
}

// Throttle says how many wrong attempts are allowed before each further one has to wait: 1, 2, 4 … 60 minutes. The
// counters are stored in the database, so they survive restarts and apply to all replicas.
type Throttle struct {
	// How many wrong passwords for one account are allowed before the next attempt has to wait, 1 to 1000.
	PasswordTries int `setting:"throttle.password_tries" default:"10"`

	// How many wrong passwords from one client address are allowed, for all accounts together, before that address has to wait, 1 to 100000.
	// A number that is too low locks out a company behind one address.
	PasswordAddressTries int `setting:"throttle.password_address_tries" default:"100"`

	// How many wrong one-time or recovery codes for one account are allowed before the next attempt has to wait, 1 to 10. They count only
	// after a right password.
	CodeTries int `setting:"throttle.code_tries" default:"5"`

	// How many wrong codes in a row close the second factor of an account until a recovery code or an operator opens it again,
	// throttle.code_tries to 100 (NIST SP 800-63B-4 section 3.2.2).
	CodeCloseAfter int `setting:"throttle.code_close_after" default:"100"`
}
