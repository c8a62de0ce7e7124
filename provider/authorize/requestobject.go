package authorize

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/clientauth"
	"github.com/postern-id/postern/provider/limit"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/strictjson"
	"github.com/postern-id/postern/storage"
)

// expand returns the whole of an authorization request: what the client pushed ahead, or put into a request object by value or by
// reference, replaces what the browser brought. An error comes with the form as far as it is known, so that the app can be told.
func (e *Endpoint) expand(c *gin.Context, found *client.Client, form url.Values, now time.Time) (url.Values, error) {
	ctx, object, uri := c.Request.Context(), form.Get("request"), form.Get("request_uri")
	switch {
	case strings.HasPrefix(uri, requestURIPrefix):
		return e.pushedRequest(c, found, form, now)
	case found.PARRequired:
		return form, oauth.Refuse(oauth.MustPush)
	case uri != "" && object != "":
		return form, oauth.Refuse(oauth.RequestAndRequestURI)
	case uri != "":
		var err error
		if object, err = e.fetchObject(c.Request, found, uri, now); oauth.IsTryLater(err) || errors.Is(err, storage.ErrUnavailable) {
			return nil, err // the redirect URI is in the object, so the app cannot be told
		} else if err != nil {
			return form, err
		}
	}
	return e.openRequest(ctx, found, form, object, now)
}

// fetchObject fetches a request object from a request_uri that the client has registered (OIDC Core section 6.2).
func (e *Endpoint) fetchObject(r *http.Request, c *client.Client, uri string, now time.Time) (string, error) {
	if len(c.RequestURIs) == 0 {
		return "", oauth.Refuse(oauth.RequestURIUnsupported)
	}
	plain, _, _ := strings.Cut(uri, "#")
	if !slices.ContainsFunc(c.RequestURIs, func(registered string) bool {
		address, _, _ := strings.Cut(registered, "#")
		return registered == uri || address == plain
	}) {
		return "", oauth.Refuse(oauth.RequestURIUnregistered).CompareURI(uri, c.RequestURIs...)
	}
	object, err := e.objectFor(r, c.ID, uri, now)
	if oauth.IsTryLater(err) || errors.Is(err, storage.ErrUnavailable) {
		return "", err
	}
	if err != nil {
		return "", oauth.Refuse(oauth.RequestURIUnreachable).Because(err)
	}
	return object, nil
}

// objectFor returns the request object at a request_uri. It is fetched each time for somebody who is signed in, and once in a while for others.
func (e *Endpoint) objectFor(r *http.Request, clientID, requestURI string, now time.Time) (string, error) {
	key := limit.CallerKey(r, clientID)
	signIn, err := e.cfg.SignIns.Current(r, "")
	if err == nil {
		key = "person " + signIn.User().ID
	} else if !errors.Is(err, storage.ErrNotFound) {
		return "", err
	}
	return e.objects.get(r.Context(), requestURI, err == nil, func() error { return e.cfg.Limits.fetch(key, now) }, now)
}

// openRequest returns the parameters that count when form came with a request object; without an object, form itself unless the client must
// send one. An error of an object that the client made comes with its parameters: they say where to send the error, and how.
func (e *Endpoint) openRequest(ctx context.Context, c *client.Client, form url.Values, object string, now time.Time) (url.Values, error) {
	switch {
	case object == "" && c.RequireSignedRequestObject:
		return form, oauth.Refuse(oauth.MustSign)
	case object == "":
		return form, nil
	case !c.SendsRequestObjects():
		return form, oauth.Refuse(oauth.ObjectNotSupported)
	}
	payload, err := e.cfg.Auth.RequestObject(ctx, c, object)
	if err != nil {
		return form, err
	}
	claims, err := objectClaims(payload)
	if err != nil {
		return form, err
	}
	parameters, err := objectParameters(c, form, claims)
	return parameters, cmp.Or(e.checkObject(c, form, claims, now), err)
}

