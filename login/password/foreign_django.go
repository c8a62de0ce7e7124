package password

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"math/bits"
	"regexp"

	"golang.org/x/crypto/scrypt"
)

// djangoForms are the encodings of Django's password hashers. Their salts are text, not base64.
var djangoForms = []form{
	{regexp.MustCompile(`^pbkdf2_(sha1|sha256)\$([1-9]\d{0,8})\$([^$]+)\$([A-Za-z0-9+/]+=*)$`), decodeDjangoPBKDF2},
	{regexp.MustCompile(`^scrypt\$([1-9]\d{0,8})\$([^$]+)\$([1-9]\d{0,8})\$([1-9]\d{0,8})\$([A-Za-z0-9+/]+=*)$`), decodeDjangoScrypt},
	{regexp.MustCompile(`^argon2(\$argon2.*)$`), decodeWrapped},
	{regexp.MustCompile(`^bcrypt\$(\$2[aby]\$.*)$`), decodeWrapped},
	{regexp.MustCompile(`^bcrypt_sha256\$(\$2[aby]\$.*)$`), decodeDjangoBcrypt},
}

func decodeDjangoPBKDF2(_ string, m []string) (parsedHash, error) {
	newHash := sha256.New
	if m[1] == "sha1" {
		newHash = sha1.New
	}
	tag, err := base64.StdEncoding.DecodeString(m[4])
	if err != nil {
		return parsedHash{}, badHash("not well-formed")
	}
	return pbkdf2Of(newHash, number(m[2]), []byte(m[3]), tag)
}

func pbkdf2Of(newHash func() hash.Hash, iterations uint64, salt, tag []byte) (parsedHash, error) {
	found := computed(salt, tag, func(password string) []byte {
		key, _ := pbkdf2.Key(newHash, password, salt, int(iterations), len(tag)) // fails only in FIPS mode, in which nothing matches
		return key
	})
	return found, boundPBKDF2(iterations, len(tag))
}

func decodeDjangoScrypt(_ string, m []string) (parsedHash, error) {
	n, block, parallelism := number(m[1]), number(m[3]), number(m[4])
	if n < 2 || bits.OnesCount64(n) != 1 {
		return parsedHash{}, badHash("scrypt costs are out of bounds")
	}
	memory, err := scryptMemory(uint64(bits.TrailingZeros64(n)), block, parallelism)
	if err != nil {
		return parsedHash{}, err
	}
	salt := []byte(m[2])
	tag, err := base64.StdEncoding.DecodeString(m[5])
	if err != nil {
		return parsedHash{}, badHash("not well-formed")
	}
	found := computed(salt, tag, func(password string) []byte {
		key, _ := scrypt.Key([]byte(password), salt, int(n), int(block), int(parallelism), len(tag)) // the costs were checked
		return key
	})
	found.memory = memory
	return found, nil
}

// decodeDjangoBcrypt reads bcrypt of the hexadecimal SHA-256 of the password.
func decodeDjangoBcrypt(_ string, m []string) (parsedHash, error) {
	inner, err := decodeWrapped("", m)
	if err != nil {
		return parsedHash{}, err
	}
	found := inner
	found.match = func(password string) bool {
		sum := sha256.Sum256([]byte(password))
		return inner.match(hex.EncodeToString(sum[:]))
	}
	return found, nil
}
