package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// othersMask has the permission bits of users who are neither the owner of a file nor in its group.
const othersMask = 0o007

// Validate checks the settings as a whole and the files that they name. If there are mistakes, it returns a [Problems]
// with all of them. Validate reads files and changes nothing.
func (c Config) Validate() error {
	return c.validate().err()
}

// validate returns the problems in the order of its checks.
func (c Config) validate() Problems {
	v := &validator{c: c}
	v.issuer()
	v.address("listen", c.Listen)
	if c.OpsListen != "" {
		v.address("ops_listen", c.OpsListen)
		if c.OpsListen == c.Listen {
			v.add("ops_listen", "is the same address as listen", "choose another port, or turn it off with an empty value")
		}
	}
	v.trustedProxies()
	v.certificate()
	v.database()
	v.pool()
	v.keyset()
	v.smtp()
	v.outbound()
	oneOf(v, "registration", c.Registration, "closed", "invite", "open")
	oneOf(v, "client_registration", c.ClientRegistration, "closed", "token", "open")
	oneOf(v, "clients.pkce", c.Clients.PKCE, "auto", "required")
	v.totp()
	v.password()
	v.lifetimes()
	v.throttle()
	v.shutdown()
	oneOf(v, "signing.rsa_bits", c.Signing.RSABits, 2048, 3072, 4096)
	v.brand()
	v.contact()
	v.templates()
	oneOf(v, "log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf(v, "log.format", c.Log.Format, "auto", "text", "json")
	return v.problems
}

// validator collects the problems of a Config.
type validator struct {
	c        Config
	problems Problems
}

// add adds a problem, with the place where the value was found.
func (v *validator) add(setting, message, hint string) {
	v.problems.add(setting, v.c.origins[setting].where, message, hint)
}

// oneOf requires one of the allowed values.
func oneOf[T comparable](v *validator, setting string, value T, allowed ...T) {
	if slices.Contains(allowed, value) {
		return
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = fmt.Sprint(a)
	}
	v.add(setting, fmt.Sprintf("%.80q is not an allowed value", fmt.Sprint(value)), "choose one of "+strings.Join(names, ", "))
}

// within requires a value from least to most, and reports whether the value is one.
func within[T int | time.Duration](v *validator, setting string, value, least, most T) bool {
	if value >= least && value <= most {
		return true
	}
	relation, limit := "less", least
	if value > most {
		relation, limit = "more", most
	}
	v.add(setting, fmt.Sprintf("%s is %s than %s", format(&value), relation, format(&limit)),
		fmt.Sprintf("choose a value from %s to %s", format(&least), format(&most)))
	return false
}

// notAbove requires a value that is not greater than that of another setting.
func notAbove[T int | time.Duration](v *validator, setting string, value T, other string, limit T) {
	if value > limit {
		v.add(setting, fmt.Sprintf("%s is more than %s, which is %s", format(&value), other, format(&limit)),
			"lower "+setting+" or raise "+other)
	}
}

// address requires HOST:PORT in the form for a listener.
func (v *validator) address(setting, value string) {
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		v.add(setting, fmt.Sprintf("%.80q is not an address with a port", value), "write it like 127.0.0.1:4280, [::1]:4280 or :4280")
	}
}

// trustedProxies refuses networks that contain every address, because any client could then choose the client IP that
// counts against the limits.
func (v *validator) trustedProxies() {
	for _, prefix := range v.c.TrustedProxies {
		if prefix.Bits() == 0 {
			v.add("trusted_proxies", prefix.String()+" trusts every client's X-Forwarded-For",
				"name the addresses or the network of your proxies only")
		}
	}
}

// certificate requires both files or neither, and a certificate that matches the key.
func (v *validator) certificate() {
	cert, key := v.c.TLS.CertFile, v.c.TLS.KeyFile
	switch {
	case cert == "" && key == "":
		return
	case key == "":
		v.add("tls.key_file", "is missing although tls.cert_file is set", "name the private key of the certificate")
		return
	case cert == "":
		v.add("tls.cert_file", "is missing although tls.key_file is set", "name the certificate of the private key")
		return
	}
	if readable := v.file("tls.cert_file", cert); !v.privateFile("tls.key_file", key) || !readable {
		return
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		v.add("tls.cert_file", "cannot be used with tls.key_file: "+strings.TrimPrefix(err.Error(), "tls: "),
			"name a PEM certificate chain, leaf first, and the PEM private key of the leaf")
	}
	if strings.HasPrefix(v.c.Issuer, "http://") {
		v.add("issuer", "begins with http:// although tls.cert_file is set", "write it with https://")
	}
}

// outbound requires certificates that can be used. It refuses networks that contain every address, which would include
// the services of a cloud's hosts.
func (v *validator) outbound() {
	if path := v.c.Outbound.CAFile; path != "" && v.file("outbound.ca_file", path) {
		text, err := os.ReadFile(path)
		if err != nil || !x509.NewCertPool().AppendCertsFromPEM(text) {
			v.add("outbound.ca_file", "contains no certificate", "name a PEM file with the certificates of authorities")
		}
	}
	for _, prefix := range v.c.Outbound.Allow {
		if prefix.Bits() == 0 {
			v.add("outbound.allow", prefix.String()+" lets anyone who registers a client reach every address", "name the network of these apps only")
		}
	}
}

// keyset requires at most one of the two settings. If it is a file, only Postern may be able to read it.
func (v *validator) keyset() {
	file, value := v.c.Secrets.KeysetFile, v.c.Secrets.Keyset
	if file != "" && value != "" {
		v.add("secrets.keyset", "is set together with secrets.keyset_file", "keep one of the two")
	}
	if file != "" {
		v.privateFile("secrets.keyset_file", file)
	}
}

// templates requires an existing folder, if the setting is not empty.
func (v *validator) templates() {
	dir := v.c.TemplatesDir
	if dir == "" {
		return
	}
	const hint = "name an existing folder that Postern's user can read"
	info, err := os.Stat(dir)
	if err != nil {
		v.add("templates_dir", "cannot be read: "+cause(err), hint)
	} else if !info.IsDir() {
		v.add("templates_dir", "is not a folder", hint)
	} else if _, err := os.ReadDir(dir); err != nil {
		v.add("templates_dir", "cannot be read: "+cause(err), hint)
	}
}

// file requires a regular file that can be opened, and reports whether the path names one.
func (v *validator) file(setting, path string) bool {
	const hint = "name an existing file that Postern's user can read"
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		v.add(setting, "is not a file", hint)
		return false
	}
	if err == nil {
		var f *os.File
		if f, err = os.Open(path); err == nil {
			err = f.Close()
		}
	}
	if err != nil {
		v.add(setting, "cannot be read: "+cause(err), hint)
		return false
	}
	return true
}

// privateFile is like file, for key material: other users of the machine must have no access to the file.
func (v *validator) privateFile(setting, path string) bool {
	if !v.file(setting, path) {
		return false
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&othersMask != 0 {
		v.add(setting, "can be read or changed by every user of this machine", "run: chmod o= "+path)
		return false
	}
	return true
}
