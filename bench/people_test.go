package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/otp"
	passwords "github.com/postern-id/postern/login/password"
)

func TestPeopleSignInOncePerTimeStep(t *testing.T) {
	crowd := newPeople(2)
	now := time.Unix(60, 0)
	first, err := crowd.take(now)
	require.NoError(t, err)
	second, err := crowd.take(now)
	require.NoError(t, err)
	require.NotEqual(t, first.username, second.username)
	_, err = crowd.take(now)
	require.ErrorIs(t, err, errExhausted)

	crowd.back(second, now)
	_, err = crowd.take(now.Add(29 * time.Second))
	require.ErrorIs(t, err, errExhausted)
	again, err := crowd.take(now.Add(30 * time.Second))
	require.NoError(t, err)
	require.Equal(t, second.username, again.username)
}

// Postern must be able to use what it imports: the hash with the current costs, the authenticator, and its current code.
func TestImportFile(t *testing.T) {
	crowd := newPeople(3)
	var file bytes.Buffer
	require.NoError(t, crowd.writeImport(&file))
	hasher, err := passwords.New(passwords.Config{})
	require.NoError(t, err)
	decoder := json.NewDecoder(&file)
	now := time.Unix(1_800_000_000, 0)
	for range 3 {
		someone, err := crowd.take(now)
		require.NoError(t, err)
		var line struct {
			Email        string   `json:"email"`
			Username     string   `json:"username"`
			PasswordHash string   `json:"password_hash"`
			TOTP         []string `json:"totp"`
		}
		require.NoError(t, decoder.Decode(&line))
		require.Equal(t, someone.username, line.Username)
		require.Equal(t, someone.username+"@example.test", line.Email)
		right, outdated, err := hasher.Verify(t.Context(), password, line.PasswordHash)
		require.NoError(t, err)
		require.True(t, right)
		require.False(t, outdated)
		require.Len(t, line.TOTP, 1)
		key, _, err := otp.ParseURI(line.TOTP[0])
		require.NoError(t, err)
		code, err := someone.code(now)
		require.NoError(t, err)
		step, ok := key.Match(code, now, 0)
		require.True(t, ok)
		require.Equal(t, stepAt(now), step)
	}
	require.False(t, decoder.More())
}
