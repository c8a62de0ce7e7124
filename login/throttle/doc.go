// Package throttle owns the budgets of wrong passwords and wrong codes. It decides which counter an attempt belongs to,
// how many failures lead to a wait, when a second factor is closed, and how many messages anybody can have Postern
// send.
//
// Counters live in the database (storage.Budget), so they hold across restarts and replicas and commit whether or not the operation around
// them succeeds. What it leaves to package account: deciding whether an attempt was right and whose it was, and sending messages about it.
//
// Each budget belongs to a [Subject]. A trusted browser, in which the user has completed a sign-in, has a subject of its own, so that a
// stranger who keeps trying a name cannot lock its owner out.
package throttle
