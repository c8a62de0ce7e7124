package main

// scenario is a kind of load.
type scenario struct {
	name      string
	reference string // that its rate is compared with
	// stored says that requests ask the database, so that its size may matter.
	stored bool
	// prepare makes one step for each connection. What a step needs, such as a token, is fetched here.
	prepare func(t *target, connections int) ([]step, error)
}

const signInName = "sign_in"

// besideName is no scenario of its own but a comparison: see beside.go.
const besideName = "token_beside_sign_ins"

// scenarios lists all kinds of load in the order in which they run.
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

// each makes one step for each connection.
func each(t *target, connections int, build func(c *connection, i int) step) []step {
	steps := make([]step, 0, connections)
	for i := range connections {
		steps = append(steps, build(t.connect(), i))
	}
	return steps
}