// objectParameters returns the parameters of a request object. For a client that must sign its requests nothing else counts (RFC 9101
// section 6.3); for others, they win over those beside the object (OIDC Core section 6.1).
func objectParameters(c *client.Client, beside url.Values, claims map[string]any) (parameters url.Values, err error) {
	parameters = url.Values{}
	if !c.RequireSignedRequestObject {
		parameters = maps.Clone(beside)
		parameters.Del("request")
		parameters.Del("request_uri")
	}
	for _, name := range frozenParameters {
		value, sent := claims[name]
		if !sent {
			continue
		}
		text, ok := parameterOf(value)
		if !ok || len(text) > oauth.LongestParameter {
			err = oauth.Refuse(oauth.ObjectParameter)
			continue
		}
		parameters.Set(name, text)
	}
	parameters.Set("client_id", c.ID)
	return parameters, err
}

// objectClaims reads a payload: one JSON object, without repeated names.
func objectClaims(payload []byte) (map[string]any, error) {
	var claims map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(payload)))
	decoder.UseNumber()
	if strictjson.Check(payload, 8) != nil || decoder.Decode(&claims) != nil || claims == nil {
		return nil, oauth.Refuse(oauth.ObjectJSON)
	}
	return claims, nil
}

// checkObject checks what a request object says about itself (RFC 9101 sections 4, 5 and 10.8, OIDC Core section 6.1).
func (e *Endpoint) checkObject(c *client.Client, form url.Values, claims map[string]any, now time.Time) error {
	if c.RequireSignedRequestObject && claims["client_id"] == nil {
		return oauth.Refuse(oauth.ObjectWithoutClient)
	}
	for _, name := range []string{"client_id", "response_type"} {
		if inside, sent := claims[name]; sent && inside != form.Get(name) && (name == "client_id" || form.Has(name)) {
			return oauth.Refuse(oauth.ObjectMismatch).Saying("The request object is not for the same " + name + " as the request.")
		}
	}
	if inside, sent := claims["iss"]; sent && inside != c.ID {
		return oauth.Refuse(oauth.ObjectIssuer)
	}
	if claims["sub"] == c.ID { // that would be a client assertion
		return oauth.Refuse(oauth.ObjectSubject)
	}
	if audience, sent := claims["aud"]; sent && !names(audience, e.cfg.Issuer) {
		return oauth.Refuse(oauth.ObjectAudience)
	}
	if claims["request"] != nil || claims["request_uri"] != nil {
		return oauth.Refuse(oauth.ObjectNested)
	}
	return checkObjectTimes(claims, now)
}

// checkObjectTimes checks that a request object is valid at now, as far as it says so.
func checkObjectTimes(claims map[string]any, now time.Time) error {
	soon, late := now.Add(clientauth.ClientSkew).Unix(), now.Add(-clientauth.ClientSkew).Unix()
	for name, good := range map[string]func(int64) bool{
		"exp": func(at int64) bool { return at > late }, "nbf": func(at int64) bool { return at <= soon }, "iat": func(at int64) bool { return at <= soon },
	} {
		value, sent := claims[name]
		if !sent {
			continue
		}
		number, ok := value.(json.Number)
		at, err := number.Float64()
		if !ok || err != nil || !good(int64(at)) {
			return oauth.Refuse(oauth.ObjectTime).Saying("The request object has expired, or its " + name + " is in the future or no number.")
		}
	}
	return nil
}

// names reports whether an aud is a name or a list with that name in it.
func names(audience any, name string) bool {
	list, _ := audience.([]any)
	return audience == name || slices.Contains(list, any(name))
}

// parameterOf turns a member of a request object into the text that the parameter would have been.
func parameterOf(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, !strings.ContainsRune(v, 0)
	case json.Number:
		return v.String(), true
	case map[string]any:
		text, err := json.Marshal(v)
		return string(text), err == nil
	}
	return "", false
}
