package main

// scenario is a kind of load.
type scenario struct {
	name      string
	reference string // with which its rate is compared
	// stored says that its requests use the database, whose size may matter.
	stored bool
	// prepare returns one step for each connection. It gets what a step needs, such as a token.
	prepare func(t *target, connections int) ([]step, error)
}

const signInName = "sign_in"

// besideName is the name of the comparison in beside.go, which is not a scenario.
const besideName = "token_beside_sign_ins"

// scenarios returns all scenarios in the order in which they run.
func scenarios() []scenario {
	es256 := func(t *target) webClient { return t.es256 }
	rs256 := func(t *target) webClient { return t.rs256 }
	return []scenario{
		{name: "discovery", reference: refConstant, prepare: document(discoveryPath, checkDiscovery)},
		{name: "jwks", reference: refConstant, prepare: document(jwksPath, checkJWKS)},
		{name: "client_credentials", reference: refConstant, prepare: clientCredentials},
		{name: "introspection", reference: refSelect, stored: true, prepare: introspection},
		{name: "userinfo", reference: refSelect, stored: true, prepare: userinfo},
		{name: "refresh_es256", reference: refInsert, stored: true, prepare: refresh(es256)},
		{name: "refresh_rs256", reference: refRSA, stored: true, prepare: refresh(rs256)},
		{name: "code_es256", reference: refInsert, stored: true, prepare: codeFlow(es256)},
		{name: "code_rs256", reference: refRSA, stored: true, prepare: codeFlow(rs256)},
		{name: signInName, reference: refArgon, stored: true, prepare: signIn},
	}
}

func scenarioNames() []string {
	var names []string
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	return append(names, besideName)
}

// each returns one step for each connection.
func each(t *target, connections int, build func(c *connection, i int) step) []step {
	steps := make([]step, 0, connections)
	for i := range connections {
		steps = append(steps, build(t.connect(), i))
	}
	return steps
}
