package provider

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/postern-id/postern/provider/oauth"
)

// The bounds of what a request may hold. Real requests stay far below.
const (
	maxBody       = 64 << 10 // bytes
	maxParameters = 64
	maxParameter  = 8 << 10 // bytes of one value
)

// queryAndBody reads the parameters of an authorization request, from the query of a GET or from query and form body of
// a POST (OIDC Core section 3.1.2.1). Each may come once only (RFC 6749 section 3.1): a repeated one is left out of the form, which
// is returned together with the error, so that the error can still be sent to a redirect URI about which there is no doubt.
func queryAndBody(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	query, err := parse(r.URL.RawQuery)
	if err != nil || r.Method != http.MethodPost {
		return query, err
	}
	body, err := bodyOnly(w, r)
	for name, values := range body {
		if query.Has(name) {
			err = errors.Join(err, repeated(name))
			query.Del(name)
			continue
		}
		query[name] = values
	}
	return query, err
}

// bodyOnly reads the form body of a POST to a protocol endpoint. Parameters in the query are refused by formBody.
func bodyOnly(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	text, err := bodyText(w, r)
	if err != nil {
		return nil, err
	}
	return parse(text)
}

// bodyText reads a form body as it was sent.
func bodyText(w http.ResponseWriter, r *http.Request) (string, error) {
	if err := checkMedia(r, "application/x-www-form-urlencoded", oauth.BodyType); err != nil {
		return "", err
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return "", oauth.Refuse(oauth.BodyTooLarge)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "", errSlowBody(err)
	}
	if err != nil {
		return "", oauth.Refuse(oauth.BodyUnreadable)
	}
	return string(text), nil
}

// checkMedia refuses a body that is compressed, or by a rule a body of another media type or not in UTF-8 (RFC 9110 section 15.5.16).
func checkMedia(r *http.Request, want string, rule oauth.Rule) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return oauth.Refuse(oauth.BodyCompressed)
	}
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, given := parameters["charset"]
	if err != nil || kind != want || given && !strings.EqualFold(charset, "utf-8") {
		return oauth.Refuse(rule)
	}
	return nil
}

// errSlowBody is the answer to a body that took too long to arrive (RFC 9110 section 15.5.9).
func errSlowBody(cause error) error {
	return oauth.Refuse(oauth.BodySlow).Because(cause)
}

// formBody reads the parameters of the endpoints that clients call directly: a POST with a form body and nothing in the
// query, where proxies and logs would see it (RFC 6749 sections 2.3.1 and 3.2).
func formBody(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, oauth.Refuse(oauth.ParametersInQuery)
	}
	return bodyOnly(w, r)
}

// parse decodes form-encoded text. Unknown parameters are kept: they are ignored later, as RFC 6749 section 3.1 demands.
func parse(text string) (url.Values, error) {
	form, seen := url.Values{}, map[string]bool{}
	var fault error
	if len(text) > maxBody {
		return form, oauth.Refuse(oauth.RequestTooLarge)
	}
	for count := 0; text != ""; count++ {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		if count >= maxParameters {
			return form, errors.Join(fault, oauth.Refuse(oauth.TooManyParameters))
		}
		if pair == "" {
			continue
		}
		name, value, err := decode(pair)
		switch {
		case err != nil:
			fault = errors.Join(fault, err)
		case seen[name]:
			form.Del(name)
			fault = errors.Join(fault, repeated(name))
		case value != "": // without a value it counts as left out: RFC 6749 section 3.1
			form.Set(name, value)
		}
		seen[name] = true
	}
	return form, fault
}

func decode(pair string) (name, value string, err error) {
	rawName, rawValue, _ := strings.Cut(pair, "=")
	name, nameErr := url.QueryUnescape(rawName)
	value, valueErr := url.QueryUnescape(rawValue)
	switch {
	case nameErr != nil || valueErr != nil:
		return "", "", errNotEncoded
	case !utf8.ValidString(name) || !utf8.ValidString(value):
		return "", "", oauth.Refuse(oauth.ParameterUTF8)
	case strings.ContainsRune(name, 0) || strings.ContainsRune(value, 0):
		return "", "", oauth.Refuse(oauth.ParameterNUL)
	case len(value) > maxParameter:
		return "", "", oauth.Refuse(oauth.ParameterTooLong)
	}
	return name, value, nil
}

var errNotEncoded = oauth.Refuse(oauth.ParameterEncoding)

func repeated(name string) error {
	if !safeName(name) {
		return oauth.Refuse(oauth.ParameterRepeated)
	}
	return oauth.Refuse(oauth.ParameterRepeated).Saying("The parameter " + name + " is sent more than once.")
}

// safeName reports whether a parameter's name may be repeated in an answer.
func safeName(name string) bool {
	for _, c := range name {
		if (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return len(name) <= 40
}
