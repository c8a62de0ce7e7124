package config

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"net/url"
	"time"
)

// Config is every setting of one Postern process. Load and Default make one; a Config that was changed afterwards
// has to pass Validate again before it is used.
//
// The tag `setting` is the key in the file, `default` the value in the form in which the file gives it. The comment
// of a field is its documentation: meanings.go and docs/configuration.md are written from it.
type Config struct {
	// The address under which browsers and clients reach Postern. Every URL that Postern prints or sends is built
	// from it, never from a request, and clients compare it byte for byte. It is an absolute https URL without a
	// trailing slash, and may have a path. Plain http is accepted for a loopback host only, unless insecure_http is
	// set. Changing it later breaks every client, because tokens name it.
	Issuer string `setting:"issuer" default:"http://localhost:4280"`

	// Accepts an issuer with plain http on a host that is not loopback. Passwords, one-time codes and tokens then
	// cross the network in the clear, and cookies lose their __Host- prefix. For closed test networks only.
	InsecureHTTP bool `setting:"insecure_http" default:"false"`

	// The address and port of the public listener. Without an address in front of the colon it listens on all of
	// them.
	Listen string `setting:"listen" default:"127.0.0.1:4280"`

	// The address and port of the listener for operators: /metrics, /livez and /readyz. Empty turns it off. It has no
	// sign-in, so it must not be reachable from outside.
	OpsListen string `setting:"ops_listen" default:"127.0.0.1:4289"`

	// The addresses or networks, such as 10.0.0.0/8, of the reverse proxies in front of Postern. Their
	// X-Forwarded-For header is believed, for the client's address only. A network that is too wide lets anyone
	// invent an address and so escape the limits per address; one that is missing makes all clients share the
	// proxy's address.
	TrustedProxies []netip.Prefix `setting:"trusted_proxies" default:""`

	TLS      TLS
	Database Database
	Secrets  Secrets
	SMTP     SMTP
	Outbound Outbound

	// How people get an account. closed: operators make accounts and hand over the invitation links that postern user add prints.
	// invite: the links are mailed as well. open: anybody can make an account for an e-mail address of theirs, too.
	Registration string `setting:"registration" default:"closed"`

	// How apps are registered. closed: by operators. token: also by themselves (RFC 7591), with an initial access token that postern client
	// token add makes. open: also without one; strangers can then put an app of any name before people, who are asked for their consent.
	ClientRegistration string `setting:"client_registration" default:"closed"`

	TOTP     TOTP
	Password Password
	Session  Session
	Token    Token
	Throttle Throttle
	Shutdown Shutdown
	Signing  Signing
	Brand    Brand
	Support  Support
	Links    Links

	// A folder with own page templates. A file in it replaces the built-in template of the same name; all others stay
	// as they are. A template that does not parse stops the start.
	TemplatesDir string `setting:"templates_dir" default:""`

	Log Log

	// origins says where each setting that is not a default came from; Effective reads it.
	origins map[string]origin
}

// TLS names the certificate of the public listener. Both fields are given or none; without them Postern speaks plain
// HTTP and expects a reverse proxy that does the rest.
type TLS struct {
	// The certificate chain of the public listener, PEM, leaf first. Read again when the file changes. Needs
	// tls.key_file.
	CertFile string `setting:"tls.cert_file" default:""`

	// The private key that belongs to tls.cert_file, PEM. Read again when the file changes. Refused when other users
	// of the machine can read it.
	KeyFile string `setting:"tls.key_file" default:""`
}

