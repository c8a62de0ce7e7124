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

// expand returns the parameters of an authorization request. Those that the client pushed, or put into a request object by value or by reference,
// replace those from the browser. With an error it returns the parameters that are known, so that the app can be told.
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
			return nil, err // the redirect URI may be in the object, so the app cannot be told
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

// objectFor returns the request object at a request_uri. It fetches the object each time for a person who is signed in, and not more than every few
// seconds for others.
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

// openRequest returns the parameters of a request with a request object. Without an object it returns form, unless the client must send an object.
// For an object that the client has made, it returns the parameters even with an error, because they say where and how to send the error.
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

// objectParameters returns the parameters of a request with a request object. For a client that must sign its requests, only those in the object
// count (RFC 9101 section 6.3); for other clients, they override those beside the object (OIDC Core section 6.1).
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

// objectClaims parses a payload, which must be one JSON object without repeated names.
func objectClaims(payload []byte) (map[string]any, error) {
	var claims map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(payload)))
	decoder.UseNumber()
	if strictjson.Check(payload, 8) != nil || decoder.Decode(&claims) != nil || claims == nil {
		return nil, oauth.Refuse(oauth.ObjectJSON)
	}
	return claims, nil
}

// checkObject checks the claims of a request object that are not parameters (RFC 9101 sections 4, 5 and 10.8, OIDC Core section 6.1).
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

// checkObjectTimes checks that a request object is valid at now, if it has times.
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
			return oauth.Refuse(oauth.ObjectTime).Saying("The request object has expired, or its " + name + " is in the future or not a number.")
		}
	}
	return nil
}

// names reports whether an aud is that name or a list that contains it.
func names(audience any, name string) bool {
	list, _ := audience.([]any)
	return audience == name || slices.Contains(list, any(name))
}

// parameterOf turns a member of a request object into the text of a parameter. It reports false for a member of another type.
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
