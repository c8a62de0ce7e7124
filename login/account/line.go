package account

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/login/password"
)

// line is one user in the format of import and export: a JSON object on one line.
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

// parseLine reads one line strictly: an object with known members, each at most once and spelled exactly so. A member that is
// null is as if it were not there. Errors quote nothing of the values.
func parseLine(text []byte) (line, error) {
	if !utf8.Valid(text) {
		return line{}, errors.New("not valid UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := checkMembers(decoder, lineMembers, 0); err != nil {
		return line{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return line{}, errors.New("something follows the object")
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

// checkMembers reads one JSON value and refuses an object with a member twice, which encoding/json would silently overwrite.
// known are the names allowed in the outermost object.
func checkMembers(decoder *json.Decoder, known []string, depth int) error {
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
			if err := checkName(decoder, known, seen); err != nil {
				return err
			}
		}
		if err := checkMembers(decoder, nil, depth+1); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return errors.New("not well-formed JSON")
	}
	return nil
}

func checkName(decoder *json.Decoder, known []string, seen map[string]bool) error {
	token, err := decoder.Token()
	name, ok := token.(string)
	switch {
	case err != nil || !ok:
		return errors.New("not well-formed JSON")
	case seen[name]:
		return fmt.Errorf("member %q is there twice", name)
	case known != nil && !slices.Contains(known, name):
		return fmt.Errorf("member %q is not known", name)
	}
	seen[name] = true
	return nil
}

// newUser returns the account that a line describes.
func (l line) newUser() NewUser {
	return NewUser{Email: l.Email, EmailVerified: l.EmailVerified, Username: l.Username, Groups: l.Groups, Claims: l.Claims}
}

// keys returns the keys of the line's authenticators.
func (l line) keys() ([]otp.Key, []otp.Label, error) {
	if len(l.TOTP) > MaxAuthenticators {
		return nil, nil, invalid("totp", "more than 10")
	}
	keys, labels := make([]otp.Key, len(l.TOTP)), make([]otp.Label, len(l.TOTP))
	for i, uri := range l.TOTP {
		var err error
		if keys[i], labels[i], err = otp.ParseURI(uri); err != nil {
			return nil, nil, invalid("totp", err.Error())
		}
		if slices.ContainsFunc(keys[:i], keys[i].SameSecret) {
			return nil, nil, invalid("totp", "has the same secret twice")
		}
	}
	return keys, labels, nil
}

// checkLinePassword returns what is wrong with the line's password or hash.
func (s *Service) checkLinePassword(l line) error {
	name, _ := l.Claims["name"].(string)
	switch {
	case l.Password != "" && l.PasswordHash != "":
		return invalid("password", "cannot stand beside password_hash")
	case l.Password != "":
		if err := s.checkNew(l.Password, l.Email, l.Username, name); err != nil {
			return invalid("password", err.Error())
		}
	case l.PasswordHash != "":
		if err := password.ValidHash(l.PasswordHash); err != nil {
			return invalid("password_hash", err.Error())
		}
	}
	return nil
}
