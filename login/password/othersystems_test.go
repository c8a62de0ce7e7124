package password_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/password"
)

// Hashes made by other systems: Django 5.2, passlib 1.7, openssl passwd.
var madeElsewhere = map[string]string{
	"Django, PBKDF2":              "pbkdf2_sha256$1000$aSaltOfDjango123$oZXDJrAF1fRO8ScUx9n5GvUyaPAGiCh9pswKcV9rB2M=",
	"Django, PBKDF2 with SHA-1":   "pbkdf2_sha1$1000$aSaltOfDjango123$zqN5hxRVZ9O1TO4468vUiMa6tVQ=",
	"Django, scrypt":              "scrypt$1024$aSaltOfDjango123$8$1$i6xV8h2clUWpuzenwDzgKRSSFZ6Cv0r5AxM/xKG+u52TLaDyskAvPYvZONDtmRN6MBvIgTbAydnjq4XRPGKFow==",
	"Django, bcrypt with SHA-256": "bcrypt_sha256$$2b$04$.H9sEkrGzz0UhV.9Qz3D1OeVNBdJawcCvG9NSFGn0Cdn0qWxSnPDm",
	"Django, bcrypt":              "bcrypt$$2b$04$wWuSkpspHemNIylCH/XxYuEQ7ECNez3y5WGRHtsRasWMO2ja.CqiC",
	"Django, argon2":              "argon2$argon2id$v=19$m=64,t=1,p=1$YVNhbHRPZkRqYW5nbzEyMw$Svs9mTz4QKqU8BxPLOGTdlZWqnMTxJZWbLIsOUgCAaE",
	"LDAP, salted SHA-1":          "{SSHA}LqPxLAMyVFBxiB6C7HSusrprjDN9r3Wu",
	"LDAP, name in small letters": "{ssha}LqPxLAMyVFBxiB6C7HSusrprjDN9r3Wu",
	"LDAP, SHA-1":                 "{SHA}yCifI1a9zWbkCklgRVd0yALLGy4=",
	"LDAP, salted SHA-256":        "{SSHA256}N99ytd/cKiiCgbBJ9YlUPfZwK6sTJI1GHWhD1tpTJzgf45zTes/ZOw==",
	"LDAP, salted SHA-512":        "{SSHA512}U32L3/XUcP3L1KX3zfH8ga0NxY2BWsVRghyYf3b1y77BdIroLG9M1AMRT0gcOG1IMYbchwEmQUVgEHJs0fmM+oaQ8t4bQ2jt",
	"LDAP, SHA-512 crypt":         "{CRYPT}$6$rounds=1000$GO.PyKi5kZc/Pwro$IzNyT.zaMrfeRPg.EtfffagBzWNeet8reL8w20H0bDpe98Bu6iWqkYMZOQPAyvyjr1tt08Swzp5xeXFixxnaD0",
	"LDAP, PBKDF2":                "{PBKDF2-SHA256}100$pLR2TqkVglBqDcG4t5aydg$csoxQoWnsxAgV1Hd7wsUyLnQRsnELjcSkaNmezLtH0U",
	"phpass":                      "$P$5Zk6k40yK.KsaepyPbEWvy1TsTornB/",
	"phpass of phpBB":             "$H$5WSGH.24N763pMSrbzkf1it8L8vFVk1",
	"SHA-512 crypt":               "$6$saltsaltsaltsalt$dgPUPTPuqnAxEseudGieSKTh.9mlvbwklyK2bGp85T0rmwsvDxB13FPbwMCBIttU9dFu9qtAhHY4CPFHQQwCf0",
	"SHA-512 crypt, rounds":       "$6$rounds=1000$/aPexVsntXqicR1g$Rd7W5KwXRS9ENp1LDoGv6yDkCcivDwCPs8gdTse2BwG7DGtLLNnzHdnb6JS.ieNI7D/ZF6xMk5OSBKA.nwJCi.",
	"SHA-256 crypt, short salt":   "$5$short$6A5.9p541Omb52tDdcTan13U4k2C6GCQ58zHoIIZ3n4",
	"PBKDF2 with padding":         "$pbkdf2-sha256$i=100,l=32$pLR2TqkVglBqDcG4t5aydg==$csoxQoWnsxAgV1Hd7wsUyLnQRsnELjcSkaNmezLtH0U=",
}

func TestHashesMadeElsewhere(t *testing.T) {
	h := cheap(t)
	for name, encoded := range madeElsewhere {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, password.ValidHash(encoded))
			ok, outdated := verify(t, h, imported, encoded)
			require.True(t, ok)
			require.True(t, outdated, "to be replaced")
			for _, wrong := range []string{"", imported + "1", imported[1:]} {
				ok, outdated = verify(t, h, wrong, encoded)
				require.False(t, ok, "%q", wrong)
				require.False(t, outdated)
			}
		})
	}
}

// The example of Firebase's own scrypt utility.
func TestHashMadeByFirebase(t *testing.T) {
	const encoded = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==" +
		"$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
	ok, outdated := verify(t, cheap(t), "user1password", encoded)
	require.True(t, ok)
	require.True(t, outdated)
	ok, _ = verify(t, cheap(t), "user2password", encoded)
	require.False(t, ok)
}

// The error says what kind of hash cannot be imported, and does not quote it.
func TestHashesThatCannotBeImported(t *testing.T) {
	for encoded, name := range map[string]string{
		"$1$salt$qJH7.N4xYta3aEG/dfqo/0":       "MD5",
		"{SMD5}4QWGWZpj9GCmfuqEvm8HtZhZS6E=":   "MD5",
		"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M": "yescrypt",
		"5f4dcc3b5aa765d61d8327deb882cf99":     "NT or MD5",
		"sha1$abc$def":                         "SHA-1",
		"{CRYPT}!":                             "locked",
		"!":                                    "locked",
		"{CRYPT}rl0uE0uX2FSWc":                 "DES",
		"something":                            "no form that Postern reads",
	} {
		err := password.ValidHash(encoded)
		require.ErrorIs(t, err, password.ErrHash)
		require.ErrorContains(t, err, name, encoded)
	}
}
