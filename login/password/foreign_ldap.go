package password

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"regexp"
	"strings"
)

// ldapForms are the encodings of userPassword in directories (RFC 2307 section 5.3 and what servers have added). The names are
// case-insensitive.
var ldapForms = []form{
	{regexp.MustCompile(`(?i)^\{(S?SHA(?:1|224|256|384|512)?)\}([A-Za-z0-9+/]+={0,2})$`), decodeLDAPSHA},
	{regexp.MustCompile(`(?i)^\{PBKDF2(|-SHA1|-SHA256|-SHA512)\}([1-9]\d{0,8}\$[A-Za-z0-9+./]+={0,2}\$[A-Za-z0-9+./]+={0,2})$`), decodeLDAPPBKDF2},
	{regexp.MustCompile(`(?i)^\{(?:CRYPT|BCRYPT)\}(\$[256].*)$`), decodeWrapped},
	{regexp.MustCompile(`(?i)^\{ARGON2\}(\$argon2.*)$`), decodeWrapped},
}

// decodeLDAPSHA reads the base64 of SHA(password + salt) + salt.
func decodeLDAPSHA(_ string, m []string) (parsedHash, error) {
	name := strings.ToUpper(m[1])
	salted := strings.HasPrefix(name, "SS")
	newHash := shaOf(strings.TrimPrefix(name, "S"))
	if !salted {
		newHash = shaOf(name)
	}
	content, err := base64.StdEncoding.DecodeString(m[2])
	size := newHash().Size()
	if err != nil || len(content) < size || !salted && len(content) != size {
		return parsedHash{}, badHash("not well-formed")
	}
	tag, salt := content[:size], content[size:]
	found := computed(salt, tag, func(password string) []byte {
		h := newHash()
		h.Write([]byte(password))
		h.Write(salt)
		return h.Sum(nil)
	})
	found.saltless = true
	return found, nil
}

func shaOf(name string) func() hash.Hash {
	switch name {
	case "SHA224":
		return sha256.New224
	case "SHA256":
		return sha256.New
	case "SHA384":
		return sha512.New384
	case "SHA512":
		return sha512.New
	}
	return sha1.New
}

func decodeLDAPPBKDF2(_ string, m []string) (parsedHash, error) {
	return decodeForm("$pbkdf2"+strings.ToLower(m[1])+"$"+m[2], phcForms)
}
