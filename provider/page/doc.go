// Package page owns what the browser is shown when a request that an app sent a person with does not go on: a mistake in the app's link, a request
// that is over, too many requests, an outage. It also finds the app of such a request, and shows a page before the browser goes to an app that no
// operator vouches for.
//
// Endpoints that browsers visit return errors, and [Pages.Handle] shows them. It leaves to package oauth which rules there are, and to package
// templates how a page looks.
package page
