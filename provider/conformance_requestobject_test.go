package provider

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
)

// unsignedObjects gives the run a client that the operator registered for unsigned request objects.
func (r *run) unsignedObjects() {
	r.t.Helper()
	r.web, r.secret = r.register(client.Web, func(m *client.Metadata) {
		*m = r.web.Metadata
		m.RequestObjectAlg = client.AlgNone
	})
	about := r.get("/.well-known/openid-configuration").body
	require.Equal(r.t, true, about["request_parameter_supported"])
	require.Contains(r.t, about["request_object_signing_alg_values_supported"], "none")
}

func TestOIDCCUnsignedRequestObjectSupportedCorrectlyOrRejectedAsUnsupported(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		form := r.request()
		refused := beside(form, "request", r.object(client.AlgNone, form))
		// The parameters in the object are then unknown, including the state and the response mode.
		o := &outcome{sent: refused, response: r.authorize(refused)}
		require.Empty(r.t, o.refusals("request_not_supported"))

		r.unsignedObjects()
		form = r.request()
		r.finish(r.authorize(beside(form, "request", r.object(client.AlgNone, form))), form)

		r.dynamic()
		form = r.request()
		r.finish(r.authorize(beside(form, "request", r.object(client.AlgNone, form))), form)
	})
}

// The redirect URI in the object overrides a wrong one beside it. If objects are refused, the wrong one counts, and a page is shown.
func TestOIDCCEnsureRequestObjectWithRedirectURI(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		wrong := callback + "/wrong"
		form := r.request()
		r.shows(beside(form, "request", r.object(client.AlgNone, form), "redirect_uri", wrong), "Wrong return address")

		r.unsignedObjects()
		form = r.request()
		r.finish(r.authorize(beside(form, "request", r.object(client.AlgNone, form), "redirect_uri", wrong)), form)

		r.dynamic() // without an algorithm, any is allowed
		form = r.request()
		r.finish(r.authorize(beside(form, "request", r.object(client.AlgNone, form), "redirect_uri", wrong)), form)
	})
}

// The suite registers the URL of the object and no algorithm, so any is allowed (OIDC Registration section 2).
func TestOIDCCRequestURIUnsigned(t *testing.T) {
	conforms(t, everyType, func(r *run) { r.refersToObject(client.AlgNone) })
}

func TestOIDCCRequestURIUnsignedSupportedCorrectlyOrRejectedAsUnsupported(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		r.refersToObject(client.AlgNone)
		r.dynamic() // without a request_uri
		form := r.request()
		o := &outcome{sent: beside(form, "request_uri", r.app.URL+"/request#hash")}
		o.response = r.authorize(o.sent)
		require.Empty(r.t, o.refusals("request_uri_not_supported"))
	})
}

func TestOIDCCRequestURISignedRS256(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		require.Contains(r.t, r.get("/.well-known/openid-configuration").body["request_object_signing_alg_values_supported"], "RS256")
		r.refersToObject("RS256", "request_object_signing_alg", "RS256")
	})
}

// refersToObject sends a request_uri with a fragment, as the suite does.
func (r *run) refersToObject(alg string, pairs ...any) {
	r.t.Helper()
	require.Equal(r.t, true, r.get("/.well-known/openid-configuration").body["request_uri_parameter_supported"])
	path := r.path("request")
	uri, before := r.app.URL+path+"#hash", r.app.fetches(path)
	r.dynamic(append(pairs, "request_uris", []string{uri})...)
	form := r.request()
	r.app.serve(path, r.object(alg, form, "iss", r.web.ID, "aud", issuer))
	r.finish(r.authorize(beside(form, "request_uri", uri)), form)
	require.Equal(r.t, before+1, r.app.fetches(path))
}
