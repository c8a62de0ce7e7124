// Command bench measures a Postern server, and the machine below it, in one run: README.md tells how to run it and how to
// read what it prints.
//
// It owns the load: users, clients and a server process of its own (setup.go, server.go, postgres.go, seed.go), HTTP connections and
// browsers (client.go, browser.go), the checks of every answer (answers.go), the scenarios (scenarios_*.go), the loops that time
// them (measure.go), the fixed references (reference*.go) and the report (report.go, table.go).
//
// It knows the server by its commands and addresses alone. Only seed.go writes rows of Postern's tables, because no command
// makes millions of them.
package main