// Database says where everything is stored.
type Database struct {
	// Where everything is stored: sqlite:PATH, or postgres://USER@HOST/NAME?sslmode=verify-full. PostgreSQL takes
	// several hosts (postgres://USER@HOST1:PORT1,HOST2:PORT2/NAME?target_session_attrs=read-write) and needs an explicit
	// sslmode and a keyset. PATH is taken as it is, percent signs and blanks included; if it is not absolute, it is
	// below the working directory.
	URL Secret `setting:"database.url" default:"sqlite:postern-data/postern.db"`

	// Applies pending schema changes of a PostgreSQL database when Postern starts. Without it Postern refuses to
	// start on an old schema and names the command to run. SQLite is always brought up to date.
	Migrate bool `setting:"database.migrate" default:"false"`

	// Accepts a PostgreSQL server on another machine with an sslmode below verify-full. Whoever is on the way to the
	// server can then read and change everything that Postern stores.
	InsecureTLS bool `setting:"database.insecure_tls" default:"false"`

	// How many connections this process keeps open at most, 0 to 1000; 0 means four for each processor, at least eight. A request waits
	// for a free one. The sum over all replicas, and one for each command that runs beside them, must be within what the server and the
	// role allow. On SQLite it counts the readers; there is one writer.
	MaxConnections int `setting:"database.max_connections" default:"0"`

	// How long a connection may be unused before it is closed, 1s to 24h.
	IdleTime time.Duration `setting:"database.idle_time" default:"5m"`
}

// Secrets holds the key material that encrypts secrets at rest.
type Secrets struct {
	// The file with the Tink AEAD keyset (JSON) that encrypts secrets in the database. Empty means a file that is
	// made beside the SQLite database; on PostgreSQL this or secrets.keyset must be given. Whoever loses it loses
	// every authenticator and signing key. Refused when other users of the machine can read it.
	KeysetFile string `setting:"secrets.keyset_file" default:""`

	// The keyset itself, in place of a file, for platforms that hand out secrets as variables.
	Keyset Secret `setting:"secrets.keyset" default:""`
}

// SMTP names the server that takes Postern's mail. URL and From are given both, or none.
type SMTP struct {
	// The server that takes mail: smtp://USER:PASSWORD@HOST:PORT, which must offer STARTTLS (see smtp.tls), or smtps:// for TLS from
	// the first byte; without user and password it is not signed in to. Its certificate has to be valid for the host.
	// Only a server on this machine (localhost, 127.0.0.1, [::1]) is spoken to in the clear with smtp://. The port is
	// 587 unless given, 465 with smtps, 25 on this machine. Empty sends nothing: links in mails are then shown to
	// operators only.
	URL Secret `setting:"smtp.url" default:""`

	// What a server named with smtp:// has to offer: required is STARTTLS with a valid certificate. opportunistic encrypts where
	// the server offers it, with any certificate, and none does not: whoever is between can then read every mail, with its one-time link, and
	// the password of smtp.url. They are for a server in a network of your own; each start warns of them. A server on this machine needs neither.
	TLS string `setting:"smtp.tls" default:"required"`

	// A file with an OAuth access token for the mailbox that is the user of smtp.url, which then has no password: Postern signs in
	// by XOAUTH2. It is read at each connection, and something else keeps the token fresh.
	TokenFile string `setting:"smtp.token_file" default:""`

	// A command that prints such a token, in place of smtp.token_file: words separated by blanks, read by no shell. It runs at each
	// connection and has 30 seconds.
	TokenCommand string `setting:"smtp.token_command" default:""`

	// The sender of mails: one address, with or without a name, such as Example <id@example.com>. Failure notices of
	// other servers go there.
	From string `setting:"smtp.from" default:""`
}

// Outbound says whom the requests may trust and reach that Postern sends to addresses which clients registered: for keys, request objects
// and lists of sectors, and to tell them of logouts.
type Outbound struct {
	// A file with certificates, PEM, of authorities that are trusted beside those of the system when Postern fetches what clients
	// registered an address of (keys, request objects, lists of sectors) and when it tells them of logouts. Read at the start.
	CAFile string `setting:"outbound.ca_file" default:""`

	// The addresses or networks, such as 10.1.0.0/16, that Postern may fetch from and send logout tokens to although they are private,
	// loopback or otherwise special, and with plain http too. Whoever may register a client can make Postern ask them, so name as few as possible.
	Allow []netip.Prefix `setting:"outbound.allow" default:""`
}

