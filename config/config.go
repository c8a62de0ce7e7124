package config

import (
	"net/netip"
	"time"
)

// Config has every setting of one Postern process. Make one with [Load] or [Default]. A Config that was changed
// afterwards must pass [Config.Validate] before it is used.
//
// The tag `setting` is the key in the file, and `default` the default as one would write it there. The comment of a
// field is the documentation of the setting: meanings.go and docs/configuration.md are generated from it.
type Config struct {
	// The address under which browsers and clients reach Postern. Every URL that Postern prints or sends is built
	// from it, never from a request, and clients compare it byte for byte. It is an absolute https URL without a
	// trailing slash, and may have a path. Plain http is accepted for a loopback host only, unless insecure_http is
	// set. Changing it later breaks every client, because tokens name it.
	Issuer string `setting:"issuer" default:"http://localhost:4280"`

	// Accepts an issuer with plain http on a host that is not loopback. Passwords, one-time codes and tokens then cross the network
	// unencrypted, and cookies lose their __Host- prefix. For closed test networks only.
	InsecureHTTP bool `setting:"insecure_http" default:"false"`

	// The address and port of the public listener. Without an address before the colon it listens on all addresses.
	Listen string `setting:"listen" default:"127.0.0.1:4280"`

	// The address and port of the listener for operators: /metrics, /livez and /readyz. Empty turns it off. It has no
	// sign-in, so it must not be reachable from outside.
	OpsListen string `setting:"ops_listen" default:"127.0.0.1:4289"`

	// The addresses or networks, such as 10.0.0.0/8, of the reverse proxies in front of Postern. Postern trusts their X-Forwarded-For
	// header, but no other, for the client's address. A network that is too wide lets anyone forge an address and so escape the limits per
	// address; if a proxy is missing here, all its clients share its address.
	TrustedProxies []netip.Prefix `setting:"trusted_proxies" default:""`

	TLS      TLS
	Database Database
	Secrets  Secrets
	SMTP     SMTP
	Outbound Outbound

	// How people get an account. closed: operators make accounts and hand over the invitation links that postern user add prints. invite:
	// the links are mailed as well. open: in addition, anybody can register with an e-mail address of their own.
	Registration string `setting:"registration" default:"closed"`

	// How apps are registered. closed: only by operators. token: apps can also register themselves (RFC 7591), with an initial access token
	// that postern client token add makes. open: apps can register themselves without a token; strangers can then present an app under any
	// name to people, who are asked for their consent.
	ClientRegistration string `setting:"client_registration" default:"closed"`

	Clients  Clients
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

	// A folder with page templates of your own. A file in it replaces the built-in template of the same name; all others stay as they are.
	// Postern does not start if a template does not parse.
	TemplatesDir string `setting:"templates_dir" default:""`

	Log Log

	// origins says where each setting that is not a default came from, for Effective.
	origins map[string]origin
}

// TLS names the certificate of the public listener. Either both fields are set or neither. Without them Postern serves
// plain HTTP and expects a reverse proxy in front that adds TLS.
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
	// Where everything is stored: sqlite:PATH, or postgres://USER@HOST/NAME?sslmode=verify-full. PostgreSQL takes several hosts
	// (postgres://USER@HOST1:PORT1,HOST2:PORT2/NAME?target_session_attrs=read-write) and needs an explicit sslmode and a keyset. PATH is
	// used literally, including percent signs and spaces; a relative path starts at the working directory.
	URL Secret `setting:"database.url" default:"sqlite:postern-data/postern.db"`

	// Applies pending schema changes of a PostgreSQL database when Postern starts. Without it Postern refuses to
	// start on an old schema and names the command to run. SQLite is always brought up to date.
	Migrate bool `setting:"database.migrate" default:"false"`

	// Accepts a PostgreSQL server on another machine with an sslmode below verify-full. Anyone on the network path to
	// the server can then read and change everything that Postern stores.
	InsecureTLS bool `setting:"database.insecure_tls" default:"false"`

	// How many connections this process keeps open at most, 0 to 1000; 0 means four for each processor, at least eight. A request waits for
	// a free one. The server and the role must allow the sum over all replicas, and one more for each command that runs beside them. On
	// SQLite this is the number of readers; there is one writer.
	MaxConnections int `setting:"database.max_connections" default:"0"`

	// How long a connection may be unused before it is closed, 1s to 24h.
	IdleTime time.Duration `setting:"database.idle_time" default:"5m"`
}

