// Command bench measures a Postern server and the machine on which it runs, in one run. README.md explains how to run it and how
// to read the figures.
//
// It has its own users, clients and server process (setup.go, server.go, postgres.go, seed.go), HTTP connections and browsers
// (client.go, browser.go), the checks of all answers (answers.go), the scenarios (scenarios_*.go), the loops that time them
// (measure.go), the fixed references (reference*.go) and the report (report.go, table.go).
//
// It uses the server only by its commands and its URLs. Only seed.go writes to Postern's tables, because no command makes
// millions of rows.
package main