// TOTP is the form of one-time codes for authenticators that are enrolled from now on (RFC 6238). Each authenticator
// keeps the parameters with which it was enrolled.
type TOTP struct {
	// The hash of new authenticators: SHA1, SHA256 or SHA512. Many authenticator apps ignore anything but SHA1 and
	// then show codes that are always wrong.
	Algorithm string `setting:"totp.algorithm" default:"SHA1"`

	// The number of digits of a code, 6 or 8. Some authenticator apps always show 6.
	Digits int `setting:"totp.digits" default:"6"`

	// How long one code is shown: whole seconds, 15s to 2m. Some authenticator apps always use 30 seconds.
	Period time.Duration `setting:"totp.period" default:"30s"`

	// How many codes before and after the present one are accepted, 0 or 1. With 0 a phone whose clock is wrong by a
	// few seconds is refused; RFC 6238 section 5.2 advises against more than 1.
	Window int `setting:"totp.window" default:"1"`
}

// Password is the policy for new passwords and the cost of hashing them with argon2id.
type Password struct {
	// The least number of characters of a new password, 8 to 64.
	MinLength int `setting:"password.min_length" default:"8"`

	// The memory of one password hash in KiB, 7168 to 1048576. Memory times time must be at least 35840 KiB, below
	// which stolen hashes are cheap to guess. Existing hashes are replaced at the next sign-in.
	MemoryKiB int `setting:"password.memory_kib" default:"19456"`

	// The number of passes over the memory of one password hash, 1 to 16.
	Time int `setting:"password.time" default:"2"`

	// How many password hashes are computed at once, 0 to 256; 0 means one for each processor. Each takes
	// password.memory_kib of memory, and sign-ins beyond it wait in a short queue.
	Concurrency int `setting:"password.concurrency" default:"0"`
}

// Session is how long a browser stays signed in and how long it may take to get there.
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

	// How long a person may take from an application's request to its answer, 1m to 1h. After it the application has
	// to ask again.
	Flow time.Duration `setting:"session.flow" default:"10m"`

	// How long a person may take from the right password to the right one-time code, 1m to session.flow. After it
	// the password is asked again.
	HalfDone time.Duration `setting:"session.half_done" default:"5m"`
}

// Token is how long what Postern issues to clients can be used.
type Token struct {
	// How long an authorization code can be exchanged, 10s to 10m (RFC 6749 section 4.1.2).
	Code time.Duration `setting:"token.code" default:"60s"`

	// How long an access token is valid, 1m to 24h. A resource server that checks tokens locally notices a sign-out
	// only after it.
	Access time.Duration `setting:"token.access" default:"10m"`

	// How long an ID token is valid, 1m to 24h.
	IDToken time.Duration `setting:"token.id_token" default:"1h"`

	// A refresh token ends after this long without use: 1m or more, at most token.refresh_absolute.
	RefreshIdle time.Duration `setting:"token.refresh_idle" default:"336h"`

	// A chain of refresh tokens ends this long after the sign-in: at most 17520h.
	RefreshAbsolute time.Duration `setting:"token.refresh_absolute" default:"2160h"`

	// A client that lost the answer may repeat a refresh for this long, as long as the new token is unused; 0 to 5m.
	// After it a repeated refresh counts as theft and ends the chain.
	RefreshGrace time.Duration `setting:"token.refresh_grace" default:"30s"`
}

// Throttle is how many wrong attempts are allowed before each further one has to wait: 1, 2, 4 … 60 minutes. The counters
// are kept in the database, so they hold across restarts and replicas.
type Throttle struct {
	// Wrong passwords for one account before it has to wait, 1 to 1000.
	PasswordTries int `setting:"throttle.password_tries" default:"10"`

	// Wrong passwords from one client address, whatever the account, before that address has to wait, 1 to 100000.
	// Too low a number locks out a company behind one address.
	PasswordAddressTries int `setting:"throttle.password_address_tries" default:"100"`

	// Wrong one-time or recovery codes for one account before it has to wait, 1 to 10. They count only after a right
	// password.
	CodeTries int `setting:"throttle.code_tries" default:"5"`

	// Wrong codes in a row that close the second factor of an account until a recovery code or an operator opens it
	// again, throttle.code_tries to 100 (NIST SP 800-63B-4 section 3.2.2).
	CodeCloseAfter int `setting:"throttle.code_close_after" default:"100"`
}

