// Command postern is an OpenID Connect provider whose second factor is not optional, and the tool of its operators.
//
//	postern demo          a whole sign-in on this machine: provider, app, invited user and mailbox
//	postern serve         the provider
//	postern migrate       the database's schema: up, status
//	postern user          people: add, invite, import, disable, reset-factor and more
//	postern client        apps: add, update, rotate-secret and more
//	postern key           signing keys: list, rotate, retire
//	postern secrets       the keyset that encrypts secrets at rest: new, rotate
//	postern audit         the record of what happened: tail, export, verify
//	postern config        the settings: check, show
//	postern healthcheck   asks the provider on this machine whether it is ready
//	postern version, postern completion
//
// Every command takes --config FILE (or POSTERN_CONFIG) and --json: one JSON value on standard output. Logs and messages go to
// standard error. The exit code is 0 when it is done, 1 when it failed (a message and a line "hint:" that says what to do), 2 for
// wrong usage. docs/commands.md has every flag, docs/configuration.md every setting.
//
// This package puts the parts together (app.go) and starts what runs beside requests (serve.go); it holds no rule of its own.
package main
