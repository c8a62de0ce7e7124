package port

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/login/password"
)

// line is one account in the format of import and export: a JSON object on one line.
type line struct {
	Email         string         `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	Username      string         `json:"username,omitempty"`
	Password      string         `json:"password,omitempty"`
	PasswordHash  string         `json:"password_hash,omitempty"` // PHC or modular crypt form
	TOTP          []string       `json:"totp,omitempty"`          // otpauth URIs
	Groups        []string       `json:"groups,omitempty"`
	Disabled      bool           `json:"disabled,omitempty"`
	Claims        map[string]any `json:"claims,omitempty"`
}

var lineMembers = []string{
	"email", "email_verified", "username", "password", "password_hash", "totp", "groups", "disabled", "claims",
}

const (
	maxLine    = 64 << 10 // octets
	maxNesting = 4        // claims → address → its members
)

// bookkeeping lists members that occur in the exports of other systems and have no meaning here.
var bookkeeping = []string{
	"id", "_id", "_type", "uid", "uuid", "user_id", "object", "type", "created", "created_at", "createdAt", "updated", "updated_at", "updatedAt",
	"last_login", "last_login_at", "lastLogin", "last_ip", "login_count", "logins_count", "comment",
}

// parseLine reads one line strictly: an object with known members, each at most once and in exactly this spelling. A member that is null counts as
// missing. Members with other names are ignored if their value is empty or they are bookkeeping. Errors do not quote values.
func parseLine(text []byte) (line, error) {
	if !utf8.Valid(text) {
		return line{}, errors.New("not valid UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := checkMembers(decoder, 0); err != nil {
		return line{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return line{}, errors.New("something follows the object")
	}
	text, err := withoutExtras(text)
	if err != nil {
		return line{}, err
	}
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return line{}, fmt.Errorf("%s has the wrong type", wrong.Field)
		}
		return line{}, errors.New("not a JSON object")
	}
	return l, nil
}

// withoutExtras returns an object without the unknown members that are ignored. Any other unknown member is an error.
func withoutExtras(text []byte) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, errors.New("not a JSON object")
	}
	for name, value := range members {
		switch {
		case slices.Contains(lineMembers, name):
			continue
		case !isEmpty(value) && !slices.Contains(bookkeeping, name):
			return nil, fmt.Errorf("member %q is not known", name)
		}
		delete(members, name)
	}
	return json.Marshal(members)
}

// isEmpty reports whether a JSON value is null, false, or an empty string, list or object.
func isEmpty(value json.RawMessage) bool {
	var text bytes.Buffer
	if err := json.Compact(&text, value); err != nil {
		return false
	}
	return slices.Contains([]string{"null", "false", `""`, "[]", "{}"}, text.String())
}

// checkMembers reads one JSON value and refuses an object that has a member twice, because encoding/json would silently use the last.
func checkMembers(decoder *json.Decoder, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return errors.New("not well-formed JSON")
	}
	delim, structured := token.(json.Delim)
	if depth == 0 && delim != '{' {
		return errors.New("not a JSON object")
	}
	if !structured {
		return nil
	}
	if depth >= maxNesting {
		return errors.New("nested too deeply")
	}
	seen := map[string]bool{}
	for decoder.More() {
		if delim == '{' {
			if err := checkName(decoder, seen); err != nil {
				return err
			}
		}
		if err := checkMembers(decoder, depth+1); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return errors.New("not well-formed JSON")
	}
	return nil
}

func checkName(decoder *json.Decoder, seen map[string]bool) error {
	token, err := decoder.Token()
	name, ok := token.(string)
	switch {
	case err != nil || !ok:
		return errors.New("not well-formed JSON")
	case seen[name]:
		return fmt.Errorf("member %q is there twice", name)
	}
	seen[name] = true
	return nil
}

// newUser returns the account that a line describes. It omits empty claims and trims blanks around names.
func (l line) newUser() identity.NewUser {
	claims := maps.Clone(l.Claims)
	maps.DeleteFunc(claims, func(_ string, value any) bool {
		switch v := value.(type) {
		case nil:
			return true
		case string:
			return v == ""
		case []any:
			return len(v) == 0
		case map[string]any:
			return len(v) == 0
		}
		return false
	})
	return identity.NewUser{
		Email: identity.Email(l.Email), EmailVerified: l.EmailVerified, Username: identity.Name(l.Username), Groups: l.Groups, Claims: claims,
	}
}

// keys returns the keys of the line's authenticators. short allows keys of 10 to 15 bytes.
func (l line) keys(short bool) ([]otp.Key, []otp.Label, error) {
	uris := slices.DeleteFunc(slices.Clone(l.TOTP), func(uri string) bool { return strings.TrimSpace(uri) == "" })
	if len(uris) > account.MaxAuthenticators {
		return nil, nil, identity.Invalid("totp", "more than 10")
	}
	parse := otp.ParseURI
	if short {
		parse = otp.ParseShortURI
	}
	keys, labels := make([]otp.Key, len(uris)), make([]otp.Label, len(uris))
	for i, uri := range uris {
		var err error
		if keys[i], labels[i], err = parse(strings.TrimSpace(uri)); err != nil {
			return nil, nil, identity.Invalid("totp", err.Error())
		}
		if slices.ContainsFunc(keys[:i], keys[i].SameSecret) {
			return nil, nil, identity.Invalid("totp", "has the same secret twice")
		}
	}
	return keys, labels, nil
}

// checkLinePassword returns what is wrong with the line's password or hash.
func (s *Service) checkLinePassword(l line) error {
	name, _ := l.Claims["name"].(string)
	switch {
	case l.Password != "" && l.PasswordHash != "":
		return identity.Invalid("password", "cannot stand beside password_hash")
	case l.Password != "":
		if err := s.cfg.Passwords.Allowed(l.Password, l.Email, l.Username, name); err != nil {
			return identity.Invalid("password", err.Error())
		}
	case l.PasswordHash != "":
		if err := password.ValidHash(l.PasswordHash); err != nil {
			return identity.Invalid("password_hash", err.Error())
		}
	}
	return nil
}
