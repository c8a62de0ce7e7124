package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
)

// connectDevice authorizes a device that has no browser (RFC 8628).
func (l *life) connectDevice() {
	m := client.Defaults(client.Native)
	m.Name, m.GrantTypes, m.ResponseTypes = "Living Room TV", []string{client.GrantDevice}, nil
	c, _, err := l.a.clients.Add(l.t.Context(), client.Registration{Metadata: m}, operator, time.Now())
	require.NoError(l.t, err)
	answer, err := http.PostForm(l.a.cfg.Issuer+"/oauth2/device_authorization", url.Values{"client_id": {c.ID}, "scope": {"openid profile"}})
	require.NoError(l.t, err)
	var device struct {
		UserCode string `json:"user_code"`
	}
	require.NoError(l.t, json.NewDecoder(answer.Body).Decode(&device))
	require.NoError(l.t, answer.Body.Close())
	l.visit("/device")
	l.look("device")
	l.Fill("user_code", device.UserCode)
	l.Submit("Continue")
	l.look("device-question")
	require.Contains(l.t, l.Text(), "Living Room TV")
	l.Submit("Allow")
	require.Equal(l.t, l.a.cfg.Issuer+"/device?done=allowed", l.URL())
	l.look("device-allowed")
}
