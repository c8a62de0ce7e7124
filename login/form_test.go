package login_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage"
)

func hashOf(secret string) []byte { return storage.Hash(secret) }

func TestForms(t *testing.T) {
	const urlencoded = "application/x-www-form-urlencoded"
	tests := map[string]struct {
		media, body string
		status      int
	}{
		"right":              {urlencoded, "username=ada&password=x", http.StatusUnprocessableEntity},
		"with a charset":     {urlencoded + "; charset=utf-8", "username=ada&password=x", http.StatusUnprocessableEntity},
		"empty":              {urlencoded, "", http.StatusUnprocessableEntity},
		"JSON":               {"application/json", `{"username":"ada"}`, http.StatusUnsupportedMediaType},
		"multipart":          {"multipart/form-data; boundary=x", "--x--", http.StatusUnsupportedMediaType},
		"no media type":      {"", "username=ada", http.StatusUnsupportedMediaType},
		"field twice":        {urlencoded, "username=ada&username=eve", http.StatusBadRequest},
		"NUL":                {urlencoded, "username=ada%00", http.StatusBadRequest},
		"invalid UTF-8":      {urlencoded, "username=%ff", http.StatusBadRequest},
		"NUL in a name":      {urlencoded, "user%00name=ada", http.StatusBadRequest},
		"incomplete escape":  {urlencoded, "username=%f", http.StatusBadRequest},
		"semicolons":         {urlencoded, "username=ada;password=x", http.StatusBadRequest},
		"16 KiB":             {urlencoded, "username=" + strings.Repeat("a", 16<<10-9), http.StatusUnprocessableEntity},
		"more than 16 KiB":   {urlencoded, "username=" + strings.Repeat("a", 16<<10), http.StatusRequestEntityTooLarge},
		"a megabyte of word": {urlencoded, "password=" + strings.Repeat("a", 1<<20), http.StatusRequestEntityTooLarge},
	}
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		for name, test := range tests {
			for _, path := range []string{"/login"} {
				r, err := http.NewRequest(http.MethodPost, logintest.Absolute(path), strings.NewReader(test.body))
				require.NoError(t, err)
				r.Header.Set("Content-Type", test.media)
				p := logintest.NewBrowser(t, w.Handler).Do(r)
				require.Equal(t, test.status, p.Status, name)
				require.Contains(t, p.Header.Get("Content-Type"), "text/html", name)
			}
		}
	})
}

func TestEveryFormIsReadStrictly(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		for _, route := range routes {
			if !strings.HasPrefix(route, http.MethodPost) {
				continue
			}
			r, err := http.NewRequest(http.MethodPost, logintest.Absolute(pathOf(route)), strings.NewReader("code=1&code=2"))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			require.Equal(t, http.StatusBadRequest, logintest.NewBrowser(t, w.Handler).Do(r).Status, route)
		}
	})
}
