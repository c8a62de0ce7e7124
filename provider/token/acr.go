package token

import "slices"

// Authentication context classes (acr): our own, and the one of REFEDS for clients that ask for it by name.
const (
	ACRMFA   = "urn:postern:acr:mfa"
	ACRREFED = "https://refeds.org/profile/mfa"
)

// ACR returns the acr of an ID token. Every sign-in has used both factors, so both classes apply. The first known one of asked is returned, because
// clients differ in the class that they understand; without a known one, [ACRMFA].
func ACR(asked []string) string {
	if i := slices.IndexFunc(asked, KnownACR); i >= 0 {
		return asked[i]
	}
	return ACRMFA
}

// KnownACR reports whether sign-ins are of this class.
func KnownACR(acr string) bool { return acr == ACRMFA || acr == ACRREFED }
