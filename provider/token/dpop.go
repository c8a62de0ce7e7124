package token

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	josejson "github.com/go-jose/go-jose/v4/json"
	josejwt "github.com/go-jose/go-jose/v4/jwt"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

// Limits of a DPoP proof.
const (
	longestProof = 8 << 10         // bytes
	proofWindow  = time.Minute     // by how much iat may be before or after now in a proof without a nonce
	nonceLife    = 5 * time.Minute // after which the nonce changes; the previous one is accepted as well
	replicaSkew  = time.Minute     // by how much the clocks of two replicas may differ
	longestJTI   = 256             // characters
)

// Proof is a valid DPoP proof of one request, which can be used once. The zero Proof stands for a request without a proof.
type Proof struct {
	JKT     string // SHA-256 thumbprint of the key (RFC 7638)
	jti     string
	expires time.Time // when it becomes too old to be accepted
}

// Proofs checks DPoP proofs (RFC 9449) and makes sure that each is used once.
type Proofs struct {
	issuer string
	store  *storage.Store
}

// NewProofs returns Proofs for the endpoints below the issuer. store records the used ones.
func NewProofs(issuer string, store *storage.Store) *Proofs {
	return &Proofs{issuer: issuer, store: store}
}

// proofClaims are the claims of a proof (RFC 9449 section 4.2).
type proofClaims struct {
	JTI      string               `json:"jti"`
	Method   string               `json:"htm"`
	URI      string               `json:"htu"`
	IssuedAt *josejwt.NumericDate `json:"iat"`
	Token    string               `json:"ath"`
	Nonce    string               `json:"nonce"`
}

// target is the request that a proof must be for. Its URI is built from the issuer, not from the request's Host.
type target struct {
	method, uri string
	token       string // access token that is sent with the proof; empty: there is no token
	needsNonce  bool
}

// OfClient returns the proof in a request of a client to the endpoint at path below the issuer; zero if there is no proof. Clients that are
// registered for DPoP must use a nonce: without one, an attacker who could use a key once, perhaps by a script in a page, could make proofs that are
// valid years later (RFC 9449 section 11.2). Other clients that use DPoP may not support nonces; they need one only if their clock is wrong. Errors:
// an [oauth.Refusal].
func (p *Proofs) OfClient(r *http.Request, path string, c *client.Client, now time.Time) (Proof, error) {
	return p.of(r, target{method: r.Method, uri: p.issuer + path, needsNonce: c.DPoPRequired}, now)
}

// OfToken returns the proof in a request with an access token to the protected resource at path below the issuer (RFC 9449 section 7); zero if there
// is no proof. Errors: an [oauth.Refusal].
func (p *Proofs) OfToken(r *http.Request, path, token string, now time.Time) (Proof, error) {
	return p.of(r, target{method: r.Method, uri: p.issuer + path, token: token}, now)
}

// of returns the proof in a request. It checks everything that RFC 9449 section 4.3 requires, except that the proof was not used before.
func (p *Proofs) of(r *http.Request, want target, now time.Time) (Proof, error) {
	switch headers := r.Header.Values("DPoP"); len(headers) {
	case 0:
		return Proof{}, nil
	case 1:
		claims, jkt, err := readProof(headers[0])
		if err != nil {
			return Proof{}, err
		}
		expires, err := p.check(claims, want, now)
		return Proof{JKT: jkt, jti: claims.JTI, expires: expires}, err
	}
	return Proof{}, oauth.Refuse(oauth.ProofSeveral)
}

