package password_test

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"strings"
	"testing"

	cryptargon2 "github.com/go-crypt/crypt/algorithm/argon2"
	cryptbcrypt "github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"github.com/postern-id/postern/login/password"
)

const imported = "Süßer Käse 4711" // in composed form, as other systems hash it

var (
	salt = []byte("sixteen byte salt")[:16]
	b64  = base64.RawStdEncoding
)

func mcf64(data []byte) string { return strings.ReplaceAll(b64.EncodeToString(data), "+", ".") }

func pbkdf2Hash[H hash.Hash](t *testing.T, name string, h func() H, iterations, tagBytes int, text string) string {
	t.Helper()
	tag, err := pbkdf2.Key(h, text, salt, iterations, tagBytes)
	require.NoError(t, err)
	return fmt.Sprintf("$%s$%d$%s$%s", name, iterations, mcf64(salt), mcf64(tag))
}

// foreignHashes returns hashes of text as other systems make them, with the
// libraries they use where that is possible.
func foreignHashes(t *testing.T, text string) map[string]string {
	t.Helper()
	hashes := map[string]string{}

	tag := argon2.IDKey([]byte(text), salt, 3, 64, 4, 32)
	hashes["argon2id, other costs"] = fmt.Sprintf("$argon2id$v=19$m=64,t=3,p=4$%s$%s", b64.EncodeToString(salt), b64.EncodeToString(tag))
	tag = argon2.IDKey([]byte(text), salt[:8], 1, 8, 1, 32)
	hashes["argon2id, own costs, short salt"] = fmt.Sprintf("$argon2id$v=19$m=8,t=1,p=1$%s$%s", b64.EncodeToString(salt[:8]), b64.EncodeToString(tag))
	tag = argon2.Key([]byte(text), salt, 3, 64, 1, 16)
	hashes["argon2i"] = fmt.Sprintf("$argon2i$v=19$m=64,t=3,p=1$%s$%s", b64.EncodeToString(salt), b64.EncodeToString(tag))
	hasher, err := cryptargon2.New(cryptargon2.WithVariant(cryptargon2.VariantD), cryptargon2.WithMemoryInKiB(64), cryptargon2.WithIterations(1), cryptargon2.WithParallelism(1))
	require.NoError(t, err)
	digest, err := hasher.Hash(text)
	require.NoError(t, err)
	hashes["argon2d"] = digest.Encode()

	tag, err = scrypt.Key([]byte(text), salt, 1<<10, 8, 2, 32)
	require.NoError(t, err)
	hashes["scrypt"] = fmt.Sprintf("$scrypt$ln=10,r=8,p=2$%s$%s", b64.EncodeToString(salt), b64.EncodeToString(tag))

	encoded, err := bcrypt.GenerateFromPassword([]byte(text), bcrypt.MinCost)
	require.NoError(t, err)
	hashes["bcrypt 2a"] = string(encoded)
	hashes["bcrypt 2b"] = strings.Replace(string(encoded), "$2a$", "$2b$", 1)
	hashes["bcrypt 2y"] = strings.Replace(string(encoded), "$2a$", "$2y$", 1)
	withSHA256, err := cryptbcrypt.NewSHA256(cryptbcrypt.WithCost(cryptbcrypt.IterationsMin))
	require.NoError(t, err)
	digest, err = withSHA256.Hash(text)
	require.NoError(t, err)
	hashes["bcrypt-sha256"] = digest.Encode()

	hashes["pbkdf2, which is SHA-1"] = pbkdf2Hash(t, "pbkdf2", sha1.New, 100, 20, text)
	hashes["pbkdf2-sha1"] = pbkdf2Hash(t, "pbkdf2-sha1", sha1.New, 100, 20, text)
	hashes["pbkdf2-sha224"] = pbkdf2Hash(t, "pbkdf2-sha224", sha256.New224, 100, 28, text)
	hashes["pbkdf2-sha256"] = pbkdf2Hash(t, "pbkdf2-sha256", sha256.New, 100, 32, text)
	hashes["pbkdf2-sha384"] = pbkdf2Hash(t, "pbkdf2-sha384", sha512.New384, 100, 48, text)
	hashes["pbkdf2-sha512"] = pbkdf2Hash(t, "pbkdf2-sha512", sha512.New, 100, 64, text)
	tag, err = pbkdf2.Key(sha256.New, text, salt, 100, 32)
	require.NoError(t, err)
	hashes["pbkdf2, PHC form"] = fmt.Sprintf("$pbkdf2-sha256$i=100,l=32$%s$%s", b64.EncodeToString(salt), b64.EncodeToString(tag))
	return hashes
}

