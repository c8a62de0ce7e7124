package port

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A line that was parsed, written and parsed again is unchanged, and members with another spelling are refused.
func FuzzParseLine(f *testing.F) {
	for _, seed := range []string{
		`{"email":"ada@example.test","email_verified":true,"username":"ada","password":"x","totp":["otpauth://totp/a?secret=AAAA"],"groups":["staff"]}`,
		`{"email":"a@b","password_hash":null,"disabled":true,"claims":{"name":"Ada","address":{"country":"GB"},"n":1e3,"l":["a"]}}`,
		`{"email":"a","email":"b"}`, `{"EMAIL":"a"}`, `[1]`, `{"claims":{"a":{"b":{"c":{"d":1}}}}}`, `{"email":"\ud800"}`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := parseLine(text)
		if err != nil {
			return
		}
		written, err := json.Marshal(read)
		require.NoError(t, err)
		again, err := parseLine(written)
		require.NoError(t, err, "%s", written)
		rewritten, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(written), string(rewritten))
		var members map[string]any
		require.NoError(t, json.Unmarshal(text, &members))
		for name := range members {
			if !slices.Contains(lineMembers, name) && !slices.Contains(bookkeeping, name) {
				require.Empty(t, members[name], "a member that may mean something")
			}
		}
	})
}
