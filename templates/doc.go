// Package templates owns everything a browser or a mailbox sees: the pages,
// the stylesheet and script, the security headers of every HTML answer, the
// error page, and the mails. It knows nothing about accounts, clients or storage: handlers
// fill one of the view structs and hand it over.
//
// # Layout
//
// Each view struct names its template file (SignIn is login/signin.html).
// A file defines two blocks, "title" and "content", and gets the view itself
// as its dot. layout.html frames them; parts.html holds the blocks that pages
// share. Templates may call these functions besides Go's own:
//
//	brand         the Brand: .Name, .Color
//	logo          the URL of the brand's logo
//	asset NAME    the URL of a file below assets/, with its content hash
//	path PATH     a path of this provider with the issuer's path in front
//	t KEY NAME VALUE …        the message KEY in the page's language, its values in <bdi>
//	n KEY COUNT NAME VALUE …  the same for a message with plural forms
//	say TEXT      a Text that a handler chose
//	plain KEY …   t as plain text, for <title>, where <bdi> cannot go
//	isolate TEXT  text between Unicode isolates, for <title>
//	utc TIME      an instant as "14:03:22 UTC"
//	moment TIME   an instant as "2026-03-01 14:03 UTC"
//	rfc3339 TIME  an instant for the datetime attribute
//
// # Languages
//
// What a page or mail says is in translations/LANGUAGE/AREA.json: messages by
// key, with {{.Name}} for a value and one text for each plural form
// (one, other, …) where there is a count. Handlers choose messages (T and N)
// and never write sentences. The layout gets a sheet, and hands its .View to
// the page. Which language a page is in is decided by Pages.LanguageOf.
//
// # What every page may rely on
//
// Pages are complete without JavaScript; assets/postern.js only adds comfort.
// The Content-Security-Policy allows neither inline style nor inline script.
// Every page is sent with Cache-Control: no-store. Forms carry no CSRF token:
// the caller protects its routes with net/http.CrossOriginProtection, which
// needs the Referrer-Policy that this package sets.
//
// # Mails
//
// Mails.Write turns a Mail into subject, plain text and HTML, both bodies from
// the messages mail.KIND_…. mail/mail.html frames all of them, with {{say}},
// {{t}} and {{brand}}. A mail has at most one link: the one-time link or the
// account page.
//
// An operator replaces single templates by files of the same name in
// Config.Dir. All templates are parsed, and run once with an empty view, by
// New, so a mistake in one shows at the start and names its file.
package templates