func TestForeignHashes(t *testing.T) {
	h := cheap(t)
	decomposed := strings.NewReplacer("ü", "u\u0308", "ä", "a\u0308").Replace(imported)
	for name, encoded := range foreignHashes(t, imported) {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, password.ValidHash(encoded))
			for _, typed := range []string{imported, decomposed} {
				ok, outdated := verify(t, h, typed, encoded)
				require.True(t, ok)
				require.True(t, outdated, "to be replaced")
			}
			for _, typed := range []string{"", imported[:len(imported)-1], imported + "1", strings.ToLower(imported)} {
				ok, outdated := verify(t, h, typed, encoded)
				require.False(t, ok, "%q", typed)
				require.False(t, outdated)
			}
		})
	}
}

// Other systems do not normalize: a password that normalization changes is
// found as it is typed, and its hash replaced.
func TestForeignHashOfAnUnnormalizedPassword(t *testing.T) {
	h := cheap(t)
	for _, text := range []string{"cafe\u0301 au lait", "m\u00b2 of \ufb01sh", "\uff21\uff22\uff23 latin-1: \xe4"} {
		for name, encoded := range foreignHashes(t, text) {
			ok, outdated := verify(t, h, text, encoded)
			require.True(t, ok, "%s of %q", name, text)
			require.True(t, outdated, "%s of %q", name, text)
		}
		tag := argon2.IDKey([]byte(text), salt, 1, 8, 1, 32)
		ok, outdated := verify(t, h, text, fmt.Sprintf("$argon2id$v=19$m=8,t=1,p=1$%s$%s", b64.EncodeToString(salt), b64.EncodeToString(tag)))
		require.True(t, ok)
		require.True(t, outdated, "own costs, but made without normalization")
	}
}

// The documentation of Python's passlib gives this hash of "password".
func TestHashMadeByPasslib(t *testing.T) {
	ok, outdated := verify(t, cheap(t), "password", "$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2")
	require.True(t, ok)
	require.True(t, outdated)
}

// bcrypt ignores everything after 72 bytes. The other system accepted any ending, so Verify does, once; the hash that replaces it does not.
func TestLongPasswordUnderBcrypt(t *testing.T) {
	h := cheap(t)
	long := strings.Repeat("x", 80)
	encoded, err := bcrypt.GenerateFromPassword([]byte(long[:72]), bcrypt.MinCost)
	require.NoError(t, err)
	ok, outdated := verify(t, h, long, string(encoded))
	require.True(t, ok)
	require.True(t, outdated)
	replacement, err := h.Hash(t.Context(), long)
	require.NoError(t, err)
	ok, _ = verify(t, h, long[:79], replacement)
	require.False(t, ok)
}

