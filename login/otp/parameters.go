package otp

import (
	"github.com/pquerna/otp"
)

// The names of the HMAC functions of RFC 6238 section 1.2, as they stand in
// otpauth URIs.
const (
	SHA1   = "SHA1"
	SHA256 = "SHA256"
	SHA512 = "SHA512"
)

const (
	minPeriod = 15
	maxPeriod = 120
)

// Parameters say how codes are computed from a secret. Each authenticator
// keeps its own, so that enrolled authenticators go on working when the default
// changes.
type Parameters struct {
	Algorithm string // SHA1, SHA256 or SHA512
	Digits    int    // 6 or 8
	Period    int    // seconds in a time step, 15 to 120
}

// Default is what every authenticator app understands: SHA1, 6 digits, 30 s.
func Default() Parameters {
	return Parameters{Algorithm: SHA1, Digits: 6, Period: 30}
}

// Validate returns ErrParameters for anything but the values that the fields'
// comments allow.
func (p Parameters) Validate() error {
	if _, ok := p.algorithm(); !ok {
		return ErrParameters
	}
	if p.Digits != 6 && p.Digits != 8 {
		return ErrParameters
	}
	if p.Period < minPeriod || p.Period > maxPeriod {
		return ErrParameters
	}
	return nil
}

func (p Parameters) algorithm() (otp.Algorithm, bool) {
	switch p.Algorithm {
	case SHA1:
		return otp.AlgorithmSHA1, true
	case SHA256:
		return otp.AlgorithmSHA256, true
	case SHA512:
		return otp.AlgorithmSHA512, true
	}
	return 0, false
}
