package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func serve(t *testing.T, handler http.HandlerFunc) *connection {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c := &connection{address: strings.TrimPrefix(server.URL, "http://")}
	t.Cleanup(func() { require.NoError(t, c.close()) })
	return c
}

func TestConnectionSendsAndReads(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		w.Header().Set("Seen", strings.Join([]string{r.Method, r.RequestURI, r.Host, r.Header.Get("Cookie"), r.Header.Get("Content-Type")}, "|"))
		w.WriteHeader(http.StatusAccepted)
		w.Write(body)
	})
	a, err := c.do(request{method: http.MethodPost, target: "/x?y=z", header: []string{"Cookie: a=b"}, form: "k=v&l=w"})
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, a.status)
	require.Equal(t, "POST|/x?y=z|"+c.address+"|a=b|application/x-www-form-urlencoded", a.header.Get("Seen"))
	require.Equal(t, "k=v&l=w", string(a.body))
}

func TestConnectionIsKeptAndFollowsNoRedirect(t *testing.T) {
	ports := map[string]bool{}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ports[r.RemoteAddr] = true
		http.Redirect(w, r, "/elsewhere", http.StatusSeeOther)
	})
	for range 3 {
		a, err := c.do(request{method: http.MethodGet, target: "/"})
		require.NoError(t, err)
		require.Equal(t, http.StatusSeeOther, a.status)
		require.Equal(t, "/elsewhere", a.header.Get("Location"))
	}
	require.Len(t, ports, 1)
}

func TestConnectionIsOpenedAgainAfterTheServerClosedIt(t *testing.T) {
	ports := map[string]bool{}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ports[r.RemoteAddr] = true
		w.Header().Set("Connection", "close")
	})
	for range 2 {
		a, err := c.do(request{method: http.MethodGet, target: "/"})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, a.status)
	}
	require.Len(t, ports, 2)
}

func TestConnectionRefusesEndlessAnswers(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, maxAnswer+1)) })
	_, err := c.do(request{method: http.MethodGet, target: "/"})
	require.ErrorContains(t, err, "too long")
}
