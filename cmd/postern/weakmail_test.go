package main

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/config"
)

func TestStartWarnsOfMailWithoutProtection(t *testing.T) {
	for value, warns := range map[string]bool{"required": false, "opportunistic": true, "none": true} {
		var log bytes.Buffer
		cfg := config.Default()
		cfg.SMTP = config.SMTP{URL: "smtp://relay.example.com", From: "id@example.com", TLS: value}
		s := &services{cfg: cfg, log: slog.New(slog.NewTextHandler(&log, nil))}
		_, err := s.newCourier()
		require.NoError(t, err)
		require.Equal(t, warns, bytes.Contains(log.Bytes(), []byte("INSECURE MAIL")), value)
	}
}