// readProof reads a proof, a JWT that is signed with the key in its header, and verifies the signature. Names are case-sensitive, and no name may be
// repeated.
func readProof(text string) (claims proofClaims, jkt string, err error) {
	malformed := oauth.Refuse(oauth.ProofMalformed)
	if len(text) > longestProof {
		return claims, "", malformed
	}
	var algorithms []jose.SignatureAlgorithm
	for _, alg := range client.SigningAlgs() {
		algorithms = append(algorithms, jose.SignatureAlgorithm(alg))
	}
	signed, err := jose.ParseSignedCompact(text, algorithms)
	if err != nil {
		return claims, "", malformed
	}
	header := signed.Signatures[0].Protected
	// DPoP defines no critical extensions, so a crit header is always refused.
	if _, critical := header.ExtraHeaders["crit"]; critical || TypeOf(signed) != dpopProofType {
		return claims, "", malformed
	}
	key, err := proofKey(text)
	if err != nil || key.Use != "" && key.Use != "sig" || key.Algorithm != "" && key.Algorithm != header.Algorithm {
		return claims, "", oauth.Refuse(oauth.ProofKey)
	}
	payload, err := signed.Verify(key)
	if err != nil || josejson.Unmarshal(payload, &claims) != nil {
		return proofClaims{}, "", malformed
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	return claims, base64.RawURLEncoding.EncodeToString(thumbprint), err
}

// proofKey returns the jwk in the header of a JWT. It reads the JSON text, in which members of a private key can be noticed.
func proofKey(text string) (jose.JSONWebKey, error) {
	encoded, _, _ := strings.Cut(text, ".")
	header, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	var members struct {
		Key json.RawMessage `json:"jwk"`
	}
	if err := josejson.Unmarshal(header, &members); err != nil {
		return jose.JSONWebKey{}, err
	}
	return client.ParseKey(members.Key)
}

// check checks whether a proof is valid for a request (RFC 9449 section 4.3, numbers 8 to 12), and returns until when.
func (p *Proofs) check(claims proofClaims, want target, now time.Time) (expires time.Time, err error) {
	asked, _ := normalURI(want.uri)
	said, ok := normalURI(claims.URI)
	sum := sha256.Sum256([]byte(want.token))
	switch {
	case claims.JTI == "" || utf8.RuneCountInString(claims.JTI) > longestJTI:
		return expires, oauth.Refuse(oauth.ProofID)
	case claims.Method != want.method:
		return expires, oauth.Refuse(oauth.ProofMethod)
	case !ok || said != asked:
		return expires, oauth.Refuse(oauth.ProofURI)
	case claims.IssuedAt == nil:
		return expires, oauth.Refuse(oauth.ProofTime)
	case want.token != "" && claims.Token != base64.RawURLEncoding.EncodeToString(sum[:]):
		return expires, oauth.Refuse(oauth.ProofToken)
	}
	if claims.Nonce != "" {
		if !p.knows(claims.Nonce, now) {
			return expires, oauth.Refuse(oauth.ProofNonce)
		}
		return now.Add(2*nonceLife + replicaSkew), nil
	}
	// A client with a wrong clock can use our nonce, which replaces iat as evidence of when the proof was made.
	at := claims.IssuedAt.Time()
	if want.needsNonce || now.Sub(at).Abs() > proofWindow {
		return expires, oauth.Refuse(oauth.ProofNonce)
	}
	return at.Add(proofWindow), nil
}

// Spend marks a proof as used. It costs one statement, and none for the zero Proof. Errors: an [oauth.Refusal] if the proof was used before,
// [storage.ErrUnavailable].
func (p *Proofs) Spend(ctx context.Context, shown Proof) error {
	if shown.JKT == "" {
		return nil
	}
	err := p.store.JTIs.SpendProof(ctx, shown.JKT, shown.jti, shown.expires)
	if errors.Is(err, storage.ErrConflict) {
		return oauth.Refuse(oauth.ProofUsed)
	}
	return err
}

// Offer adds the nonce for the client's next proofs to the header of an answer, if the request had a proof (RFC 9449 section 8.2).
func (p *Proofs) Offer(h http.Header, shown Proof, now time.Time) {
	if shown.JKT != "" {
		h.Set("DPoP-Nonce", p.Nonce(now))
	}
}

const noncePurpose = "dpop nonce"

// Nonce returns the current nonce (RFC 9449 section 8). It is a keyed hash of the time, so all replicas know it and none stores it.
func (p *Proofs) Nonce(now time.Time) string {
	number := strconv.FormatInt(now.Unix()/int64(nonceLife/time.Second), 10)
	return strictBase64.EncodeToString(p.store.MAC(noncePurpose, number)[:16])
}

// knows reports whether a nonce is the current one, the previous one, or the next one if a replica with a fast clock may already use it.
func (p *Proofs) knows(nonce string, now time.Time) bool {
	return slices.ContainsFunc([]time.Time{now, now.Add(-nonceLife), now.Add(replicaSkew)}, func(at time.Time) bool {
		return hmac.Equal([]byte(nonce), []byte(p.Nonce(at)))
	})
}