// Shutdown is how the server ends.
type Shutdown struct {
	// How long the server goes on after SIGTERM while /readyz answers 503, so that load balancers notice before it closes its listeners, 0 to 5m.
	// Longer than what they need to take it out.
	Drain time.Duration `setting:"shutdown.drain" default:"5s"`
}

// Signing is the form of new signing keys.
type Signing struct {
	// The size of new RSA keys: 2048, 3072 or 4096. Larger keys sign several times slower.
	RSABits int `setting:"signing.rsa_bits" default:"2048"`
}

// Brand is how the pages, the mails and the entry in the authenticator app call the service.
type Brand struct {
	// The name on pages, in mails and in authenticator apps: 1 to 64 characters and at most 192 bytes when it is percent-encoded
	// (21 to 32 letters beyond ASCII), without a colon, which separates name and account in the app. Apps keep the name with which they were enrolled.
	Name string `setting:"brand.name" default:"Postern"`

	// An image file that replaces the logo on the pages.
	LogoFile string `setting:"brand.logo_file" default:""`

	// The accent colour of the pages, #rgb or #rrggbb, in quotes because # begins a comment in YAML. Empty keeps the
	// built-in one.
	Color string `setting:"brand.color" default:""`
}

// Support is whom people turn to when the pages tell them to ask the people who run the service.
type Support struct {
	// The e-mail address of the people who run the service. It is shown wherever a page or a mail tells somebody to ask them, and at the
	// foot of every page.
	Email string `setting:"support.email" default:""`

	// The address of a page with help, https:// or http://, shown in the same places.
	URL string `setting:"support.url" default:""`
}

// Links are the pages that the operator publishes about the service.
type Links struct {
	// The address of the imprint, shown at the foot of every page.
	Imprint string `setting:"links.imprint" default:""`

	// The address of the privacy policy, shown at the foot of every page.
	Privacy string `setting:"links.privacy" default:""`

	// The address of the terms of service, shown at the foot of every page.
	Terms string `setting:"links.terms" default:""`
}

// Log is what goes to standard error.
type Log struct {
	// The least important level that is written: debug, info, warn or error. No level writes query strings, tokens,
	// codes or passwords.
	Level string `setting:"log.level" default:"info"`

	// The form of log lines: text, json, or auto, which is text on a terminal and json elsewhere.
	Format string `setting:"log.format" default:"auto"`
}

// IssuerURL returns the issuer as a URL of its own, which the caller may change. It panics on an issuer that
// Validate refuses.
func (c Config) IssuerURL() *url.URL {
	u, err := url.Parse(c.Issuer)
	if err != nil {
		panic("config: IssuerURL of an issuer that is not valid: " + err.Error())
	}
	return u
}

// Secure says whether browsers reach Postern over https, so that cookies can be Secure and carry the __Host- prefix.
// Like IssuerURL it needs a valid issuer.
func (c Config) Secure() bool {
	return c.IssuerURL().Scheme == "https"
}

// Instance tells the cookies of several issuers on one host apart, which browsers send to every port and, with the prefix __Host-, to every path
// (RFC 6265 section 8.5). It ends their names, and is empty for an issuer without port and path and for the default one.
func (c Config) Instance() string {
	u := c.IssuerURL()
	if u.Port() == "" && u.Path == "" || c.Issuer == Default().Issuer {
		return ""
	}
	sum := sha256.Sum256([]byte(u.Port() + u.Path))
	return "_" + hex.EncodeToString(sum[:4])
}
