package config

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestValidateFindsEachMistake(t *testing.T) {
	dir, file := t.TempDir(), write(t, "file", "x")
	for _, test := range []struct {
		setting, message, hint string
		change                 func(*Config)
	}{
		{"listen", `"4280" is not an address with a port`, ":4280", func(c *Config) { c.Listen = "4280" }},
		{"listen", "is not an address with a port", ":4280", func(c *Config) { c.Listen = "localhost:http" }},
		{"listen", "is not an address with a port", ":4280", func(c *Config) { c.Listen = ":65536" }},
		{"ops_listen", "is not an address with a port", "[::1]:4280", func(c *Config) { c.OpsListen = "::1:4280" }},
		{"ops_listen", "is the same address as listen", "another port", func(c *Config) { c.OpsListen = c.Listen }},
		{"trusted_proxies", "0.0.0.0/0 trusts every client's", "your proxies only",
			func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} }},
		{"tls.key_file", "is missing although tls.cert_file is set", "private key", func(c *Config) { c.TLS.CertFile = file }},
		{"tls.cert_file", "is missing although tls.key_file is set", "certificate", func(c *Config) { c.TLS.KeyFile = file }},
		{"tls.cert_file", "cannot be read: no such file", "existing file",
			func(c *Config) { c.TLS = TLS{CertFile: dir + "/none", KeyFile: file} }},
		{"tls.key_file", "is not a file", "existing file", func(c *Config) { c.TLS = TLS{CertFile: file, KeyFile: dir} }},
		{"secrets.keyset", "is set together with secrets.keyset_file", "keep one",
			func(c *Config) { c.Secrets = Secrets{KeysetFile: file, Keyset: "x"} }},
		{"secrets.keyset_file", "cannot be read: no such file", "existing file", func(c *Config) { c.Secrets.KeysetFile = dir + "/none" }},
		{"outbound.ca_file", "cannot be read: no such file", "existing file", func(c *Config) { c.Outbound.CAFile = dir + "/none" }},
		{"outbound.ca_file", "contains no certificate", "PEM", func(c *Config) { c.Outbound.CAFile = file }},
		{"outbound.allow", "::/0 lets anyone who registers a client reach every", "network of these apps",
			func(c *Config) { c.Outbound.Allow = []netip.Prefix{netip.MustParsePrefix("::/0")} }},
		{"clients.pkce", `"optional" is not an allowed value`, "auto, required", func(c *Config) { c.Clients.PKCE = "optional" }},
		{"client_registration", `"maybe" is not an allowed value`, "closed, token, open", func(c *Config) { c.ClientRegistration = "maybe" }},
		{"registration", `"maybe" is not an allowed value`, "closed, invite, open", func(c *Config) { c.Registration = "maybe" }},
		{"totp.algorithm", `"MD5" is not an allowed value`, "SHA1, SHA256, SHA512", func(c *Config) { c.TOTP.Algorithm = "MD5" }},
		{"totp.digits", `"7" is not an allowed value`, "6, 8", func(c *Config) { c.TOTP.Digits = 7 }},
		{"totp.period", "14s is less than 15s", "from 15s to 2m", func(c *Config) { c.TOTP.Period = 14 * time.Second }},
		{"totp.period", "30.5s is not a whole number of seconds", "30s", func(c *Config) { c.TOTP.Period = 30500 * time.Millisecond }},
		{"totp.window", "2 is more than 1", "from 0 to 1", func(c *Config) { c.TOTP.Window = 2 }},
		{"password.min_length", "7 is less than 8", "from 8 to 64", func(c *Config) { c.Password.MinLength = 7 }},
		{"password.memory_kib", "7167 is less than 7168", "from 7168", func(c *Config) { c.Password.MemoryKiB = 7167 }},
		{"password.memory_kib", "19456 KiB times password.time 1 is less than 35840 KiB", "raise", func(c *Config) { c.Password.Time = 1 }},
		{"password.time", "0 is less than 1", "from 1 to 16", func(c *Config) { c.Password.Time = 0 }},
		{"database.max_connections", "-1 is less than 0", "from 0 to 1000", func(c *Config) { c.Database.MaxConnections = -1 }},
		{"database.idle_time", "0s is less than 1s", "from 1s to 24h", func(c *Config) { c.Database.IdleTime = 0 }},
		{"password.concurrency", "-1 is less than 0", "from 0 to 256", func(c *Config) { c.Password.Concurrency = -1 }},
		{"session.idle", "59s is less than 1m", "from 1m", func(c *Config) { c.Session.Idle = 59 * time.Second }},
		{"session.idle", "25h is more than session.absolute, which is 24h", "lower session.idle", func(c *Config) { c.Session.Idle = 25 * time.Hour }},
		{"session.absolute", "8761h is more than 8760h", "to 8760h", func(c *Config) { c.Session.Absolute = 8761 * time.Hour }},
		{"session.remember", "23h is less than session.absolute, which is 24h", "turn it off with 0", func(c *Config) { c.Session.Remember = 23 * time.Hour }},
		{"session.remember", "-1h is less than 1m", "from 1m", func(c *Config) { c.Session.Remember = -time.Hour }},
		{"session.flow", "2h is more than 1h", "from 1m to 1h", func(c *Config) { c.Session.Flow = 2 * time.Hour }},
		{"session.half_done", "0s is less than 1m", "from 1m", func(c *Config) { c.Session.HalfDone = 0 }},
		{"session.half_done", "11m is more than session.flow, which is 10m", "raise session.flow", func(c *Config) { c.Session.HalfDone = 11 * time.Minute }},
		{"token.code", "11m is more than 10m", "from 10s to 10m", func(c *Config) { c.Token.Code = 11 * time.Minute }},
		{"token.access", "25h is more than 24h", "from 1m to 24h", func(c *Config) { c.Token.Access = 25 * time.Hour }},
		{"token.id_token", "1s is less than 1m", "from 1m to 24h", func(c *Config) { c.Token.IDToken = time.Second }},
		{"token.refresh_idle", "2161h is more than token.refresh_absolute, which is 2160h", "lower", func(c *Config) { c.Token.RefreshIdle = 2161 * time.Hour }},
		{"token.refresh_idle", "0s is less than 1m", "from 1m", func(c *Config) { c.Token.RefreshIdle = 0 }},
		{"token.refresh_absolute", "17521h is more than 17520h", "to 17520h", func(c *Config) { c.Token.RefreshAbsolute = 17521 * time.Hour }},
		{"token.refresh_grace", "-1s is less than 0s", "from 0s to 5m", func(c *Config) { c.Token.RefreshGrace = -time.Second }},
		{"throttle.password_tries", "0 is less than 1", "to 1000", func(c *Config) { c.Throttle.PasswordTries = 0 }},
		{"throttle.password_address_tries", "0 is less than 1", "to 100000", func(c *Config) { c.Throttle.PasswordAddressTries = 0 }},
		{"throttle.code_tries", "11 is more than 10", "from 1 to 10", func(c *Config) { c.Throttle.CodeTries = 11 }},
		{"throttle.code_tries", "5 is more than throttle.code_close_after, which is 4", "lower", func(c *Config) { c.Throttle.CodeCloseAfter = 4 }},
		{"throttle.code_close_after", "101 is more than 100", "from 1 to 100", func(c *Config) { c.Throttle.CodeCloseAfter = 101 }},
		{"signing.rsa_bits", `"1024" is not an allowed value`, "2048, 3072, 4096", func(c *Config) { c.Signing.RSABits = 1024 }},
		{"brand.name", "has 0 characters", "1 to 64", func(c *Config) { c.Brand.Name = "" }},
		{"brand.name", "has 65 characters", "1 to 64", func(c *Config) { c.Brand.Name = strings.Repeat("é", 65) }},
		{"brand.name", "cannot be printed", "remove", func(c *Config) { c.Brand.Name = "a\nb" }},
		{"brand.name", "cannot be printed", "remove", func(c *Config) { c.Brand.Name = "a\xff" }},
		{"brand.name", "space at its beginning or end", "remove", func(c *Config) { c.Brand.Name = "a " }},
		{"brand.name", "contains a colon", "remove", func(c *Config) { c.Brand.Name = "a: b" }},
		{"brand.name", "takes 198 bytes in the URI", "shorter", func(c *Config) { c.Brand.Name = strings.Repeat("Ä", 33) }},
		{"brand.name", "takes 360 bytes in the URI", "shorter", func(c *Config) { c.Brand.Name = strings.Repeat("株", 40) }},
		{"brand.logo_file", "is not a file", "existing file", func(c *Config) { c.Brand.LogoFile = dir }},
		{"brand.color", `"#12345" is not a colour`, "#1b6ac9", func(c *Config) { c.Brand.Color = "#12345" }},
		{"brand.color", `is not a colour`, "#1b6ac9", func(c *Config) { c.Brand.Color = "#123;}" }},
		{"support.email", `"help" is not an e-mail address`, "help@example.com", func(c *Config) { c.Support.Email = "help" }},
		{"support.email", "is not an e-mail address", "alone", func(c *Config) { c.Support.Email = "Help <help@example.com>" }},
		{"support.url", "is not a web address", "https://", func(c *Config) { c.Support.URL = "example.com/help" }},
		{"links.imprint", "is not a web address", "https://", func(c *Config) { c.Links.Imprint = "javascript:alert(1)" }},
		{"links.privacy", "is not a web address", "https://", func(c *Config) { c.Links.Privacy = "/privacy" }},
		{"links.terms", "is not a web address", "https://", func(c *Config) { c.Links.Terms = "mailto:terms@example.com" }},
		{"templates_dir", "cannot be read: no such file", "existing folder", func(c *Config) { c.TemplatesDir = dir + "/none" }},
		{"templates_dir", "is not a folder", "existing folder", func(c *Config) { c.TemplatesDir = file }},
		{"log.level", `"loud" is not an allowed value`, "debug, info, warn, error", func(c *Config) { c.Log.Level = "loud" }},
		{"log.format", `"xml" is not an allowed value`, "auto, text, json", func(c *Config) { c.Log.Format = "xml" }},
	} {
		t.Run(test.setting+" "+test.message, func(t *testing.T) {
			c := Default()
			test.change(&c)
			problems := problemsOf(t, c.Validate())
			require.Len(t, problems, 1, problems)
			require.Equal(t, test.setting, problems[0].Setting)
			require.Contains(t, problems[0].Message, test.message)
			require.Contains(t, problems[0].Hint, test.hint)
		})
	}
}

