package main

import (
	"github.com/spf13/cobra"

	"github.com/postern-id/postern/provider/client"
)

// clientOptions are the flags for what few clients need: the rest of OpenID Connect.
type clientOptions struct {
	jwksURI, userInfoAlg, requestObjectAlg, subjectType, sectorURI string
	backchannelLogoutURI, frontchannelLogoutURI                    string
	requestURIs                                                    []string
	requirePAR, requireSigned                                      bool
	defaultMaxAge                                                  int64
}

func (o *clientOptions) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.jwksURI, "jwks-uri", "", "`URL` of the client's public keys (JWK Set), in place of --jwks-file")
	flags.StringVar(&o.userInfoAlg, "userinfo-alg", "", "`algorithm` that signs userinfo; default: it is plain JSON")
	flags.StringVar(&o.requestObjectAlg, "request-object-alg", "", "`algorithm` of request objects, or none for unsigned ones; default: any with --request-uri, else they are refused")
	flags.StringArrayVar(&o.requestURIs, "request-uri", nil, "`URL` that request objects may be fetched from; may be repeated")
	flags.BoolVar(&o.requireSigned, "require-signed-requests", false, "refuse authorization requests without a signed request object")
	flags.BoolVar(&o.requirePAR, "require-pushed-requests", false, "refuse authorization requests that were not pushed (RFC 9126)")
	flags.StringVar(&o.subjectType, "subject-type", "", "`kind` of sub: public, or pairwise for another one in each sector")
	flags.StringVar(&o.sectorURI, "sector-identifier-uri", "", "`URL` whose host stands for the sector of pairwise subjects; default: the host of the redirect URIs")
	flags.Int64Var(&o.defaultMaxAge, "default-max-age", 0, "`seconds` for max_age of requests that have none")
	flags.StringVar(&o.backchannelLogoutURI, "backchannel-logout-uri", "", "`URL` that is told when a session ends which has been at the client")
	flags.StringVar(&o.frontchannelLogoutURI, "frontchannel-logout-uri", "", "`URL` that browsers show in a frame at sign-out, of the origin of a redirect URI")
	complete(cmd, "userinfo-alg", choices(client.SigningAlgs()...))
	complete(cmd, "request-object-alg", choices(append(client.SigningAlgs(), client.AlgNone)...))
	complete(cmd, "subject-type", choices(client.SubjectPublic, client.SubjectPairwise))
}

// apply writes the flags that were given into m.
func (o *clientOptions) apply(cmd *cobra.Command, m *client.Metadata) {
	given := cmd.Flags().Changed
	for name, set := range map[string]func(){
		"jwks-uri":                func() { m.JWKSURI, m.JWKS = o.jwksURI, nil },
		"userinfo-alg":            func() { m.UserInfoAlg = o.userInfoAlg },
		"request-object-alg":      func() { m.RequestObjectAlg = o.requestObjectAlg },
		"request-uri":             func() { m.RequestURIs = o.requestURIs },
		"require-signed-requests": func() { m.RequireSignedRequestObject = o.requireSigned },
		"require-pushed-requests": func() { m.PARRequired = o.requirePAR },
		"subject-type":            func() { m.SubjectType = o.subjectType },
		"sector-identifier-uri":   func() { m.SectorIdentifierURI = o.sectorURI },
		"backchannel-logout-uri":  func() { m.BackchannelLogoutURI = o.backchannelLogoutURI },
		"frontchannel-logout-uri": func() { m.FrontchannelLogoutURI = o.frontchannelLogoutURI },
		"default-max-age":         func() { m.DefaultMaxAge = &o.defaultMaxAge },
	} {
		if given(name) {
			set()
		}
	}
}
