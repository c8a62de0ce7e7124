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

// The bounds of what a request may hold. Real requests stay far below.
const (
	longestBody    = 64 << 10 // bytes
	mostParameters = 64
	// LongestParameter is how long one value may be, in bytes.
	LongestParameter = 8 << 10
)

// QueryAndForm reads the parameters of a request that a browser brings, from the query of a GET or from query and form body of
// a POST (OIDC Core section 3.1.2.1). Each may come once only (RFC 6749 section 3.1): a repeated one is left out of the result, which
// is returned together with the error, so that the error can still be sent to a redirect URI about which there is no doubt.
// Errors: a [Refusal].
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

// Form reads the parameters of a form body, whatever the query holds. Errors: a [Refusal].
func Form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	text, err := FormText(w, r)
	if err != nil {
		return nil, err
	}
	return parse(text)
}

// FormText returns a form body as it was sent. Errors: a [Refusal].
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

// CheckMediaType refuses a compressed body, and by the given rule a body of another media type or not in UTF-8 (RFC 9110 section 15.5.16).
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

// AccessToken returns the access token of a request to a protected resource: in the header, or in the form body of a POST, in one
// place only (RFC 6750 sections 2 and 3.1). A token in the query is refused, because it would be in every log. token is empty when the request
// has no token. byProof says that it came with the scheme DPoP (RFC 9449 section 7.1).
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

// parse decodes form-encoded text. Unknown parameters are kept: they are ignored later, as RFC 6749 section 3.1 demands.
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

// safeName reports whether a parameter's name may be repeated in an answer.
func safeName(name string) bool {
	for _, c := range name {
		if (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return len(name) <= 40
}
