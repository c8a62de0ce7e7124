package otp

import "errors"

var (
	// ErrParameters: an algorithm, number of digits or period that Postern does
	// not compute codes for.
	ErrParameters = errors.New("otp: unsupported algorithm, digits or period")

	// ErrShortSecret: a secret of fewer than 16 bytes (RFC 4226 section 4, R6).
	// A stored key with this error was damaged or tampered with: an empty secret
	// would make its codes computable by anybody.
	ErrShortSecret = errors.New("otp: secret is shorter than 128 bits")

	// ErrMalformedCode: what was typed is not a one-time code or recovery code
	// of the expected length, whatever its spelling. It counts as a wrong code.
	ErrMalformedCode = errors.New("otp: malformed code")

	// ErrLabel: an issuer or account that is empty, is not valid UTF-8, has
	// blanks at its ends, or contains a colon or an unprintable character.
	ErrLabel = errors.New("otp: issuer or account cannot be part of a label")

	// ErrTooLong: an otpauth URI of more than 512 bytes.
	ErrTooLong = errors.New("otp: otpauth URI is longer than 512 bytes")

	// ErrMalformedURI: the text is not an otpauth URI of a time-based key that
	// Postern can take over. Errors of ParseURI wrap it and name the fault.
	ErrMalformedURI = errors.New("otp: malformed otpauth URI")
)
