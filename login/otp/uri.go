package otp

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxURI = 512

// Label names a key in an authenticator app.
type Label struct {
	Issuer  string // empty only in URIs from elsewhere
	Account string
}

// URI returns the otpauth URI that enrols the key in an authenticator app,
// e.g. otpauth://totp/Example:ada%40example.test?secret=…&issuer=Example&
// algorithm=SHA1&digits=6&period=30. Everything in issuer and account but the
// unreserved characters of RFC 3986 section 2.3 is percent-encoded, because
// apps disagree about "+", and all parameters are explicit, because they
// disagree about defaults.
//
// Errors: ErrLabel, ErrTooLong, and those of Key.Validate.
func URI(key Key, issuer, account string) (string, error) {
	if err := key.Validate(); err != nil {
		return "", err
	}
	if !validName(issuer) || !validName(account) {
		return "", ErrLabel
	}
	uri := fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=%s&digits=%d&period=%d",
		percentEncode(issuer), percentEncode(account), key.Base32(), percentEncode(issuer),
		key.Algorithm, key.Digits, key.Period)
	if len(uri) > maxURI {
		return "", ErrTooLong
	}
	return uri, nil
}

func percentEncode(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// validName: a colon would make the border between issuer and account
// ambiguous, an unprintable character could disguise the one as another.
func validName(name string) bool {
	if name == "" || name != strings.TrimSpace(name) || !utf8.ValidString(name) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r == ':' || !unicode.IsPrint(r)
	})
}

// ParseURI reads the otpauth URI of a time-based key made elsewhere. It is
// strict, so that an import never guesses how codes are computed: no more than
// 512 bytes, only known parameters, each at most once, and one issuer wherever
// it is given. Parameters that only change how an app displays the key (image,
// icon, color, lock) are ignored. Missing parameters have the values of
// Default. Errors wrap ErrMalformedURI and do not quote the secret.
func ParseURI(text string) (Key, Label, error) { return parseURI(text, false) }

// ParseShortURI is ParseURI that also accepts secrets of 10 to 15 bytes, which
// other systems make. It marks such keys as Short.
func ParseShortURI(text string) (Key, Label, error) { return parseURI(text, true) }

func parseURI(text string, short bool) (Key, Label, error) {
	if len(text) > maxURI {
		return Key{}, Label{}, malformed("longer than 512 bytes")
	}
	u, err := url.Parse(text)
	if err != nil {
		return Key{}, Label{}, malformed("not a URI") // err would quote the secret
	}
	if u.Scheme != "otpauth" || u.Host != "totp" {
		return Key{}, Label{}, malformed("does not begin with otpauth://totp/")
	}
	if u.User != nil || u.Fragment != "" {
		return Key{}, Label{}, malformed("has a user or fragment part")
	}
	parameters, err := parseParameters(u.RawQuery)
	if err != nil {
		return Key{}, Label{}, err
	}
	key, err := parseKey(parameters, short)
	if err != nil {
		return Key{}, Label{}, err
	}
	label, err := parseLabel(u.EscapedPath(), parameters)
	if err != nil {
		return Key{}, Label{}, err
	}
	return key, label, nil
}

func malformed(fault string) error {
	return fmt.Errorf("%w: %s", ErrMalformedURI, fault)
}

func parseParameters(query string) (map[string]string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, malformed("query is not well-formed")
	}
	parameters := make(map[string]string, len(values))
	for name, all := range values {
		switch name {
		case "secret", "issuer", "algorithm", "digits", "period":
		case "image", "icon", "color", "lock": // only changes how an app displays the key
			continue
		default:
			return nil, malformed("has an unknown parameter")
		}
		if len(all) != 1 {
			return nil, malformed("has the parameter " + name + " twice")
		}
		parameters[name] = all[0]
	}
	return parameters, nil
}

func parseKey(parameters map[string]string, short bool) (Key, error) {
	key := Key{Parameters: Default()}
	encoded := strings.ToUpper(strings.TrimRight(parameters["secret"], "="))
	if strings.ContainsAny(encoded, "\r\n") { // the decoder would skip them
		return Key{}, malformed("secret is not base32")
	}
	secret, err := secretEncoding.DecodeString(encoded)
	if err != nil {
		return Key{}, malformed("secret is not base32")
	}
	if least := leastBytes(short); len(secret) < least || len(secret) > maxSecretBytes {
		return Key{}, malformed(fmt.Sprintf("secret has %d bytes, not %d to %d", len(secret), least, maxSecretBytes))
	}
	key.Secret, key.Short = secret, len(secret) < minSecretBytes
	if algorithm, ok := parameters["algorithm"]; ok {
		key.Algorithm = strings.ToUpper(algorithm)
	}
	if err := parseNumber(parameters, "digits", &key.Digits); err != nil {
		return Key{}, err
	}
	if err := parseNumber(parameters, "period", &key.Period); err != nil {
		return Key{}, err
	}
	if key.Parameters.Validate() != nil {
		return Key{}, malformed("algorithm, digits or period is not supported")
	}
	return key, nil
}

func parseNumber(parameters map[string]string, name string, number *int) error {
	text, ok := parameters[name]
	if !ok {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return malformed(name + " is not a number")
	}
	*number = n
	return nil
}

func parseLabel(path string, parameters map[string]string) (Label, error) {
	path = strings.TrimPrefix(path, "/")
	text, err := url.PathUnescape(path)
	if err != nil || strings.Contains(path, "/") {
		return Label{}, malformed("label is not well-formed")
	}
	label := Label{Account: text}
	if issuer, account, ok := strings.Cut(text, ":"); ok {
		label = Label{Issuer: issuer, Account: strings.TrimLeft(account, " ")}
		if !validName(label.Issuer) {
			return Label{}, malformed("label has an unusable issuer")
		}
	}
	if !validName(label.Account) {
		return Label{}, malformed("label has an unusable account")
	}
	if issuer, ok := parameters["issuer"]; ok {
		if !validName(issuer) || (label.Issuer != "" && label.Issuer != issuer) {
			return Label{}, malformed("issuer is unusable or differs from the label's")
		}
		label.Issuer = issuer
	}
	return label, nil
}
