package token

import "slices"

// Authentication context classes (acr): our own, and the one of REFEDS for clients that ask for it by name.
const (
	ACRMFA   = "urn:postern:acr:mfa"
	ACRREFED = "https://refeds.org/profile/mfa"
)

// ACR returns the authentication context class that an ID token names. Every sign-in has shown both factors, so it always is one of the two; asked
// decides which, because clients differ in the one that they understand.
func ACR(asked []string) string {
	if i := slices.IndexFunc(asked, KnownACR); i >= 0 {
		return asked[i]
	}
	return ACRMFA
}

// KnownACR reports whether a sign-in can be of this class.
func KnownACR(acr string) bool { return acr == ACRMFA || acr == ACRREFED }
