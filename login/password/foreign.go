package password

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/argon2"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/pbkdf2"
	"github.com/go-crypt/crypt/algorithm/scrypt"
)

// ErrHash: an encoded hash that Postern does not read, or whose costs are out
// of bounds. Errors that wrap it name the fault and do not quote the hash.
var ErrHash = errors.New("password: hash is not acceptable")

// What a stored hash may cost. Without these bounds a hostile import could ask
// for gigabytes or minutes at each sign-in; the most expensive hash within
// them takes 256 MiB and a few seconds.
const (
	maxEncoded      = 512       // characters
	maxMemory       = 256 << 10 // KiB, of argon2 and scrypt
	maxMemoryPasses = 1 << 20   // KiB times passes (argon2) or times parallelism (scrypt)
	maxThreads      = 16        // lanes of argon2
	maxScryptLogN   = 20
	maxScryptBlock  = 32 // the parameter r
	maxBcryptCost   = 15 // 2^15 rounds
	minBcryptCost   = 4
	maxIterations   = 4_000_000 // of pbkdf2, for each 20 bytes of its tag
	minTagBytes     = 16        // a short tag would match wrong passwords
	maxTagBytes     = 64
	minSaltBytes    = 8
)

// form is an encoding of hashes with the function that decodes it.
type form struct {
	pattern *regexp.Regexp
	decode  func(encoded string, groups []string) (parsedHash, error)
}

var phcForms = []form{
	{regexp.MustCompile(`^\$argon2(?:id|i|d)\$v=19\$m=([1-9]\d{0,8}),t=([1-9]\d{0,8}),p=([1-9]\d{0,8})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$`), decodeArgon2},
	{regexp.MustCompile(`^\$scrypt\$ln=([1-9]\d{0,8}),r=([1-9]\d{0,8}),p=([1-9]\d{0,8})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$`), decodeScrypt},
	{regexp.MustCompile(`^\$2[aby]\$(\d\d)\$[A-Za-z0-9./]{53}$`), decodeBcrypt},
	{regexp.MustCompile(`^\$bcrypt-sha256\$v=2,t=2[aby],r=([1-9]\d?)\$[A-Za-z0-9./]{22}\$[A-Za-z0-9./]{31}$`), decodeBcrypt},
	{regexp.MustCompile(`^(\$pbkdf2(?:-sha1|-sha224|-sha256|-sha384|-sha512)?\$)(?:v=1,)?(?:i=)?([1-9]\d{0,8})(?:,l=\d{1,3})?\$([A-Za-z0-9+./]+)={0,2}\$([A-Za-z0-9+./]+)={0,2}$`), decodePBKDF2},
}

// parsedHash is an encoded hash within the bounds above.
type parsedHash struct {
	encoded   string
	match     func(password string) bool
	salt, tag []byte
	memory    uint64 // KiB that match allocates; 0 where it is next to nothing
	// saltless allows a short or missing salt, because other systems make such hashes.
	saltless bool
}

// ValidHash returns nil if Verify can check passwords against encoded, else an
// error that wraps ErrHash and names the fault. Read are, no longer than 512
// characters:
//
//	$argon2id$, $argon2i$, $argon2d$   version 19, m to 262144, t·m to 2^20, p to 16
//	$scrypt$                           ln to 20, r to 32, memory as above
//	$2a$, $2b$, $2y$, $bcrypt-sha256$  cost 4 to 15; bcrypt-sha256 version 2
//	$pbkdf2$ and $pbkdf2-DIGEST$       DIGEST sha1, sha224, sha256, sha384, sha512
//	$5$, $6$                           sha256-crypt and sha512-crypt, to 1,000,000 rounds
//	$P$, $H$                           phpass, to 2^20 rounds
//	$fbscrypt$                         Firebase, with the project's parameters: see decodeFirebase
//	pbkdf2_sha256$, pbkdf2_sha1$, argon2$, bcrypt$, bcrypt_sha256$, scrypt$   of Django
//	{SHA}, {SSHA}, {SHA256}, {SSHA256}, {SHA512}, {SSHA512}, {PBKDF2-DIGEST}  of LDAP
//	{CRYPT}, {BCRYPT}, {ARGON2}        of LDAP, before a form of that algorithm
//
// Tags have 16 to 64 bytes, and salts at least 8, except where the other system
// uses shorter salts or none. The next sign-in replaces any of these hashes by
// a better one.
func ValidHash(encoded string) error {
	_, err := parseHash(encoded)
	return err
}

func badHash(fault string) error {
	return fmt.Errorf("%w: %s", ErrHash, fault)
}

func parseHash(encoded string) (parsedHash, error) {
	if len(encoded) > maxEncoded {
		return parsedHash{}, badHash("longer than 512 characters")
	}
	hash, err := decodeHash(encoded)
	if err != nil {
		return parsedHash{}, err
	}
	hash.encoded = encoded
	if len(hash.salt) < minSaltBytes && !hash.saltless {
		return parsedHash{}, badHash("salt is too short")
	}
	if tag := len(hash.tag); tag < minTagBytes || tag > maxTagBytes {
		return parsedHash{}, badHash("tag is too short or too long")
	}
	return hash, nil
}

