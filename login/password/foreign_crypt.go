package password

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"golang.org/x/crypto/scrypt"
)

const (
	maxCryptRounds   = 1_000_000 // of sha256-crypt and sha512-crypt; fewer than 1000 are not used
	minPhpassRounds  = 7         // powers of two
	maxPhpassRounds  = 20
	cryptAlphabet    = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	firebaseKeyBytes = 32
)

// cryptForms are the encodings of crypt(3), phpass and Firebase.
var cryptForms = []form{
	{regexp.MustCompile(`^\$(?:5|6)\$(?:rounds=([1-9]\d{3,8})\$)?[A-Za-z0-9./]{1,16}\$([A-Za-z0-9./]{43}|[A-Za-z0-9./]{86})$`), decodeSHACrypt},
	{regexp.MustCompile(`^\$[PH]\$([A-Za-z0-9./])([A-Za-z0-9./]{8})([A-Za-z0-9./]{22})$`), decodePhpass},
	{regexp.MustCompile(`^\$fbscrypt\$v=1,n=([1-9]\d?),r=([1-9]\d?),p=1,ss=([A-Za-z0-9+/_-]*={0,2}),sk=([A-Za-z0-9+/_-]+={0,2})\$([A-Za-z0-9+/_-]+={0,2})\$([A-Za-z0-9+/_-]+={0,2})$`), decodeFirebase},
}

func decodeSHACrypt(encoded string, m []string) (parsedHash, error) {
	if m[1] != "" && number(m[1]) > maxCryptRounds {
		return parsedHash{}, badHash("rounds are out of bounds")
	}
	if wantsLong := strings.HasPrefix(encoded, "$6$"); wantsLong != (len(m[2]) == 86) {
		return parsedHash{}, badHash("not well-formed")
	}
	found, err := decoded(shacrypt.Decode, encoded, 0)
	if err != nil {
		return parsedHash{}, err
	}
	found.tag = found.tag[:min(len(found.tag), maxTagBytes)] // the salt is text here
	found.saltless = true
	return found, nil
}

// decodePhpass reads the portable hashes of phpass, as WordPress, phpBB and Drupal 6 made them: MD5, many times.
func decodePhpass(_ string, m []string) (parsedHash, error) {
	log := strings.Index(cryptAlphabet, m[1])
	if log < minPhpassRounds || log > maxPhpassRounds {
		return parsedHash{}, badHash("rounds are out of bounds")
	}
	salt, tag := []byte(m[2]), phpassBytes(m[3])
	found := computed(salt, tag, func(password string) []byte {
		sum := md5.Sum([]byte(m[2] + password))
		for range 1 << log {
			sum = md5.Sum(append(sum[:], password...))
		}
		return sum[:]
	})
	return found, nil
}

// phpassBytes decodes 22 characters of crypt's base64, least significant bits first, into 16 bytes.
func phpassBytes(text string) []byte {
	decoded := make([]byte, 0, 18)
	for ; len(text) > 0; text = text[min(4, len(text)):] {
		var value uint32
		for i, c := range []byte(text[:min(4, len(text))]) {
			value |= uint32(strings.IndexByte(cryptAlphabet, c)) << (6 * i)
		}
		decoded = append(decoded, byte(value), byte(value>>8), byte(value>>16))
	}
	return decoded[:md5.Size]
}

// decodeFirebase reads the modified scrypt of Firebase Authentication with the parameters of the project (auth:export shows them):
//
//	$fbscrypt$v=1,n=MEM_COST,r=ROUNDS,p=1,ss=SALT_SEPARATOR,sk=SIGNER_KEY$SALT$HASH
//
// The words in capitals stand for numbers, or for base64 as Firebase shows it. The hash is the signer key, encrypted with AES-256-CTR under
// the scrypt key of the password.
func decodeFirebase(_ string, m []string) (parsedHash, error) {
	logN, block := number(m[1]), number(m[2])
	memory, err := scryptMemory(logN, block, 1)
	if err != nil {
		return parsedHash{}, err
	}
	var parts [4][]byte
	for i, text := range m[3:7] {
		if parts[i], err = anyBase64(text); err != nil {
			return parsedHash{}, badHash("not well-formed")
		}
	}
	separator, signer, salt, tag := parts[0], parts[1], parts[2], parts[3]
	if len(tag) != len(signer) {
		return parsedHash{}, badHash("not well-formed")
	}
	salted := append(append([]byte(nil), salt...), separator...)
	found := computed(salted, tag, func(password string) []byte {
		key, err := scrypt.Key([]byte(password), salted, 1<<logN, int(block), 1, firebaseKeyBytes)
		if err != nil {
			return nil
		}
		encrypter, err := aes.NewCipher(key)
		if err != nil {
			return nil
		}
		sealed := make([]byte, len(signer))
		cipher.NewCTR(encrypter, make([]byte, aes.BlockSize)).XORKeyStream(sealed, signer)
		return sealed
	})
	found.memory = memory
	return found, nil
}

// anyBase64 decodes both alphabets, with padding or without.
func anyBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	return base64.RawStdEncoding.DecodeString(text)
}
