package audit

import "net/netip"

// Actor says which kind of actor an entry names. [By] is the actor itself.
type Actor string

// The kinds of actors.
const (
	ActorUser     Actor = "user"     // a person in a browser, or somebody pretending to be that person
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

// Person returns a person in a browser, or somebody pretending to be that person. The address is the client IP, or the zero Addr if it is
// not known. The browser is a description such as "Firefox on Linux", and may be empty.
func Person(address netip.Addr, browser string) By {
	return By{actor: ActorUser, address: textOf(address), browser: browser}
}

// Administrator returns a person, given by user id, who is signed in and administers the accounts of others.
func Administrator(userID string, address netip.Addr) By {
	return By{actor: ActorOperator, admin: userID, address: textOf(address)}
}

// Operator returns an operator at the command line.
func Operator() By { return By{actor: ActorOperator} }

// Client returns an OAuth client, given the client IP of its request, with or without a port.
func Client(address string) By { return By{actor: ActorClient, address: address} }

// System returns Postern itself.
func System() By { return By{actor: ActorSystem} }

// Event returns an event about a user. userID is empty if the event concerns no user, or it is not known which. If an administrator acted,
// the Detail names them. The Detail is not nil.
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

// Action returns an event about something other than a user, such as a client or a key. If an administrator acted, they are its user.
func (b By) Action(name Name, detail map[string]string) Event {
	return Event{Name: name, Actor: b.actor, UserID: b.admin, Address: b.address, Detail: detail}
}

func textOf(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return address.String()
}
