package browser

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// RememberRequest remembers in the browser which client an authorization request came from. The request itself is deleted when it is over;
// the remembered client still lets the person return to the app, for example after following a mailed link.
func (s *Sessions) RememberRequest(w http.ResponseWriter, r *http.Request, flow, client string) {
	requests := flow + ":" + base64.RawURLEncoding.EncodeToString([]byte(client))
	for _, earlier := range s.requests(r) {
		if len(requests)+1+len(earlier) > longest { // the oldest are forgotten
			break
		}
		requests += "." + earlier
	}
	s.Set(w, requestsCookie, requests)
}

// ClientOf returns the client of a request that this browser began within the last three days, whether or not the request is over. It
// returns "" for any other request.
func (s *Sessions) ClientOf(r *http.Request, flow string) string {
	for _, request := range s.requests(r) {
		id, client, _ := strings.Cut(request, ":")
		if id != flow {
			continue
		}
		if text, err := base64.RawURLEncoding.DecodeString(client); err == nil {
			return string(text)
		}
	}
	return ""
}

// requests returns the remembered requests, the newest first.
func (s *Sessions) requests(r *http.Request) []string {
	return strings.FieldsFunc(s.jar.get(r, requestsCookie), func(c rune) bool { return c == '.' })
}
