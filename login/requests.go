package login

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// NoteRequest remembers in the browser which client a request in progress is of. The request itself is gone when it is over; with this the
// person still gets back to the app, also by a link that was mailed on the way.
func (s *Sessions) NoteRequest(w http.ResponseWriter, r *http.Request, flow, client string) {
	notes := flow + ":" + base64.RawURLEncoding.EncodeToString([]byte(client))
	for _, earlier := range s.notedRequests(r) {
		if len(notes)+1+len(earlier) > longestCookie { // the oldest are forgotten
			break
		}
		notes += "." + earlier
	}
	s.cookies.set(w, requestsCookie, notes, ticketLife)
}

// ClientOf returns the client of a request that this browser began within the last days, whether or not it is over; empty for any other.
func (s *Sessions) ClientOf(r *http.Request, flow string) string {
	for _, noted := range s.notedRequests(r) {
		id, client, _ := strings.Cut(noted, ":")
		if id != flow {
			continue
		}
		if text, err := base64.RawURLEncoding.DecodeString(client); err == nil {
			return string(text)
		}
	}
	return ""
}

func (s *Sessions) notedRequests(r *http.Request) []string {
	return strings.FieldsFunc(s.cookies.get(r, requestsCookie), func(c rune) bool { return c == '.' })
}
