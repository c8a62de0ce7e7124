// Package logintest is for the tests of the sign-in pages and of the account pages: both on a database ([World]), a [Browser], and a person
// with a [Phone] who is brought to a point of the sign-in.
package logintest
