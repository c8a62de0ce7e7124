package identity

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern-id/postern/storage"
)

// MaxClaim is the maximum length of the value of a claim, in characters.
const MaxClaim = 1024

const (
	maxEmail    = 254 // octets, RFC 5321 section 4.5.3.1.3 without its angle brackets
	maxUsername = 64  // characters
	maxGroup    = 128
	maxGroups   = 256
	maxClaims   = 64
)

// CheckEmail returns an [*InvalidError] for anything but one plain e-mail address: dot-atom@domain, without display name, comment or quoted
// local part.
func CheckEmail(email string) error {
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Name != "" || parsed.Address != email || strings.ContainsAny(email, "\"\\<>(),;: ") {
		return Invalid("email", "not a plain e-mail address such as ada@example.test")
	}
	sent, ok := storage.MailAddress(email)
	if !ok {
		return Invalid("email", "has an invalid domain")
	}
	if len(email) > maxEmail || len(sent) > maxEmail || !Printable(email) {
		return Invalid("email", "longer than 254 octets, or contains something that cannot be seen")
	}
	return nil
}

// CheckUsername returns an [*InvalidError] for an invalid user name; an empty one is valid. It refuses @, so that nobody can use another
// person's e-mail address as a user name.
func CheckUsername(name string) error {
	if name == "" {
		return nil
	}
	if utf8.RuneCountInString(name) > maxUsername || name != strings.TrimSpace(name) || !Printable(name) || strings.Contains(name, "@") {
		return Invalid("username", "has 1 to 64 visible characters, no blank at its ends and no @")
	}
	return nil
}

const maxFullName = 128 // characters

// CheckFullName returns an [*InvalidError] unless the value of the claim name has 1 to 128 visible characters and no blank at its ends.
func CheckFullName(name string) error {
	if name == "" || utf8.RuneCountInString(name) > maxFullName || name != strings.TrimSpace(name) || !Printable(name) {
		return Invalid("name", "has 1 to 128 visible characters")
	}
	return nil
}

// CheckGroups returns an [*InvalidError] for too many groups, or a group that is empty, too long, not printable or listed twice.
func CheckGroups(groups []string) error {
	if len(groups) > maxGroups {
		return Invalid("groups", "more than 256")
	}
	for i, group := range groups {
		if group == "" || utf8.RuneCountInString(group) > maxGroup || !Printable(group) || slices.Contains(groups[:i], group) {
			return Invalid("groups", fmt.Sprintf("%q is empty, longer than 128 characters, not printable or there twice", group))
		}
	}
	return nil
}

// Printable reports whether text is valid UTF-8 without characters that cannot be seen.
func Printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// reservedClaims are set by Postern itself; operators cannot set them for a person.
var reservedClaims = []string{
	"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "s_hash", "sid",
	"scope", "client_id", "cnf", "act", "email", "email_verified", "preferred_username", "groups", "updated_at", "rat", "events",
}

var (
	claimName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:/-]{0,127}$`)
	zoneinfo  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)
	birthdate = regexp.MustCompile(`^(\d{4}|\d{4}-\d{2}-\d{2}|0000-\d{2}-\d{2})$`)
)

// The members of the address claim, OIDC Core section 5.1.1.
var addressMembers = []string{"formatted", "street_address", "locality", "region", "postal_code", "country"}

// CheckClaims checks claims about a person against OIDC Core section 5.1 and returns an [*InvalidError]. Claims with other names must be
// strings, numbers, booleans or lists of strings.
func CheckClaims(claims map[string]any) error {
	if len(claims) > maxClaims {
		return Invalid("claims", "more than 64")
	}
	for name, value := range claims {
		if !claimName.MatchString(name) || slices.Contains(reservedClaims, name) {
			return Invalid("claims."+name, "cannot be set")
		}
		if fault := ClaimFault(name, value); fault != "" {
			return Invalid("claims."+name, fault)
		}
	}
	return nil
}

// ClaimFault returns what is wrong with the value of a claim, or "" if it is valid.
func ClaimFault(name string, value any) string {
	switch name {
	case "phone_number_verified":
		if _, ok := value.(bool); !ok {
			return "not true or false"
		}
		return ""
	case "address":
		return addressFault(value)
	case "profile", "picture", "website":
		text, _ := value.(string)
		if u, err := url.Parse(text); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return "not an http or https address"
		}
	case "birthdate":
		if text, _ := value.(string); !birthdate.MatchString(text) {
			return "not in the form YYYY-MM-DD, 0000-MM-DD or YYYY"
		}
	case "zoneinfo":
		if text, _ := value.(string); !zoneinfo.MatchString(text) {
			return "not a time zone such as Europe/Berlin"
		}
	case "name", "given_name", "family_name", "middle_name", "nickname", "gender", "locale", "phone_number":
		if _, ok := value.(string); !ok {
			return "not a text"
		}
	}
	return valueFault(value)
}

func addressFault(value any) string {
	members, ok := value.(map[string]any)
	if !ok {
		return "not an object"
	}
	for name, member := range members {
		text, ok := member.(string)
		if !ok || !slices.Contains(addressMembers, name) || len(text) > MaxClaim || !utf8.ValidString(text) {
			return fmt.Sprintf("member %q is not known or not a text", name)
		}
	}
	return ""
}

func valueFault(value any) string {
	switch v := value.(type) {
	case string:
		if v == "" || utf8.RuneCountInString(v) > MaxClaim || !Printable(v) {
			return "empty, longer than 1024 characters or not printable"
		}
	case bool, float64:
	case []any:
		for _, item := range v {
			if text, ok := item.(string); !ok || valueFault(text) != "" {
				return "a list of something else than texts"
			}
		}
	default:
		return "not a text, number, boolean or list of texts"
	}
	return ""
}