func TestSMTPSecurity(t *testing.T) {
	token := write(t, "token", "ya29")
	for name, test := range map[string]struct {
		smtp SMTP
		want string // setting and message; empty: no problem
	}{
		"none":                   {SMTP{URL: "smtp://relay.example.com", TLS: "none"}, ""},
		"opportunistic":          {SMTP{URL: "smtp://u:p@relay.example.com", TLS: "opportunistic"}, ""},
		"token from a file":      {SMTP{URL: "smtp://id%40example.com@smtp.office365.com", TLS: "required", TokenFile: token}, ""},
		"token from a command":   {SMTP{URL: "smtps://id%40example.com@smtp.gmail.com", TLS: "required", TokenCommand: "/opt/token"}, ""},
		"unknown value":          {SMTP{URL: "smtp://relay.example.com", TLS: "off"}, "smtp.tls "},
		"smtps that is weakened": {SMTP{URL: "smtps://relay.example.com", TLS: "none"}, "smtp.tls has no effect"},
		"token and password":     {SMTP{URL: "smtp://u:p@relay.example.com", TLS: "required", TokenFile: token}, "smtp.url has a password although"},
		"token without a user":   {SMTP{URL: "smtp://relay.example.com", TLS: "required", TokenFile: token}, "smtp.url has a password although there is a token, or has no user"},
		"two tokens":             {SMTP{URL: "smtp://u@relay.example.com", TLS: "required", TokenFile: token, TokenCommand: "x"}, "smtp.token_command is set together"},
		"no file":                {SMTP{URL: "smtp://u@relay.example.com", TLS: "required", TokenFile: token + "x"}, "smtp.token_file "},
		"token in the clear":     {SMTP{URL: "smtp://u@relay.example.com", TLS: "none", TokenFile: token}, "smtp.tls would send the token"},
	} {
		t.Run(name, func(t *testing.T) {
			c := Default()
			c.SMTP = test.smtp
			c.SMTP.From = "id@example.com"
			err := c.Validate()
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			problems := problemsOf(t, err)
			require.Len(t, problems, 1)
			require.Contains(t, problems[0].Setting+" "+problems[0].Message, test.want)
		})
	}
}