// Secrets has the key material that encrypts the secrets in the database.
type Secrets struct {
	// The file with the Tink AEAD keyset (JSON) that encrypts secrets in the database. If it is empty, a file is made beside the SQLite
	// database; with PostgreSQL this or secrets.keyset must be set. If it is lost, every authenticator and signing key is lost too. Refused
	// when other users of the machine can read it.
	KeysetFile string `setting:"secrets.keyset_file" default:""`

	// The keyset itself, instead of a file, for platforms that provide secrets as variables.
	Keyset Secret `setting:"secrets.keyset" default:""`
}

// SMTP names the server that accepts Postern's mail. Either both URL and From are set or neither.
type SMTP struct {
	// The mail server: smtp://USER:PASSWORD@HOST:PORT, which must offer STARTTLS (see smtp.tls), or smtps:// for TLS from the first byte;
	// without user and password Postern does not sign in there. Its certificate has to be valid for the host. With smtp://, only a server on
	// this machine (localhost, 127.0.0.1, [::1]) is used without encryption. The default port is 587, or 465 with smtps, or 25 on this
	// machine. If it is empty, no mail is sent, and only operators see the links.
	URL Secret `setting:"smtp.url" default:""`

	// What a server named with smtp:// has to offer. required: STARTTLS with a valid certificate. opportunistic: encryption only if the
	// server offers it, with any certificate. none: no encryption. With the last two, anyone on the network path can read every mail, with
	// its one-time link, and the password of smtp.url; they are for a server in a network of your own, and each start warns of them. A
	// server on this machine needs neither.
	TLS string `setting:"smtp.tls" default:"required"`

	// A file with an OAuth access token for the mailbox that smtp.url names as its user, without a password: Postern signs in by XOAUTH2.
	// The file is read at each connection; something else has to keep the token fresh.
	TokenFile string `setting:"smtp.token_file" default:""`

	// A command that prints such a token, instead of smtp.token_file: words separated by spaces, without a shell. It runs at each connection
	// and has 30 seconds.
	TokenCommand string `setting:"smtp.token_command" default:""`

	// The sender of mails: one address, with or without a name, such as Example <id@example.com>. Failure notices of
	// other servers go there.
	From string `setting:"smtp.from" default:""`
}

// Outbound says which authorities are trusted and which addresses may be reached by the requests that Postern sends to
// URLs which clients have registered: those that fetch keys, request objects and lists of sectors, and those that
// deliver logout notices.
type Outbound struct {
	// A file with certificates (PEM) of CAs that Postern trusts in addition to the system's when it fetches keys, request objects and lists
	// of sectors from URLs that clients registered, and when it tells clients of logouts. Read at the start.
	CAFile string `setting:"outbound.ca_file" default:""`

	// The addresses or networks, such as 10.1.0.0/16, from which Postern may fetch and to which it may send logout tokens although they are
	// private, loopback or otherwise special, also with plain http. Anyone who may register a client can make Postern send requests there,
	// so name as few as possible.
	Allow []netip.Prefix `setting:"outbound.allow" default:""`
}

// Shutdown says how the server ends.
type Shutdown struct {
	// How long the server goes on after SIGTERM while /readyz answers 503, so that load balancers notice before it closes its listeners, 0
	// to 5m. It should be longer than they need to stop sending requests.
	Drain time.Duration `setting:"shutdown.drain" default:"5s"`
}

// Signing has the parameters of new signing keys.
type Signing struct {
	// The size of new RSA keys: 2048, 3072 or 4096. Larger keys sign several times slower.
	RSABits int `setting:"signing.rsa_bits" default:"2048"`
}

// Brand is the name and the look of the service on pages, in mails and in authenticator apps.
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

// Support is the contact for people whom a page or a mail tells to ask the people who run the service.
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

// Log says what is logged to standard error.
type Log struct {
	// The lowest level that is logged: debug, info, warn or error. Query strings, tokens, codes and passwords are not logged at any level.
	Level string `setting:"log.level" default:"info"`

	// The form of log lines: text, json, or auto, which is text on a terminal and json elsewhere.
	Format string `setting:"log.format" default:"auto"`
}
