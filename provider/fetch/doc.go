// Package fetch makes the requests that Postern sends to addresses which clients have registered: key sets, request objects, sector
// lists, logout notices.
//
// Anyone who can register a client chooses these addresses, so they are treated as an attacker's (server-side request forgery): the address that a
// name resolved to is checked when the connection is made, so that the name cannot resolve to another one in between; loopback, private, link-local
// and other special addresses are refused unless the operator allows them; redirects are not followed; answers are bounded in size and time. No proxy
// of the environment is used.
//
// It leaves to its callers what to ask for and what an answer means.
package fetch
