package storagetest

import (
	"testing"
)

// Exercise runs the behaviour suite, which tests everything that [storage.Store] and its records promise. Each behaviour gets an empty
// database from empty.
func Exercise(t *testing.T, empty func(testing.TB) *Database) {
	for _, group := range []struct {
		name       string
		behaviours []behaviour
	}{
		{"schema", schemaBehaviours},
		{"transactions", transactionBehaviours},
		{"users", userBehaviours},
		{"credentials", credentialBehaviours},
		{"links", linkBehaviours},
		{"people", peopleBehaviours},
		{"enrolments", enrolmentBehaviours},
		{"attempts", attemptBehaviours},
		{"sessions", sessionBehaviours},
		{"ends of sessions", sessionEndBehaviours},
		{"client sessions", clientSessionBehaviours},
		{"clients", clientBehaviours},
		{"initial tokens", initialTokenBehaviours},
		{"consents", consentBehaviours},
		{"accounts", accountBehaviours},
		{"flows", flowBehaviours},
		{"pushed requests", pushedBehaviours},
		{"grants", grantBehaviours},
		{"devices", deviceBehaviours},
		{"assertions", assertionBehaviours},
		{"secrets", secretBehaviours},
		{"keys", keyBehaviours},
		{"events", eventBehaviours},
		{"outbox", outboxBehaviours},
		{"upkeep", upkeepBehaviours},
		{"faults", faultBehaviours},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, b := range group.behaviours {
				t.Run(b.name, func(t *testing.T) { b.check(t, empty(t)) })
			}
		})
	}
}

// behaviour is a promise and a function that checks it on an empty database.
type behaviour struct {
	name  string
	check func(*testing.T, *Database)
}
