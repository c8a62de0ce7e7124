package oauth

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every rule has an answer, every answer belongs to a rule, and each says what is wrong.
func TestRulesHaveAnswers(t *testing.T) {
	files, err := filepath.Glob("*rules.go")
	require.NoError(t, err)
	var written []Rule
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`Rule = "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
			written = append(written, Rule(found[1]))
		}
	}
	slices.Sort(written)
	require.Equal(t, written, Rules())
	for _, rule := range Rules() {
		refusal := Refuse(rule)
		require.GreaterOrEqual(t, refusal.Status, http.StatusBadRequest, rule)
		require.True(t, strings.HasSuffix(refusal.Sentence(), "."), rule)
		require.Empty(t, strings.Trim(refusal.Description, " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"), rule)
	}
}

// A client that fails to authenticate, or sends a wrong code or token, does not learn the reason.
func TestAnswersThatHideTheReason(t *testing.T) {
	told := map[string]string{}
	for _, rule := range Rules() {
		if refusal := Refuse(rule); slices.Contains([]string{InvalidClient, InvalidGrant, InvalidToken}, refusal.Code) {
			if known, found := told[refusal.Code]; found {
				require.Equal(t, known, refusal.Description, rule)
			}
			told[refusal.Code] = refusal.Description
		}
	}
	require.Len(t, told, 3)
}

func TestSafe(t *testing.T) {
	for text, want := range map[string]string{
		"client_secret_basic":                             "client_secret_basic",
		"urn:ietf:params:oauth:grant-type:device_code":    "urn:ietf:params:oauth:grant-type:device_code",
		"openid pst_at_abc.def email":                     "openid … email",
		"eyJhbGciOi.eyJzdWIi.sig":                         "…",
		strings.Repeat("a", 32):                           "…",
		"https://app.example/" + strings.Repeat("a/", 30): "https://app.example/" + strings.Repeat("a/", 30),
		"two\nlines\x00":                                  "two\uFFFDlines\uFFFD",
		"\xff":                                            "\uFFFD",
		strings.Repeat("a ", 400):                         strings.Repeat("a ", 250) + "…",
		"L7TRMMRPQ26P2ANS5NX4VXB6QI":                      "L7TRMMRPQ26P2ANS5NX4VXB6QI",
	} {
		require.Equal(t, want, Safe(text), text)
	}
}

func TestAddressesKeepNoValues(t *testing.T) {
	for uri, want := range map[string]string{
		"https://app.example/cb":                            "https://app.example/cb",
		"https://app.example/cb?b=1&code=x&state=y":         "https://app.example/cb?b=…&code=…&state=…",
		"https://ada:hunter2@app.example/cb#access_token=x": "https://app.example/cb#…",
		"com.example.app:/cb":                               "com.example.app:/cb",
		"https://app.example/%zz":                           "(no URI)",
		"":                                                  "",
	} {
		require.Equal(t, want, Refuse(RedirectURIUnregistered).CompareURI(uri).Received, uri)
	}
}

func TestClip(t *testing.T) {
	require.Equal(t, "short", Clip("short", 5))
	require.Equal(t, "shor", Clip("short", 4))
	require.Equal(t, "a", Clip("aü", 2), "not in the middle of a character")
}