func TestInvalidHashes(t *testing.T) {
	h := cheap(t)
	salt, tag := strings.Repeat("A", 22), strings.Repeat("A", 43)
	for name, encoded := range map[string]string{
		"empty":                            "",
		"plain text":                       "open sesame",
		"plaintext of the library":         "$plaintext$open sesame",
		"MD5":                              "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
		"MD5, of LDAP":                     "{MD5}X03MO1qnZdYdgyfeuILPmQ==",
		"MD5-crypt":                        "{CRYPT}$1$salt$qJH7.N4xYta3aEG/dfqo/0",
		"SHA-512 crypt that takes minutes": "$6$rounds=1000001$saltsalt$" + strings.Repeat("A", 86),
		"SHA-512 crypt of few rounds":      "$6$rounds=999$saltsalt$" + strings.Repeat("A", 86),
		"SHA-512 crypt, short":             "$6$saltsalt$" + strings.Repeat("A", 43),
		"SHA-256 crypt, long":              "$5$saltsalt$" + strings.Repeat("A", 86),
		"SHA-512 crypt, long salt":         "$6$" + strings.Repeat("s", 17) + "$" + strings.Repeat("A", 86),
		"phpass that takes hours":          "$P$J" + strings.Repeat("A", 30),
		"phpass, too cheap":                "$P$4" + strings.Repeat("A", 30),
		"SSHA without a tag":               "{SSHA}AAAA",
		"SHA with a salt":                  "{SHA}" + strings.Repeat("A", 32),
		"argon2 in crypt's form":           "{CRYPT}$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + tag,
		"Django of minutes":                "pbkdf2_sha256$999999999$saltsaltsalt$" + tag + "=",
		"Django, short salt":               "pbkdf2_sha256$1000$salt$" + tag + "=",
		"Django, wrapped twice":            "bcrypt$bcrypt$$2b$04$" + strings.Repeat("A", 53),
		"Django scrypt of gigabytes":       "scrypt$1048576$saltsaltsalt$16$1$" + tag + "=",
		"Django scrypt, no power of 2":     "scrypt$1000$saltsaltsalt$8$1$" + tag + "=",
		"Firebase of gigabytes":            "$fbscrypt$v=1,n=20,r=16,p=1,ss=Bw==,sk=" + tag + "=$" + salt + "==$" + tag + "=",
		"Firebase of another key":          "$fbscrypt$v=1,n=10,r=8,p=1,ss=Bw==,sk=" + salt + "==$" + salt + "==$" + tag + "=",
		"yescrypt":                         "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7",
		"argon2 of gigabytes":              "$argon2id$v=19$m=4194304,t=1,p=1$" + salt + "$" + tag,
		"argon2 a little too large":        "$argon2id$v=19$m=262145,t=1,p=1$" + salt + "$" + tag,
		"argon2 of minutes":                "$argon2id$v=19$m=64,t=999999999,p=1$" + salt + "$" + tag,
		"argon2 of many threads":           "$argon2id$v=19$m=19456,t=1,p=17$" + salt + "$" + tag,
		"argon2 number overflows":          "$argon2id$v=19$m=18446744073709551617,t=1,p=1$" + salt + "$" + tag,
		"argon2 zero memory":               "$argon2id$v=19$m=0,t=1,p=1$" + salt + "$" + tag,
		"argon2 zero time":                 "$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + tag,
		"argon2 without costs":             "$argon2id$v=19$$" + salt + "$" + tag,
		"argon2 other order":               "$argon2id$v=19$t=1,m=64,p=1$" + salt + "$" + tag,
		"argon2 old version":               "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + tag,
		"argon2 short tag":                 "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$AAAA",
		"argon2 no tag":                    "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
		"argon2 long tag":                  "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + strings.Repeat("A", 88),
		"argon2 short salt":                "$argon2id$v=19$m=64,t=1,p=1$AAAA$" + tag,
		"argon2 impossible base64":         "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAA$" + tag,
		"argon2 padded":                    "$argon2id$v=19$m=64,t=1,p=1$" + salt + "==$" + tag + "=",
		"scrypt of gigabytes":              "$scrypt$ln=20,r=16,p=1$" + salt + "$" + tag,
		"scrypt shifted out":               "$scrypt$ln=64,r=8,p=1$" + salt + "$" + tag,
		"scrypt wide block":                "$scrypt$ln=1,r=999999999,p=1$" + salt + "$" + tag,
		"scrypt of minutes":                "$scrypt$ln=14,r=8,p=999999999$" + salt + "$" + tag,
		"scrypt tiny, of minutes":          "$scrypt$ln=1,r=1,p=99999999$" + salt + "$" + tag,
		"scrypt short tag":                 "$scrypt$ln=10,r=8,p=1$" + salt + "$AAAA",
		"bcrypt of hours":                  "$2b$31$" + strings.Repeat("A", 53),
		"bcrypt a little too expensive":    "$2b$16$" + strings.Repeat("A", 53),
		"bcrypt too cheap":                 "$2b$03$" + strings.Repeat("A", 53),
		"bcrypt with the sign bug":         "$2x$10$" + strings.Repeat("A", 53),
		"bcrypt short":                     "$2b$10$" + strings.Repeat("A", 52),
		"bcrypt-sha256 of hours":           "$bcrypt-sha256$v=2,t=2b,r=31$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 31),
		"bcrypt-sha256 version 1":          "$bcrypt-sha256$2a,12$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 31),
		"pbkdf2 of minutes":                "$pbkdf2-sha256$999999999$" + salt + "$" + tag,
		"pbkdf2 of minutes, PHC":           "$pbkdf2-sha256$i=999999999,l=32$" + salt + "$" + tag,
		"pbkdf2 by its length":             "$pbkdf2-sha1$3999999$" + salt + "$" + tag,
		"pbkdf2 zero":                      "$pbkdf2-sha256$0$" + salt + "$" + tag,
		"pbkdf2 negative":                  "$pbkdf2-sha256$-1$" + salt + "$" + tag,
		"pbkdf2 with MD5":                  "$pbkdf2-md5$1000$" + salt + "$" + tag,
		"pbkdf2 short tag":                 "$pbkdf2-sha256$1000$" + salt + "$AAAA",
		"too long":                         "$pbkdf2-sha256$1000$" + strings.Repeat("A", 512) + "$" + tag,
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, password.ValidHash(encoded), password.ErrHash)
			ok, outdated, err := h.Verify(t.Context(), "password", encoded)
			require.ErrorIs(t, err, password.ErrHash)
			require.False(t, ok)
			require.False(t, outdated)
			if len(encoded) > 8 {
				require.NotContains(t, err.Error(), encoded[len(encoded)-8:], "errors go to logs")
			}
		})
	}
}