func TestSMTP(t *testing.T) {
	const host, user, behind = "has a host or a port", "a user without a password", "something after the host"
	for _, test := range []struct {
		url, from string
		want      []string // setting and message
	}{
		{"", "", nil},
		{"smtp://mail.example.com", "id@example.com", nil},
		{"smtps://u:p@mail.example.com:465", "Example <id@example.com>", nil},
		{"smtp://u%40example.com:p%2F%3A@127.0.0.1:2525", `"Example, Inc." <id@example.com>`, nil},
		{"smtp://[::1]:25", "Größe <id@example.com>", nil},
		{"smtp://mail.example.com", "", []string{"smtp.from is missing"}},
		{"", "id@example.com", []string{"smtp.url is missing"}},
		{"swordfish", "x", []string{"smtp.url is not the URL", "smtp.from is not one plain"}},
		{"https://u:swordfish@mail.example.com", "id@example.com", []string{"smtp.url is not the URL"}},
		{"smtp://u:sword%zzfish@mail.example.com", "id@example.com", []string{"smtp.url is not a valid URL"}},
		{"smtp://u:sword/fish@mail.example.com", "id@example.com", []string{"smtp.url is not a valid URL"}},
		{"smtp://", "id@example.com", []string{"smtp.url " + host}},
		{"smtp://Mail.example.com", "id@example.com", []string{"smtp.url " + host}},
		{"smtp://mail.example.com:0", "id@example.com", []string{"smtp.url " + host}},
		{"smtp://mail.example.com/x", "id@example.com", []string{"smtp.url has " + behind}},
		{"smtp://mail.example.com?tls=off", "id@example.com", []string{"smtp.url has " + behind}},
		{"smtp://u@mail.example.com", "id@example.com", []string{"smtp.url has " + user}},
		{"smtp://:swordfish@mail.example.com", "id@example.com", []string{"smtp.url has " + user}},
		{"smtp://mail.example.com", "a@example.com, b@example.com", []string{"smtp.from is not one plain"}},
		{"smtp://mail.example.com", "a@example.com\r\nBcc: b@example.com", []string{"smtp.from is not one plain"}},
		{"smtp://mail.example.com", `"a b"@example.com`, []string{"smtp.from is not one plain"}},
	} {
		c := Default()
		c.SMTP = SMTP{URL: Secret(test.url), From: test.from}
		var got []string
		if err := c.Validate(); err != nil {
			for _, problem := range problemsOf(t, err) {
				got = append(got, problem.Setting+" "+problem.Message)
				require.NotContains(t, problem.Message+problem.Hint, "fish")
			}
		}
		require.Len(t, got, len(test.want), "%s %s: %s", test.url, test.from, got)
		for i, want := range test.want {
			require.Contains(t, got[i], want)
		}
	}
}

