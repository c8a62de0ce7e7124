package client

import (
	"encoding/json"
	"errors"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/postern-id/postern/provider/fetch"
)

// SelfRegistration is a registration that an app sends (RFC 7591 section 2, RFC 7592 section 2.2).
type SelfRegistration struct {
	Metadata
	// ClientID and ClientSecret are those in an update; empty: not sent.
	ClientID, ClientSecret string
}

// ReadRegistration parses and validates a registration that an app sends. registered is the app's client, nil for a new one. Members that are left
// out get the defaults of RFC 7591 and OIDC Registration; members that only operators can set stay as they are in registered. Errors: several
// [MetadataError], see [Faults].
func ReadRegistration(text []byte, registered *Client) (SelfRegistration, error) {
	members, err := readMembers(text)
	if err != nil {
		return SelfRegistration{}, refusal("registration", err.Error())
	}
	if err := checkUnasked(members); err != nil {
		return SelfRegistration{}, err
	}
	var said struct {
		ApplicationType string `json:"application_type"`
		ClientID        string `json:"client_id"`
		ClientSecret    string `json:"client_secret"`
	}
	if err := unmarshal(pick(members, credentialMembers), &said); err != nil {
		return SelfRegistration{}, err
	}
	var m, before Metadata
	switch said.ApplicationType {
	case "", "web":
		m = Defaults(Web)
		m.AuthMethod = AuthBasic // RFC 7591 section 2
	case "native":
		m = Defaults(Native) // public by default: RFC 8252 section 8.4
	default:
		return SelfRegistration{}, refusal("application_type", "must be web or native")
	}
	m.GrantTypes, m.PKCERequired = []string{GrantCode}, false
	if registered != nil {
		before = registered.Metadata
		if m, err = before.reset(m); err != nil {
			return SelfRegistration{}, err
		}
	}
	if err := unmarshal(pick(members, selfMembers), &m); err != nil {
		return SelfRegistration{}, err
	}
	m = m.settled()
	var f faults
	m.checkSelf(&f, before)
	return SelfRegistration{m, said.ClientID, said.ClientSecret}, errors.Join(f.err(), m.Validate())
}

// reset returns m with defaults for all members that an app can register itself.
func (m Metadata) reset(defaults Metadata) (Metadata, error) {
	members, err := defaults.members()
	if err != nil {
		return Metadata{}, err
	}
	m = m.normal() // a copy: m belongs to a client that other requests use
	err = unmarshal(pick(members, selfMembers), &m)
	m.Type = defaults.Type
	return m.normal(), err
}

// settled derives members from others: a public web client runs in the browser, public clients need PKCE, and an app without a name is named after
// the host or scheme of its first redirect URI.
func (m Metadata) settled() Metadata {
	if m.Public() {
		m.PKCERequired = true
		if m.Type == Web {
			m.Type = SPA
		}
	}
	if m.Name == "" && len(m.RedirectURIs) > 0 {
		if u, err := url.Parse(m.RedirectURIs[0]); err == nil {
			if m.Name = u.Hostname(); m.Name == "" {
				m.Name = u.Scheme
			}
		}
	}
	return m
}

// checkUnasked refuses members that an app cannot register.
func checkUnasked(members map[string]json.RawMessage) error {
	var f faults
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch {
		case slices.Contains(operatorMembers, name):
			f.add(name, "can only be set by the operator")
		case slices.Contains(encryptionMembers, name):
			f.add(name, "is not supported: nothing is encrypted for apps")
		}
	}
	return f.err()
}

// checkSelf applies the rules for apps that no operator has examined. A value that an operator has registered before stays allowed.
func (m Metadata) checkSelf(f *faults, before Metadata) {
	for _, scope := range m.Scopes {
		if !slices.Contains(StandardScopes(), scope) && !slices.Contains(before.Scopes, scope) {
			f.add("scope", "%.100q can only be given by the operator", scope)
		}
	}
	if slices.Contains(m.GrantTypes, GrantClient) && !slices.Contains(before.GrantTypes, GrantClient) {
		f.add("grant_types", "client_credentials can only be given by the operator")
	}
	if m.AuthMethod == AuthSecret && before.AuthMethod != AuthSecret {
		f.add("token_endpoint_auth_method", "client_secret is for the operator to give: register client_secret_basic or client_secret_post")
	}
	for _, member := range members {
		for _, uri := range member.Values(m) {
			if member.public && !slices.Contains(member.Values(before), uri) && !isPublicPage(uri) {
				f.add(member.Name, "must be https, at an address that everybody can reach")
			}
		}
	}
}

// isPublicPage reports whether uri is https and not obviously on a private network: a stranger must not lead people's browsers to pages of their own
// network.
func isPublicPage(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "https" || webFault(uri) != "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if address, err := netip.ParseAddr(host); err == nil {
		return fetch.Public(address.Unmap())
	}
	return host != "localhost" && !strings.HasSuffix(host, ".localhost")
}

// Registered returns the members that c can register itself, in the form that [ReadRegistration] reads.
func (c *Client) Registered() (map[string]any, error) {
	members, err := c.members()
	if err != nil {
		return nil, err
	}
	shown := map[string]any{"client_id": c.ID, "application_type": "web"}
	if c.Type == Native {
		shown["application_type"] = "native"
	}
	for name, value := range pick(members, selfMembers) {
		if text := string(value); text != "null" && (text != `""` || name == "scope") {
			shown[name] = value
		}
	}
	return shown, nil
}

func pick(members map[string]json.RawMessage, names []string) map[string]json.RawMessage {
	picked := make(map[string]json.RawMessage, len(names))
	for _, name := range names {
		if value, found := members[name]; found {
			picked[name] = value
		}
	}
	return picked
}

// unmarshal writes members into target. The error names the member that has the wrong type.
func unmarshal(members map[string]json.RawMessage, target any) error {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		text, err := json.Marshal(map[string]json.RawMessage{name: members[name]})
		if err == nil {
			err = json.Unmarshal(text, target)
		}
		if err != nil {
			return refusal(name, "has the wrong type")
		}
	}
	return nil
}

// refusal returns an error with a single fault.
func refusal(field, message string) error {
	var f faults
	f.add(field, "%s", message)
	return f.err()
}
