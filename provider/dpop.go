package provider

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

// The bounds of a DPoP proof.
const (
	longestProof = 8 << 10         // bytes
	proofWindow  = time.Minute     // how far iat may be from now, both ways, in a proof without a nonce
	nonceLife    = 5 * time.Minute // in which the nonce stays the same; the one before is accepted as well
	replicaSkew  = time.Minute     // how far the clocks of two replicas may be apart
)

// proof is a DPoP proof that is right for one request, and may be used for it once. The zero proof stands for none.
type proof struct {
	jkt     string // SHA-256 thumbprint of the key (RFC 7638)
	jti     string
	expires time.Time // when it would be refused for its age
}

// proofClaims are what a proof says (RFC 9449 section 4.2).
type proofClaims struct {
	JTI      string               `json:"jti"`
	Method   string               `json:"htm"`
	URI      string               `json:"htu"`
	IssuedAt *josejwt.NumericDate `json:"iat"`
	Token    string               `json:"ath"`
	Nonce    string               `json:"nonce"`
}

// proofTarget is the request that a proof must be for. It is said by us, not by the request's Host.
type proofTarget struct {
	method, uri string
	token       string // access token that comes with it; empty: none
	needsNonce  bool
}

var (
	errNoProof   = oauth.Refuse(oauth.ProofMissing)
	errUsedProof = oauth.Refuse(oauth.ProofUsed)
	errNonce     = oauth.Refuse(oauth.ProofNonce)
)

// proofOf returns the proof that came with a request, checked as RFC 9449 section 4.3 says but for its being used the first time.
func proofOf(r *http.Request, target proofTarget, nonces nonces, now time.Time) (proof, error) {
	switch headers := r.Header.Values("DPoP"); len(headers) {
	case 0:
		return proof{}, nil
	case 1:
		claims, jkt, err := readProof(headers[0])
		if err != nil {
			return proof{}, err
		}
		expires, err := checkProof(claims, target, nonces, now)
		return proof{jkt: jkt, jti: claims.JTI, expires: expires}, err
	}
	return proof{}, oauth.Refuse(oauth.ProofSeveral)
}

// clientProof is proofOf at an endpoint that clients call. A nonce is demanded of clients that are registered for DPoP: without it, who could use
// a key once, by a script in a page perhaps, would make proofs that are good years later (RFC 9449 section 11.2). Clients that use DPoP
// of their own accord may know nothing of nonces; they are asked for one only when their clock is wrong.
func (p *Provider) clientProof(r *http.Request, path string, c *client.Client, now time.Time) (proof, error) {
	return proofOf(r, proofTarget{method: r.Method, uri: p.cfg.Issuer + path, needsNonce: c.DPoPRequired}, nonces{p.store}, now)
}

// readProof takes a proof apart: a JWT that is signed by the public key in its header. Names are compared with regard to case, and none
// may come twice.
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
	// An extension that must be understood is none that a proof has.
	if _, critical := header.ExtraHeaders["crit"]; critical || typeOf(signed) != dpopProofType {
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

// proofKey returns the jwk in the header of a JWT. It is read from the text, where private members can be seen.
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

// checkProof says until when a proof is good for a request (RFC 9449 section 4.3, numbers 8 to 12).
func checkProof(claims proofClaims, target proofTarget, nonces nonces, now time.Time) (expires time.Time, err error) {
	asked, _ := normalURI(target.uri)
	said, ok := normalURI(claims.URI)
	sum := sha256.Sum256([]byte(target.token))
	switch {
	case claims.JTI == "" || utf8.RuneCountInString(claims.JTI) > longestJTI:
		return expires, oauth.Refuse(oauth.ProofID)
	case claims.Method != target.method:
		return expires, oauth.Refuse(oauth.ProofMethod)
	case !ok || said != asked:
		return expires, oauth.Refuse(oauth.ProofURI)
	case claims.IssuedAt == nil:
		return expires, oauth.Refuse(oauth.ProofTime)
	case target.token != "" && claims.Token != base64.RawURLEncoding.EncodeToString(sum[:]):
		return expires, oauth.Refuse(oauth.ProofToken)
	}
	if claims.Nonce != "" {
		if !nonces.known(claims.Nonce, now) {
			return expires, errNonce
		}
		return now.Add(2*nonceLife + replicaSkew), nil
	}
	// A client whose clock is wrong gets by with our nonce, which says in place of it when the proof was made.
	at := claims.IssuedAt.Time()
	if target.needsNonce || now.Sub(at).Abs() > proofWindow {
		return expires, errNonce
	}
	return at.Add(proofWindow), nil
}

// spendProof uses a proof up. It costs one statement, and none for the zero proof.
func (p *Provider) spendProof(ctx context.Context, shown proof) error {
	if shown.jkt == "" {
		return nil
	}
	err := p.store.SpendProof(ctx, shown.jkt, shown.jti, shown.expires)
	if errors.Is(err, storage.ErrConflict) {
		return errUsedProof
	}
	return err
}

// offerNonce gives the client of a proof the nonce for its next ones (RFC 9449 section 8.2).
func (p *Provider) offerNonce(h http.Header, shown proof, now time.Time) {
	if shown.jkt != "" {
		h.Set("DPoP-Nonce", nonces{p.store}.at(now))
	}
}

// nonces are keyed hashes of the time: all replicas know them, and nothing is stored (RFC 9449 section 8).
type nonces struct{ store *storage.Store }

const noncePurpose = "dpop nonce"

func (n nonces) at(now time.Time) string {
	number := strconv.FormatInt(now.Unix()/int64(nonceLife/time.Second), 10)
	return strictBase64.EncodeToString(n.store.MAC(noncePurpose, number)[:16])
}

// known reports whether a nonce is the present one, the one before, or what a replica whose clock is ahead gives out.
func (n nonces) known(nonce string, now time.Time) bool {
	return slices.ContainsFunc([]time.Time{now, now.Add(-nonceLife), now.Add(replicaSkew)}, func(at time.Time) bool {
		return hmac.Equal([]byte(nonce), []byte(n.at(at)))
	})
}
