// Package mailtest runs a real SMTP server for tests: it takes messages from Postern, reads them as a strict client would, and can be
// made to refuse, to hang and to be away.
//
//	server := mailtest.Start(t)
//	cfg.SMTP.URL = config.Secret(server.URL())
//	…
//	message := server.Wait(t, "ada@example.test")
//	browser.Open(message.Link())
//
// What it leaves to others: everything that a relay does after it has accepted a message.
package mailtest
