package audit

import (
	"bytes"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postern-id/postern/storage"
)

// Event is what happened. Make one with [By.Event] or [By.Action]. Its texts are stored cut to 256 bytes.
type Event struct {
	Name     Name   // required
	Actor    Actor  // required
	UserID   string // the user whom the event concerns, or the administrator who acted; empty if there is no such user or it is not known
	ClientID string
	Address  string // IP address of the request, which is stored as ShortAddress returns it
	Detail   map[string]string
}

// entry is the stored form of an event, to which Log.body appends the keyed hash as the last member.
type entry struct {
	ID       string            `json:"id"`
	At       int64             `json:"at"` // microseconds since 1970
	Name     Name              `json:"name"`
	UserID   string            `json:"user_id,omitempty"`
	ClientID string            `json:"client_id,omitempty"`
	Actor    Actor             `json:"actor"`
	Address  string            `json:"address,omitempty"`
	Detail   map[string]string `json:"detail,omitempty"`
}

// body returns the canonical text of e: a JSON object without spaces, with the members in the order of entry and the keys of detail sorted.
// Its last member, mac, is the keyed hash of the text without that member, in base64url.
func (l *Log) body(e Event, now time.Time) string {
	stored := entry{
		ID: storage.NewID(), At: now.UnixMicro(), Name: e.Name, UserID: clean(e.UserID), ClientID: clean(e.ClientID), Actor: e.Actor,
		Address: ShortAddress(e.Address),
	}
	if len(e.Detail) > 0 {
		stored.Detail = make(map[string]string, len(e.Detail))
		for key, value := range e.Detail {
			stored.Detail[clean(key)] = clean(value)
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(stored); err != nil {
		panic(err) // strings, numbers and a map of strings can always be encoded
	}
	plain := strings.TrimSuffix(text.String(), "\n")
	return strings.TrimSuffix(plain, "}") + macMember + encodeMAC(l.mac(plain)) + `"}`
}

const macMember = `,"mac":"`

// genuine reports whether body is a text that Log.body returned.
func (l *Log) genuine(body string) bool {
	at := strings.LastIndex(body, macMember)
	if at < 0 {
		return false
	}
	expected := macMember + encodeMAC(l.mac(body[:at]+"}")) + `"}`
	return hmac.Equal([]byte(body[at:]), []byte(expected))
}

func (l *Log) mac(plain string) []byte { return l.store.MAC("audit event", plain) }

func encodeMAC(mac []byte) string { return base64.RawURLEncoding.EncodeToString(mac) }

func (l *Log) link(previous []byte, seq int64, body string) []byte {
	return l.store.MAC("audit link", string(previous), strconv.FormatInt(seq, 10), body)
}

func (l *Log) seal(seq int64, last []byte) []byte {
	return l.store.MAC("audit head", strconv.FormatInt(seq, 10), string(last))
}

const longestText = 256 // bytes

// clean returns text from outside in a form that is safe to store: of limited length, valid UTF-8, and without NUL, which PostgreSQL
// refuses.
func clean(text string) string {
	if len(text) > longestText {
		cut := longestText
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// ShortAddress returns the network of an IP address, which is stored instead of the address: /24 for IPv4, /48 for IPv6. It also accepts an
// address with a port, and its own result. For anything else it returns "".
func ShortAddress(address string) string {
	addr, err := netip.ParseAddr(address)
	if prefix, prefixErr := netip.ParsePrefix(address); err != nil && prefixErr == nil {
		addr, err = prefix.Addr(), nil
	}
	if port, portErr := netip.ParseAddrPort(address); err != nil && portErr == nil {
		addr, err = port.Addr(), nil
	}
	if err != nil {
		return ""
	}
	addr = addr.Unmap().WithZone("")
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	network, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return network.String()
}

// AccessDetail returns the detail of an event in which a person allows or refuses a client access.
func AccessDetail(a storage.Access) map[string]string {
	detail := map[string]string{"scopes": strings.Join(a.Scopes, " ")}
	if len(a.Claims) > 0 {
		detail["claims"] = strings.Join(a.Claims, " ")
	}
	return detail
}
