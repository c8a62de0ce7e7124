package password

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/argon2"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/pbkdf2"
	"github.com/go-crypt/crypt/algorithm/scrypt"
)

// ErrHash: an encoded hash that Postern does not read, or whose costs are out
// of bounds. Errors that wrap it name the fault and quote nothing of the hash.
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

var (
	argon2Form       = regexp.MustCompile(`^\$argon2(?:id|i|d)\$v=19\$m=([1-9]\d{0,8}),t=([1-9]\d{0,8}),p=([1-9]\d{0,8})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$`)
	scryptForm       = regexp.MustCompile(`^\$scrypt\$ln=([1-9]\d{0,8}),r=([1-9]\d{0,8}),p=([1-9]\d{0,8})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$`)
	bcryptForm       = regexp.MustCompile(`^\$2[aby]\$(\d\d)\$[A-Za-z0-9./]{53}$`)
	bcryptSHA256Form = regexp.MustCompile(`^\$bcrypt-sha256\$v=2,t=2[aby],r=([1-9]\d?)\$[A-Za-z0-9./]{22}\$[A-Za-z0-9./]{31}$`)
	pbkdf2Form       = regexp.MustCompile(`^(\$pbkdf2(?:-sha1|-sha224|-sha256|-sha384|-sha512)?\$)(?:i=)?([1-9]\d{0,8})(?:,l=\d{1,3})?(\$[A-Za-z0-9+./]+\$[A-Za-z0-9+./]+)$`)
)

// parsedHash is an encoded hash within the bounds above.
type parsedHash struct {
	encoded string
	digest  algorithm.Digest
	memory  uint64 // KiB that Match allocates; 0 where it is next to nothing
}

// ValidHash returns nil if Verify can check passwords against encoded, else an
// error that wraps ErrHash and names the fault. Read are, in PHC or modular
// crypt form, no longer than 512 characters:
//
//	$argon2id$, $argon2i$, $argon2d$   version 19, m to 262144, t·m to 2^20, p to 16
//	$scrypt$                           ln to 20, r to 32, memory as above
//	$2a$, $2b$, $2y$, $bcrypt-sha256$  cost 4 to 15; bcrypt-sha256 version 2
//	$pbkdf2$ and $pbkdf2-DIGEST$       DIGEST sha1, sha224, sha256, sha384, sha512
//
// Salts have at least 8 bytes and tags 16 to 64.
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
	if len(hash.digest.Salt()) < minSaltBytes {
		return parsedHash{}, badHash("salt is too short")
	}
	if tag := len(hash.digest.Key()); tag < minTagBytes || tag > maxTagBytes {
		return parsedHash{}, badHash("tag is too short or too long")
	}
	return hash, nil
}

func decodeHash(encoded string) (parsedHash, error) {
	if m := argon2Form.FindStringSubmatch(encoded); m != nil {
		return decodeArgon2(encoded, number(m[1]), number(m[2]), number(m[3]))
	}
	if m := scryptForm.FindStringSubmatch(encoded); m != nil {
		return decodeScrypt(encoded, number(m[1]), number(m[2]), number(m[3]))
	}
	if m := bcryptForm.FindStringSubmatch(encoded); m != nil {
		return decodeBcrypt(encoded, number(m[1]))
	}
	if m := bcryptSHA256Form.FindStringSubmatch(encoded); m != nil {
		return decodeBcrypt(encoded, number(m[1]))
	}
	if m := pbkdf2Form.FindStringSubmatch(encoded); m != nil {
		// The modular crypt form has "." where the PHC form has "+".
		return decodePBKDF2(m[1]+m[2]+strings.ReplaceAll(m[3], "+", "."), number(m[2]))
	}
	return parsedHash{}, badHash("not argon2, scrypt, bcrypt or pbkdf2 in PHC or modular crypt form")
}

// number converts the at most nine digits that the forms above let through.
func number(digits string) uint64 {
	n, _ := strconv.ParseUint(digits, 10, 64)
	return n
}

func decodeArgon2(encoded string, memory, passes, threads uint64) (parsedHash, error) {
	if memory > maxMemory || memory*passes > maxMemoryPasses || threads > maxThreads {
		return parsedHash{}, badHash("argon2 costs are out of bounds")
	}
	return decoded(argon2.Decode, encoded, memory)
}

func decodeScrypt(encoded string, logN, block, parallelism uint64) (parsedHash, error) {
	if logN > maxScryptLogN || block > maxScryptBlock {
		return parsedHash{}, badHash("scrypt costs are out of bounds")
	}
	memory := block << logN / 8 // KiB of 128·N·r bytes, RFC 7914 section 2
	if memory > maxMemory || max(memory, 1)*parallelism > maxMemoryPasses {
		return parsedHash{}, badHash("scrypt costs are out of bounds")
	}
	return decoded(scrypt.Decode, encoded, memory)
}

func decodeBcrypt(encoded string, cost uint64) (parsedHash, error) {
	if cost < minBcryptCost || cost > maxBcryptCost {
		return parsedHash{}, badHash("bcrypt cost is out of bounds")
	}
	return decoded(bcrypt.Decode, encoded, 0)
}

func decodePBKDF2(encoded string, iterations uint64) (parsedHash, error) {
	hash, err := decoded(pbkdf2.Decode, encoded, 0)
	if err != nil {
		return parsedHash{}, err
	}
	if blocks := uint64(len(hash.digest.Key())+19) / 20; iterations*blocks > maxIterations {
		return parsedHash{}, badHash("pbkdf2 iterations are out of bounds")
	}
	return hash, nil
}

func decoded(decode algorithm.DecodeFunc, encoded string, memory uint64) (parsedHash, error) {
	digest, err := decode(encoded)
	if err != nil {
		return parsedHash{}, badHash("not well-formed") // err would quote parts of the hash
	}
	return parsedHash{digest: digest, memory: memory}, nil
}