func TestIssuer(t *testing.T) {
	const notAbsolute, host, path = "is not an absolute", "has a host or a port", "cannot be routed"
	for _, test := range []struct {
		issuer string
		want   []string
	}{
		{"https://id.example.com", nil},
		{"https://id.example.com:8443/a/b-c_d.e~f", nil},
		{"https://192.0.2.1", nil},
		{"https://[2001:db8::1]:8443", nil},
		{"https://xn--bcher-kva.example", nil},
		{"http://localhost:4280", nil},
		{"http://127.1.2.3:4280/id", nil},
		{"http://[::1]:4280", nil},
		{"", []string{notAbsolute}},
		{"id.example.com", []string{notAbsolute}},
		{"//id.example.com", []string{notAbsolute}},
		{"ftp://id.example.com", []string{notAbsolute}},
		{"HTTPS://id.example.com", []string{notAbsolute}},
		{"https://", []string{notAbsolute}},
		{"https:///path", []string{notAbsolute}},
		{"https://id example.com", []string{notAbsolute}},
		{"https://id.example.com\n", []string{notAbsolute}},
		{"https://user:pw@id.example.com", []string{"user name"}},
		{"https://id.example.com?", []string{"a query"}},
		{"https://id.example.com?a=b", []string{"a query"}},
		{"https://id.example.com#", []string{"a fragment"}},
		{"https://id.example.com/#a", []string{"a fragment", "ends with a slash"}},
		{"https://id.example.com/", []string{"ends with a slash"}},
		{"https://ID.example.com", []string{host}},
		{"https://bücher.example", []string{host}},
		{"https://id..example.com", []string{host}},
		{"https://:443", []string{host}},
		{"https://id.example.com:", []string{host}},
		{"https://id.example.com:0", []string{host}},
		{"https://id.example.com:65536", []string{host}},
		{"https://[2001:DB8::1]", []string{host}},
		{"https://[fe80::1%25eth0]", []string{host}},
		{"https://id.example.com/a//b", []string{path}},
		{"https://id.example.com/a/../b", []string{path}},
		{"https://id.example.com/.", []string{path}},
		{"https://id.example.com/:user", []string{path}},
		{"https://id.example.com/%61", []string{path}},
		{"http://id.example.com", []string{"plain http"}},
		{"http://127.0.0.1.example.com", []string{"plain http"}},
		{"http://localhost.example.com", []string{"plain http"}},
		{"http://10.0.0.1", []string{"plain http"}},
	} {
		t.Run(test.issuer, func(t *testing.T) {
			c := Default()
			c.Issuer = test.issuer
			if test.want == nil {
				require.NoError(t, c.Validate())
				require.Equal(t, test.issuer, c.IssuerURL().String())
				require.Equal(t, strings.HasPrefix(test.issuer, "https:"), c.Secure())
				return
			}
			problems := problemsOf(t, c.Validate())
			require.Len(t, problems, len(test.want), problems)
			for i, want := range test.want {
				require.Equal(t, "issuer", problems[i].Setting)
				require.Contains(t, problems[i].Message, want)
			}
		})
	}
	for issuer, right := range map[string]string{
		"https://id.example.test:443": "https://id.example.test", "http://localhost:80/id": "http://localhost/id", "https://[2001:db8::1]:443": "https://[2001:db8::1]",
		"HTTPS://ID.Example.Test/Auth/": "https://id.example.test/Auth", "https://ID.example.com:8443": "https://id.example.com:8443",
		"https://id.example.com.": "https://id.example.com", "https://id.example.com:": "https://id.example.com", "https://bücher.example": "https://xn--bcher-kva.example",
		"https://[2001:DB8:0::1]": "https://[2001:db8::1]", "https://１９２.0.2.1": "",
	} {
		c := Default()
		c.Issuer = issuer
		problems := problemsOf(t, c.Validate())
		require.NotEmpty(t, problems)
		if right != "" {
			require.Equal(t, "write it as "+right, problems[0].Hint, issuer)
		}
		c.Issuer = right
		if right != "" {
			require.NoError(t, c.Validate(), "and that is accepted")
		}
	}
	c := Default()
	c.Issuer, c.InsecureHTTP = "http://id.example.com", true
	require.NoError(t, c.Validate())
	require.False(t, c.Secure())
	c.Issuer = "%"
	require.Panics(t, func() { c.IssuerURL() })
}
