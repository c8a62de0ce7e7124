package oauth

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"
)

// Limits of a request. Real requests stay far below them.
const (
	longestBody    = 64 << 10 // bytes
	mostParameters = 64
	// LongestParameter is the maximum length of one value, in bytes.
	LongestParameter = 8 << 10
)

// QueryAndForm reads the parameters of a request from a browser: those in the query of a GET, or in the query and the form body of a POST (OIDC Core
// section 3.1.2.1). No parameter may be repeated (RFC 6749 section 3.1). With the error it returns all parameters but the repeated ones, so that the
// error can still be sent to the redirect URI if that is certain. Errors: a [Refusal].
func QueryAndForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	query, err := parse(r.URL.RawQuery)
	if err != nil || r.Method != http.MethodPost {
		return query, err
	}
	body, err := Form(w, r)
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

// FormAlone reads the parameters of an endpoint that clients call directly: a POST with a form body and nothing in the
// query, where proxies and logs would see it (RFC 6749 sections 2.3.1 and 3.2). Errors: a [Refusal].
func FormAlone(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, Refuse(ParametersInQuery)
	}
	return Form(w, r)
}

// Form reads the parameters of a form body and ignores the query. Errors: a [Refusal].
func Form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	text, err := FormText(w, r)
	if err != nil {
		return nil, err
	}
	return parse(text)
}

// FormText returns a form body without decoding it. Errors: a [Refusal].
func FormText(w http.ResponseWriter, r *http.Request) (string, error) {
	if err := CheckMediaType(r, "application/x-www-form-urlencoded", BodyType); err != nil {
		return "", err
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return "", Refuse(BodyTooLarge)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "", Refuse(BodySlow).Because(err) // RFC 9110 section 15.5.9
	}
	if err != nil {
		return "", Refuse(BodyUnreadable)
	}
	return string(text), nil
}

// CheckMediaType returns a [Refusal] for a compressed body, and one with the given rule for a body that is not of the media type want or not in UTF-8
// (RFC 9110 section 15.5.16).
func CheckMediaType(r *http.Request, want string, rule Rule) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return Refuse(BodyCompressed)
	}
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, given := parameters["charset"]
	if err != nil || kind != want || given && !strings.EqualFold(charset, "utf-8") {
		return Refuse(rule)
	}
	return nil
}

// AccessToken returns the access token of a request to a protected resource, from the header Authorization or from the form body of a POST, but not
// from both (RFC 6750 sections 2 and 3.1). A token in the query is refused, because servers log queries. token is empty if the request has no token;
// byProof reports whether it was sent with the scheme DPoP (RFC 9449 section 7.1). Errors: a [Refusal].
func AccessToken(r *http.Request, form url.Values) (token string, byProof bool, err error) {
	if r.URL.Query().Has("access_token") {
		return "", false, Refuse(TokenInQuery)
	}
	headers := r.Header.Values("Authorization")
	inBody := form.Get("access_token")
	switch {
	case len(headers) > 1, len(headers) == 1 && inBody != "":
		return "", false, Refuse(TokenSeveral)
	case len(headers) == 0:
		return inBody, false, nil
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	byProof = strings.EqualFold(scheme, "DPoP")
	if !byProof && !strings.EqualFold(scheme, "Bearer") {
		return "", false, nil
	}
	return strings.TrimLeft(token, " "), byProof, nil
}

// parse decodes form-encoded text. It keeps unknown parameters, which are ignored later, as RFC 6749 section 3.1 requires.
func parse(text string) (url.Values, error) {
	form, seen := url.Values{}, map[string]bool{}
	var fault error
	if len(text) > longestBody {
		return form, Refuse(RequestTooLarge)
	}
	for count := 0; text != ""; count++ {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		if count >= mostParameters {
			return form, errors.Join(fault, Refuse(TooManyParameters))
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
		case value != "": // a parameter without a value counts as omitted: RFC 6749 section 3.1
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
		return "", "", Refuse(ParameterEncoding)
	case !utf8.ValidString(name) || !utf8.ValidString(value):
		return "", "", Refuse(ParameterUTF8)
	case strings.ContainsRune(name, 0) || strings.ContainsRune(value, 0):
		return "", "", Refuse(ParameterNUL)
	case len(value) > LongestParameter:
		return "", "", Refuse(ParameterTooLong)
	}
	return name, value, nil
}

func repeated(name string) error {
	if !safeName(name) {
		return Refuse(ParameterRepeated)
	}
	return Refuse(ParameterRepeated).Saying("The parameter " + name + " is sent more than once.")
}

// safeName reports whether an answer may quote a parameter's name.
func safeName(name string) bool {
	for _, c := range name {
		if (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return len(name) <= 40
}