func decodeHash(encoded string) (parsedHash, error) {
	return decodeForm(encoded, slices.Concat(phcForms, cryptForms, djangoForms, ldapForms))
}

// decodeWrapped reads a hash of another form behind the name of its algorithm.
func decodeWrapped(_ string, m []string) (parsedHash, error) {
	return decodeForm(m[1], slices.Concat(phcForms, cryptForms))
}

func decodeForm(encoded string, forms []form) (parsedHash, error) {
	for _, f := range forms {
		if groups := f.pattern.FindStringSubmatch(encoded); groups != nil {
			return f.decode(encoded, groups)
		}
	}
	return parsedHash{}, badHash(unreadable(encoded))
}

// unreadable returns an error that says why encoded cannot be imported.
func unreadable(encoded string) string {
	for _, known := range []struct{ pattern, name string }{
		{`^\$1\$|^\$apr1\$|(?i)^\{(CRYPT\}\$1\$|S?MD5\})|^md5\$`, "MD5"},
		{`^\$y\$|^\$gy\$`, "yescrypt"},
		{`^\$7\$`, "scrypt in the form of libxcrypt"},
		{`^\$2x\$`, "bcrypt with the sign bug"},
		{`^\$sha1\$|^sha1\$`, "SHA-1 with few rounds"},
		{`^\$3\$|^[0-9A-Fa-f]{32}$`, "NT or MD5 without a salt"},
		{`^[0-9A-Fa-f]{40}$`, "SHA-1 without a salt"},
		{`^(\{CRYPT\})?[./0-9A-Za-z]{13}$`, "DES"},
		{`^[!*]|^(\{CRYPT\})[!*]`, "an account that is locked or has no password"},
	} {
		if regexp.MustCompile(known.pattern).MatchString(encoded) {
			return known.name + ", which cannot be moved: leave the hash out, so that the person is invited to choose a password"
		}
	}
	return "no form that Postern reads, or its costs are missing or out of bounds"
}

// number converts the at most nine digits that the forms above let through.
func number(digits string) uint64 {
	n, _ := strconv.ParseUint(digits, 10, 64)
	return n
}

func decodeArgon2(encoded string, m []string) (parsedHash, error) {
	memory, passes, threads := number(m[1]), number(m[2]), number(m[3])
	if memory > maxMemory || memory*passes > maxMemoryPasses || threads > maxThreads {
		return parsedHash{}, badHash("argon2 costs are out of bounds")
	}
	return decoded(argon2.Decode, encoded, memory)
}

func decodeScrypt(encoded string, m []string) (parsedHash, error) {
	memory, err := scryptMemory(number(m[1]), number(m[2]), number(m[3]))
	if err != nil {
		return parsedHash{}, err
	}
	return decoded(scrypt.Decode, encoded, memory)
}

// scryptMemory returns the KiB of 128·N·r bytes (RFC 7914 section 2).
func scryptMemory(logN, block, parallelism uint64) (uint64, error) {
	if logN > maxScryptLogN || block > maxScryptBlock {
		return 0, badHash("scrypt costs are out of bounds")
	}
	memory := block << logN / 8
	if memory > maxMemory || max(memory, 1)*parallelism > maxMemoryPasses {
		return 0, badHash("scrypt costs are out of bounds")
	}
	return memory, nil
}

func decodeBcrypt(encoded string, m []string) (parsedHash, error) {
	if cost := number(m[1]); cost < minBcryptCost || cost > maxBcryptCost {
		return parsedHash{}, badHash("bcrypt cost is out of bounds")
	}
	return decoded(bcrypt.Decode, encoded, 0)
}

func decodePBKDF2(_ string, m []string) (parsedHash, error) {
	// The modular crypt form has "." where the PHC form has "+", and neither has padding.
	plain := m[1] + m[2] + "$" + strings.ReplaceAll(m[3]+"$"+m[4], "+", ".")
	hash, err := decoded(pbkdf2.Decode, plain, 0)
	if err != nil {
		return parsedHash{}, err
	}
	return hash, boundPBKDF2(number(m[2]), len(hash.tag))
}

func boundPBKDF2(iterations uint64, tagBytes int) error {
	if blocks := uint64(tagBytes+19) / 20; iterations*blocks > maxIterations {
		return badHash("pbkdf2 iterations are out of bounds")
	}
	return nil
}

func decoded(decode algorithm.DecodeFunc, encoded string, memory uint64) (parsedHash, error) {
	digest, err := decode(encoded)
	if err != nil {
		return parsedHash{}, badHash("not well-formed") // err would quote parts of the hash
	}
	return parsedHash{match: digest.Match, salt: digest.Salt(), tag: digest.Key(), memory: memory}, nil
}

// computed returns a hash whose tag a given function computes.
func computed(salt, tag []byte, compute func(password string) []byte) parsedHash {
	return parsedHash{salt: salt, tag: tag, match: func(password string) bool {
		return subtle.ConstantTimeCompare(compute(password), tag) == 1
	}}
}
