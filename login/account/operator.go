package account

import (
	"net/netip"

	"github.com/postern-id/postern/storage/audit"
)

// Operator is who administers accounts. Its zero value is somebody at the command line.
type Operator struct {
	UserID  string     // of an administrator who is signed in
	Address netip.Addr // of that person's browser or client
}

// event returns an audit entry about what an operator did to a user.
func (o Operator) event(name audit.Name, userID string) audit.Event {
	e := audit.Event{Name: name, Actor: audit.ActorOperator, UserID: userID}
	if o.UserID != "" {
		e.Detail = map[string]string{"operator": o.UserID}
	}
	if o.Address.IsValid() {
		e.Address = o.Address.String()
	}
	return e
}
