package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// badBodies are bodies that no browser and no client sends, with the statuses that may answer them.
var badBodies = map[string]struct {
	contentType, body string
	statuses          []int
}{
	"too large":      {formType, "username=" + strings.Repeat("a", 64<<10+1), []int{413}},
	"a field twice":  {formType, "username=a&username=b&token=a&token=b&decision=a&decision=b&code=1&code=2", []int{400}},
	"NUL":            {formType, "username=a%00b&token=%00&decision=%00&access_token=%00", []int{400}},
	"no UTF-8":       {formType, "username=%ff%fe&token=%ff&decision=%ff&access_token=%ff", []int{400}},
	"bad encoding":   {formType, "username=%zz&token=%zz", []int{400}},
	"many fields":    {formType, strings.Repeat("a=1&", 5000), []int{400, 413}},
	"JSON":           {"application/json", `{"username":"ada"}`, []int{415}},
	"multipart":      {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nada\r\n--x--\r\n", []int{415}},
	"no type":        {"", "username=ada", []int{415}},
	"a strange type": {"application/x-www-form-urlencoded; charset", "username=ada", []int{415}},
}

const formType = "application/x-www-form-urlencoded"

// TestBadInput sends invalid bodies to every route that takes a body, and every method to every URL. The answer must be a 4xx with a
// message, and nothing may change.
func TestBadInput(t *testing.T) {
	db := storagetest.SQLite(t)
	a := newTestApp(t, db, "http://localhost:4280")
	addAda(t, a)
	id, _ := addClient(t, a, client.Web, "http://localhost:4281/callback", nil)
	require.NotEmpty(t, id)
	before := countRows(t, db)
	paths := map[string]map[string]bool{}
	for _, route := range a.public.(*gin.Engine).Routes() {
		path := strings.ReplaceAll(route.Path, ":file", "postern.css")
		if paths[path] == nil {
			paths[path] = map[string]bool{}
		}
		paths[path][route.Method] = true
		if route.Method != http.MethodPost {
			continue
		}
		for name, bad := range badBodies {
			answer := send(a, http.MethodPost, path, bad.contentType, bad.body)
			require.Contains(t, bad.statuses, answer.Code, "%s to %s: %s", name, path, answer.Body)
			require.Greater(t, answer.Body.Len(), 20, "%s to %s has no message", name, path)
		}
	}
	for path, methods := range paths {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "OPTIONS", "BREW"} {
			if methods[method] {
				continue
			}
			answer := send(a, method, path, "", "")
			require.Equal(t, http.StatusMethodNotAllowed, answer.Code, "%s %s", method, path)
		}
	}
	for _, path := range []string{"//oauth2/token", "/./oauth2/token", "/oauth2/token/", "/oauth2/token;x", "/oauth2%2ftoken", "/%6fauth2/tokens", "/.well-known/nothing"} {
		answer := send(a, http.MethodPost, path, formType, "grant_type=authorization_code")
		require.Contains(t, []int{404, 405, 400}, answer.Code, path)
	}
	require.Equal(t, before, countRows(t, db), "something changed")
}

func send(a *app, method, path, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost:4280/", strings.NewReader(body))
	r.URL.Path, r.URL.RawPath = path, ""
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	recorder := httptest.NewRecorder()
	a.public.ServeHTTP(recorder, r)
	return recorder
}

// countRows returns how many rows each table has that a request could fill.
func countRows(t *testing.T, db *storagetest.Database) map[string]int {
	counts := map[string]int{}
	connection := db.SQL(t)
	for _, table := range []string{"users", "sessions", "flows", "grants", "consents", "authenticators", "tickets", "enrolments", "code_sheets", "clients"} {
		var count int
		require.NoError(t, connection.QueryRow(`SELECT count(*) FROM `+table).Scan(&count))
		counts[table] = count
	}
	return counts
}
