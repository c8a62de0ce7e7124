package audit

import "net/netip"

// Actor says which kind of actor an entry names. [By] is the actor itself.
type Actor string

// The kinds of actors.
const (
	ActorUser     Actor = "user"     // a person in a browser, or somebody who claims to be that person
	ActorOperator Actor = "operator" // the command line or an administrator
	ActorClient   Actor = "client"   // an OAuth client
	ActorSystem   Actor = "system"   // Postern itself
)

// By says who acted, and from where. Make one with [Person], [Administrator], [Operator], [Client] or [System].
type By struct {
	actor   Actor
	address string // IP address, with or without a port
	admin   string // user id of an administrator
	browser string
}

// Person returns a person in a browser, or somebody who claims to be that person. The address may be the zero Addr when it is not
// known, and the browser's description, such as "Firefox on Linux", may be empty.
func Person(address netip.Addr, browser string) By {
	return By{actor: ActorUser, address: textOf(address), browser: browser}
}

// Administrator returns a person who is signed in and administers others' accounts, by user id.
func Administrator(userID string, address netip.Addr) By {
	return By{actor: ActorOperator, admin: userID, address: textOf(address)}
}

// Operator returns somebody at the command line.
func Operator() By { return By{actor: ActorOperator} }

// Client returns an OAuth client whose request came from an address, with or without a port.
func Client(address string) By { return By{actor: ActorClient, address: address} }

// System returns Postern itself.
func System() By { return By{actor: ActorSystem} }

// Event returns an event about a user; userID is empty when nobody is concerned, or nobody knows who. An administrator is named in its Detail,
// which is not nil.
func (b By) Event(name Name, userID string) Event {
	e := Event{Name: name, Actor: b.actor, UserID: userID, Address: b.address, Detail: map[string]string{}}
	if b.admin != "" {
		e.Detail["operator"] = b.admin
	}
	if b.browser != "" {
		e.Detail["browser"] = b.browser
	}
	return e
}

// Action returns an event about something else than a user, such as a client or a key. The user that it names is the administrator who acted,
// if it was one.
func (b By) Action(name Name, detail map[string]string) Event {
	return Event{Name: name, Actor: b.actor, UserID: b.admin, Address: b.address, Detail: detail}
}

func textOf(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return address.String()
}
