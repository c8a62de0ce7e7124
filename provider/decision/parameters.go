package decision

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/scope"
)

// Prompts holds the values of the prompt parameter.
type Prompts struct{ None, Login, Consent, SelectAccount bool }

// ReadPrompts reads the prompt parameter. The value "none" must stand alone (OIDC Core section 3.1.2.1). Errors: an [oauth.Refusal].
func ReadPrompts(text string) (Prompts, error) {
	var p Prompts
	words := strings.Fields(text)
	for _, word := range words {
		switch word {
		case "none":
			p.None = true
		case "login":
			p.Login = true
		case "consent":
			p.Consent = true
		case "select_account":
			p.SelectAccount = true
		default:
			return p, oauth.Refuse(oauth.PromptUnknown)
		}
	}
	if p.None && len(words) > 1 {
		return p, oauth.Refuse(oauth.PromptNoneNotAlone)
	}
	return p, nil
}

// ReadMaxAge reads the max_age parameter, a number of seconds in plain digits. If text is empty, it returns the client's default_max_age; nil if that
// is missing as well. Errors: an [oauth.Refusal].
func ReadMaxAge(text string, c *client.Client) (*time.Duration, error) {
	if text == "" && c.DefaultMaxAge != nil {
		text = strconv.FormatInt(*c.DefaultMaxAge, 10)
	}
	if text == "" {
		return nil, nil
	}
	if strings.Trim(text, "0123456789") != "" || len(text) > 10 {
		return nil, oauth.Refuse(oauth.MaxAge)
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, oauth.Refuse(oauth.MaxAge)
	}
	age := time.Duration(min(seconds, math.MaxInt64/int64(time.Second))) * time.Second
	return &age, nil
}

// ReadScopes reads the scope parameter as [scope.Read] does. Errors: an [oauth.Refusal].
func ReadScopes(text string, c *client.Client) ([]string, error) {
	scopes, err := scope.Read(text, c)
	switch {
	case errors.Is(err, scope.ErrUnregistered):
		return nil, oauth.RefuseScopes(text, c.Scopes)
	case errors.Is(err, scope.ErrNone):
		return nil, oauth.Refuse(oauth.ScopeMissing)
	}
	return scopes, err
}
