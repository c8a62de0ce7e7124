package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/audit"
)

// clientFlags are the flags that say what is registered about a client.
type clientFlags struct {
	kind, name, authMethod, jwksFile, pkce, dpop, consent, idTokenAlg, accessToken string
	redirectURIs, postLogoutURIs, scopes, grantTypes, responseTypes, audience      []string
	clientURI, logoURI, policyURI, tosURI, initiateLoginURI                        string
	clientOptions
}

func (f *clientFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "`name` that people know the app by")
	flags.StringArrayVar(&f.redirectURIs, "redirect-uri", nil, "`URI` that codes may be sent to, compared exactly; may be repeated")
	flags.StringArrayVar(&f.postLogoutURIs, "post-logout-redirect-uri", nil, "`URI` that people may be sent to after signing out; may be repeated")
	flags.StringSliceVar(&f.scopes, "scope", nil, "`scope` that the client may ask for; may be repeated; default: all standard scopes")
	flags.StringSliceVar(&f.grantTypes, "grant-type", nil, "`grant`: authorization_code, refresh_token, client_credentials, implicit, or \""+client.GrantDevice+"\"; may be repeated")
	flags.StringArrayVar(&f.responseTypes, "response-type", nil, "`type`, such as \"code id_token\"; those with token or id_token need the grant implicit; may be repeated; default: code")
	flags.StringVar(&f.authMethod, "auth-method", "", "`method`: client_secret_basic, client_secret_post, private_key_jwt (with --jwks-file) or none")
	flags.StringVar(&f.jwksFile, "jwks-file", "", "`file` with the client's public keys (JWK Set)")
	flags.StringVar(&f.pkce, "pkce", "", "`need`: required or optional; always required for public clients")
	flags.StringVar(&f.dpop, "dpop", "", "`need`: allowed, or required for tokens that are bound to a key always (RFC 9449)")
	flags.StringVar(&f.consent, "consent", "", "`when`: ask, or skip for an app of your own")
	flags.StringVar(&f.idTokenAlg, "id-token-alg", "", "`algorithm`: RS256, PS256, ES256 or EdDSA; none leaves ID tokens unsigned")
	flags.StringVar(&f.accessToken, "access-token", "", "`form`: sealed, or jwt for resource servers that verify by themselves (RFC 9068)")
	flags.StringArrayVar(&f.audience, "audience", nil, "`name` of a resource server for the client's access tokens; may be repeated")
	flags.StringVar(&f.clientURI, "client-uri", "", "`URL` of the app's home page, to lead people back to")
	flags.StringVar(&f.logoURI, "logo-uri", "", "`URL` of the logo, shown on the sign-in page")
	flags.StringVar(&f.policyURI, "policy-uri", "", "`URL` of the privacy policy, linked on the consent page")
	flags.StringVar(&f.tosURI, "tos-uri", "", "`URL` of the terms of service, linked on the consent page")
	flags.StringVar(&f.initiateLoginURI, "initiate-login-uri", "", "`URL` where others may start a sign-in to the app")
	f.clientOptions.register(cmd)
	complete(cmd, "grant-type", choices(client.GrantTypes()...))
	complete(cmd, "response-type", choices(client.ResponseTypes()...))
	complete(cmd, "auth-method", choices(client.AuthBasic, client.AuthPost, client.AuthPrivateKey, client.AuthNone))
	complete(cmd, "pkce", choices("required", "optional"))
	complete(cmd, "dpop", choices("required", "allowed"))
	complete(cmd, "consent", choices(client.ConsentAsk, client.ConsentSkip))
	complete(cmd, "id-token-alg", choices(append(client.SigningAlgs(), client.AlgNone)...))
	complete(cmd, "access-token", choices(client.TokenSealed, client.TokenJWT))
	complete(cmd, "jwks-file", files)
}

// apply writes the flags that were given into m.
func (f *clientFlags) apply(cmd *cobra.Command, m *client.Metadata) error {
	given := cmd.Flags().Changed
	for name, target := range map[string]*string{
		"name": &m.Name, "auth-method": &m.AuthMethod, "consent": &m.Consent, "id-token-alg": &m.IDTokenAlg,
		"access-token": &m.AccessTokenFormat, "client-uri": &m.ClientURI, "logo-uri": &m.LogoURI, "policy-uri": &m.PolicyURI,
		"tos-uri": &m.TOSURI, "initiate-login-uri": &m.InitiateLoginURI,
	} {
		if given(name) {
			*target = cmd.Flag(name).Value.String()
		}
	}
	for name, list := range map[string]struct {
		from []string
		to   *[]string
	}{
		"redirect-uri": {f.redirectURIs, &m.RedirectURIs}, "post-logout-redirect-uri": {f.postLogoutURIs, &m.PostLogoutRedirectURIs},
		"scope": {f.scopes, (*[]string)(&m.Scopes)}, "grant-type": {f.grantTypes, &m.GrantTypes}, "response-type": {f.responseTypes, &m.ResponseTypes}, "audience": {f.audience, &m.Audience},
	} {
		if given(name) {
			*list.to = list.from
		}
	}
	if given("grant-type") && !given("response-type") && !slices.Contains(m.GrantTypes, client.GrantCode) && !slices.Contains(m.GrantTypes, client.GrantImplicit) {
		m.ResponseTypes = nil // nothing comes back through a browser
	}
	if given("pkce") {
		if f.pkce != "required" && f.pkce != "optional" {
			return usage(cmd, "--pkce is required or optional")
		}
		m.PKCERequired = f.pkce == "required"
	}
	f.clientOptions.apply(cmd, m)
	if given("dpop") {
		if f.dpop != "required" && f.dpop != "allowed" {
			return usage(cmd, "--dpop is required or allowed")
		}
		m.DPoPRequired = f.dpop == "required"
	}
	if !given("jwks-file") {
		return nil
	}
	keys, err := os.ReadFile(f.jwksFile)
	m.JWKS = keys
	return err
}

// readLine reads one line of standard input, without its end.
func (t *terminal) readLine() (string, error) {
	line, err := bufio.NewReader(io.LimitReader(t.stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// clientSwitchCommand makes a command that changes the state of one client; verb is a word on -e.
func clientSwitchCommand(
	t *terminal, verb, short string, change func(*client.Registry, context.Context, string, audit.Event, time.Time) error,
) *cobra.Command {
	return &cobra.Command{
		Use: verb + " CLIENT", Short: short, Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				if err := change(s.clients, ctx, args[0], operator, time.Now()); err != nil {
					return missing(err, "client", args[0])
				}
				result := map[string]string{"client_id": args[0], "result": verb + "d"}
				return t.show(result, func(w io.Writer) { fmt.Fprintf(w, "%s: %sd\n", args[0], verb) })
			})
		},
	}
}
