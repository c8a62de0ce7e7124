package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// suiteModules are the modules of the OpenID Foundation's conformance suite in the plans that Postern is to pass.
var suiteModules = strings.Fields(`
	oidcc-server oidcc-response-type-missing oidcc-userinfo-get oidcc-userinfo-post-header oidcc-userinfo-post-body
	oidcc-ensure-request-without-nonce-succeeds-for-code-flow oidcc-ensure-request-without-nonce-fails
	oidcc-scope-profile oidcc-scope-email oidcc-scope-address oidcc-scope-phone oidcc-scope-all oidcc-alternate-happy-flow
	oidcc-display-page oidcc-display-popup oidcc-prompt-login oidcc-prompt-none-not-logged-in oidcc-prompt-none-logged-in
	oidcc-max-age-1 oidcc-max-age-10000 oidcc-ensure-request-with-unknown-parameter-succeeds oidcc-id-token-hint oidcc-login-hint
	oidcc-ui-locales oidcc-claims-locales oidcc-ensure-request-with-acr-values-succeeds oidcc-codereuse oidcc-codereuse-30seconds
	oidcc-ensure-registered-redirect-uri oidcc-ensure-post-request-succeeds oidcc-server-client-secret-post
	oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported oidcc-claims-essential
	oidcc-ensure-request-object-with-redirect-uri oidcc-refresh-token oidcc-ensure-request-with-valid-pkce-succeeds
	oidcc-idtoken-signature oidcc-idtoken-unsigned oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported
	oidcc-idtoken-rs256 oidcc-userinfo-rs256 oidcc-ensure-redirect-uri-in-authorization-request
	oidcc-redirect-uri-query-OK oidcc-redirect-uri-query-mismatch oidcc-redirect-uri-query-added oidcc-redirect-uri-regfrag
	oidcc-discovery-endpoint-verification oidcc-registration-logo-uri oidcc-registration-policy-uri oidcc-registration-tos-uri
	oidcc-registration-jwks-uri oidcc-registration-sector-uri oidcc-registration-sector-bad oidcc-server-rotate-keys
	oidcc-refresh-token-rp-key-rotation oidcc-request-uri-unsigned oidcc-request-uri-signed-rs256
	oidcc-ensure-client-assertion-with-iss-aud-succeeds

	oidcc-rp-initiated-logout-discovery-endpoint-verification oidcc-rp-initiated-logout oidcc-rp-initiated-logout-no-state
	oidcc-rp-initiated-logout-bad-post-logout-redirect-uri oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri
	oidcc-rp-initiated-logout-modified-id-token-hint oidcc-rp-initiated-logout-bad-id-token-hint oidcc-rp-initiated-logout-no-id-token-hint
	oidcc-rp-initiated-logout-no-params oidcc-rp-initiated-logout-only-state oidcc-rp-initiated-logout-no-post-logout-redirect-uri
	oidcc-frontchannel-logout-discovery-endpoint-verification oidcc-frontchannel-rp-initiated-logout
	oidcc-backchannel-logout-discovery-endpoint-verification oidcc-backchannel-rp-initiated-logout
	oidcc-session-management-discovery-endpoint-verification oidcc-session-management-rp-initiated-logout
	oidcc-3rd_party-init-login oidcc-3rd_party-init-login-nohttps`)

// TestEveryModuleOfTheSuiteHasATest looks in the tests of this package and of provider for one with the name of each module, and for those
// that are named like one that does not exist.
func TestEveryModuleOfTheSuiteHasATest(t *testing.T) {
	named := regexp.MustCompile(`^TestOIDCC[A-Z]`)
	tests := map[string]string{}
	for _, folder := range []string{".", filepath.Join(root, "provider")} {
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		require.NoError(t, err)
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			for _, declaration := range file.Decls {
				if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && named.MatchString(function.Name.Name) {
					tests[strings.ToLower(function.Name.Name)] = function.Name.Name
				}
			}
		}
	}
	for _, module := range suiteModules {
		name := strings.ReplaceAll(strings.ToLower(module), "3rd", "third")
		name = "test" + strings.NewReplacer("-", "", "_", "").Replace(name)
		require.Contains(t, tests, name, "the module %s has no test of its name", module)
		delete(tests, name)
	}
	require.Empty(t, tests, "tests that are named like modules which do not exist")
}
