package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const secret = "swordfish"
	c := Default()
	c.Secrets.Keyset = secret
	c.Database.URL = "postgres://postern:swordfish@db.example.com/postern?sslmode=verify-full&sslpassword=swordfish"

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s", "%T"} {
		fmt.Fprintf(&out, verb+"\n", c.Secrets.Keyset)
		fmt.Fprintf(&out, verb+"\n", &c.Secrets.Keyset)
		fmt.Fprintf(&out, verb+"\n", c)
		fmt.Fprintf(&out, verb+"\n", &c)
		fmt.Fprintf(&out, verb+"\n", map[Secret]Secret{c.Secrets.Keyset: c.Secrets.Keyset})
	}
	fmt.Fprintln(&out, c, c.Secrets.Keyset, c.Secrets.Keyset.String())
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("m", "secret", c.Secrets.Keyset, "config", c, "pointer", &c, "part", c.Secrets)
	}
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		for _, value := range []any{c, &c, c.Secrets.Keyset, c.Secrets, c.Effective()} {
			text, err := marshal(value)
			require.NoError(t, err)
			require.Contains(t, string(text), masked)
			out.Write(text)
		}
	}
	for line := range strings.Lines(out.String()) {
		require.NotContains(t, line, secret)
		require.NotContains(t, strings.ToLower(line), fmt.Sprintf("%x", secret))
	}
	require.Equal(t, secret, c.Secrets.Keyset.Reveal())
}

func TestEffectiveMasksSecrets(t *testing.T) {
	for _, test := range []struct{ url, want string }{
		{"sqlite:postern-data/postern.db", "sqlite:postern-data/postern.db"},
		{"postgres://u:swordfish@h1,h2:5432/db?password=swordfish", "postgres://u@h1,h2:5432/db"},
		{"postgresql:///db?host=/run/postgresql&sslmode=disable", "postgresql:///db"},
		{"postgres://u:sword/fish@h/db", masked},
		{"swordfish", masked},
		{"", ""},
	} {
		c := Default()
		c.Database.URL = Secret(test.url)
		for _, v := range c.Effective() {
			switch v.Key {
			case "database.url":
				require.Equal(t, test.want, v.Value)
			case "secrets.keyset":
				require.Empty(t, v.Value)
			}
		}
	}
}

func TestEffectiveMasksTheMailPassword(t *testing.T) {
	for url, want := range map[string]string{
		"":                                     "",
		"smtp://mail.example.com":              "smtp://mail.example.com",
		"smtps://u:swordfish@mail.example:465": "smtps://u@mail.example:465",
		"smtp://u:sword/fish@mail.example":     masked,
		"swordfish":                            masked,
	} {
		c := Default()
		c.SMTP.URL = Secret(url)
		for _, v := range c.Effective() {
			if v.Key == "smtp.url" {
				require.Equal(t, want, v.Value)
			}
		}
		require.Equal(t, strings.Contains(url, "fish") && url != "swordfish", mailPassword(url), url)
	}
}

func TestProblemsDoNotQuoteSecrets(t *testing.T) {
	for _, url := range []string{
		"swordfish", "mysql://u:swordfish@h/db", "postgres://u:swordfish/x@h/db", "postgres://u:%zzswordfish@h/db",
		"postgres://u:sword:fish@h,swordfish:x/db", "postgres://u@h/db?password=swordfish;x", "postgres://u:swordfish@h/db",
		"postgres://u:swordfish@/db?sslmode=swordfish",
	} {
		_, err := Load(Sources{
			File:    write(t, "postern.yaml", "secrets:\n  keyset: [swordfish]\n"),
			Environ: []string{"POSTERN_DATABASE_URL=" + url},
		})
		require.NotEmpty(t, problemsOf(t, err))
		require.NotContains(t, err.Error(), "swordfish", url)
	}
}

func TestHasPassword(t *testing.T) {
	for address, want := range map[string]bool{
		"sqlite:swordfish.db":                      false,
		"postgres://u@h/db?sslmode=disable":        false,
		"postgres:///db?host=/run/postgresql":      false,
		"postgres://u:swordfish@h/db":              true,
		"postgresql://u@h/db?password=swordfish":   true,
		"postgres://u@h/db?sslpassword=swordfish":  true,
		"postgres://u:sword/fish@cannot-be-parsed": true,
	} {
		require.Equal(t, want, hasPassword(address), address)
	}
}
