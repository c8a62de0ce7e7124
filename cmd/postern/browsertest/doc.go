// Package browsertest lets a test be a person at a browser. It owns the
// driving: what the pages say and whether that is right is left to the tests.
// Only tests import it, so nothing of it is linked into a program.
//
// There are two browsers with the same words (Open, Fill, Choose, Check,
// Submit, Follow, Text, URL, Title, Status, Link):
//
//   - Browser is Debian's Chromium, with scripts on or off, driven by mouse and
//     keyboard, or by the keyboard alone. Errors on its console and violations
//     of the Content Security Policy fail the test.
//   - Visitor is a cookie jar and an HTML parser. It needs no network and
//     starts no goroutine when it calls handlers directly (InProcess), so it
//     works inside a testing/synctest bubble.
//
// Pages are judged by Browser.Violations (axe-core), KeyboardFaults, Sideways
// (a narrow window), Breaks (words that do not fit) and Validate (the HTML
// checker); Record keeps what came of it in a document. npm fetches axe-core and the checker once, as
// testdata/npm says.
//
// Code is the authenticator app of both: it computes one-time codes with
// oathtool. Browser.QR reads the enrolment address off a screenshot with
// zbarimg.
//
// With -short every test that asks for Chromium, Java or npm's packages is skipped; a
// Visitor needs none of them.
//
// Fields, buttons and links are called what a person would call them: by the
// text on them or their label, the whole or its unambiguous beginning. Scripts
// may also use a field's name and, for a button, "name=value".
package browsertest