// Verify accepts no text as the hash of a password that it was not made from, and does not panic on any text.
func FuzzVerify(f *testing.F) {
	h := cheap(f)
	const tag = "GpZ3sK/8hAcS0v2dFqbJmYQ5w9nT7xLrUeIoPzXcVkM"
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlIHM$" + tag)
	f.Add("$argon2i$v=19$m=16,t=1,p=2$c2l4dGVlbiBieXRlIHM$" + tag)
	f.Add("$scrypt$ln=4,r=1,p=1$c2l4dGVlbiBieXRlIHM$" + tag)
	f.Add("$2b$04$abcdefghijklmnopqrstuuOZ2nY3h1Jp0Xq7sB9cD4eF5gH6iK8lM")
	f.Add("$bcrypt-sha256$v=2,t=2b,r=4$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2")
	f.Add("$pbkdf2-sha256$i=1,l=32$c2l4dGVlbiBieXRlIHM$" + tag)
	f.Add("$pbkdf2$1$c2l4dGVlbiBieXRlIHM$" + tag)
	f.Fuzz(func(t *testing.T, encoded string) {
		valid := password.ValidHash(encoded)
		ok, outdated, err := h.Verify(t.Context(), "a horse with no name", encoded)
		require.Equal(t, valid, err)
		require.False(t, ok)
		require.False(t, outdated)
		if err != nil {
			require.ErrorIs(t, err, password.ErrHash)
		}
	})
}
