package fetch

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// Plain http works only for addresses on the operator's list: nothing is sent in the clear to a public address.
func TestPlainHTTPIsRefusedBeforeAnythingIsSent(t *testing.T) {
	listed, bare := New(Config{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}), New(Config{})
	for uri, good := range map[string]bool{
		"http://10.1.2.3/": true, "http://8.8.8.8/": false, "http://10.2.0.1/": false, "http://[2606:4700::1]/": false, "http://127.0.0.1/": false,
		"https://8.8.8.8/": true, "https://10.1.2.3/": true, "ftp://10.1.2.3/": false, "http://a@10.1.2.3/": false, "//10.1.2.3/": false,
	} {
		_, err := listed.request(t.Context(), http.MethodGet, uri, nil)
		if good {
			require.NoError(t, err, uri)
		} else {
			require.ErrorIs(t, err, ErrAddress, uri)
		}
	}
	for _, uri := range []string{"http://8.8.8.8/", "http://10.1.2.3/", "http://127.0.0.1/"} {
		_, err := bare.request(t.Context(), http.MethodGet, uri, nil)
		require.ErrorIs(t, err, ErrAddress, uri)
	}
}
