package otp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/otp"
)

// boundary is the first second of a time step of 30 s.
var boundary = time.Date(2030, 1, 2, 3, 4, 30, 0, time.UTC)

func fixedKey() otp.Key {
	return otp.Key{Secret: []byte("a secret of 20 bytes"), Parameters: otp.Default()}
}

func codeAt(t *testing.T, key otp.Key, now time.Time) string {
	t.Helper()
	code, err := key.CodeAt(now)
	require.NoError(t, err)
	return code
}

func TestMatchWindowEdges(t *testing.T) {
	key := fixedKey()
	step := key.Step(boundary)
	code := codeAt(t, key, boundary)
	for _, row := range []struct {
		name   string
		after  time.Duration // of now, from the beginning of the code's step
		window int
		ok     bool
	}{
		{"strict, second before", -time.Nanosecond, 0, false},
		{"strict, first moment", 0, 0, true},
		{"strict, last moment", 30*time.Second - time.Nanosecond, 0, true},
		{"strict, second after", 30 * time.Second, 0, false},
		{"one step, too early", -30*time.Second - time.Nanosecond, 1, false},
		{"one step, earliest", -30 * time.Second, 1, true},
		{"one step, latest", 60*time.Second - time.Nanosecond, 1, true},
		{"one step, too late", 60 * time.Second, 1, false},
		{"two steps, earliest", -60 * time.Second, 2, true},
		{"two steps, too late", 90 * time.Second, 2, false},
		{"negative window", 0, -1, false},
		{"window out of range", 0, 11, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, ok := key.Match(code, boundary.Add(row.after), row.window)
			require.Equal(t, row.ok, ok)
			if row.ok {
				require.Equal(t, step, got, "the step is the code's, not the clock's")
			}
		})
	}
}

func TestMatchReturnsTheLargestStep(t *testing.T) {
	key := fixedKey()
	for step := int64(1); ; step++ {
		code, err := key.Code(step)
		require.NoError(t, err)
		for later := step + 1; later <= step+20; later++ {
			if other, _ := key.Code(later); other != code {
				continue
			}
			got, ok := key.Match(code, time.Unix((step+10)*30, 0), 10)
			require.True(t, ok)
			require.Equal(t, later, got)
			return
		}
	}
}

func TestMatchRefusesOtherThanCodes(t *testing.T) {
	key := fixedKey()
	code := codeAt(t, key, boundary)
	for _, typed := range []string{"", code[:5], code + "0", "0" + code, " " + code, code + "\n"} {
		_, ok := key.Match(typed, boundary, 1)
		require.False(t, ok, "%q", typed)
	}
	_, ok := key.Match(code, time.Unix(-1, 0), 0)
	require.False(t, ok)
}

func TestUnusableKeysMatchNothing(t *testing.T) {
	short := otp.ErrShortSecret
	bad := otp.ErrParameters
	for name, row := range map[string]struct {
		key otp.Key
		err error
	}{
		"no secret":        {otp.Key{Parameters: otp.Default()}, short},
		"15 bytes":         {otp.Key{Secret: make([]byte, 15), Parameters: otp.Default()}, short},
		"no parameters":    {otp.Key{Secret: make([]byte, 20)}, bad},
		"MD5":              {otp.Key{Secret: make([]byte, 20), Parameters: otp.Parameters{Algorithm: "MD5", Digits: 6, Period: 30}}, bad},
		"lower case":       {otp.Key{Secret: make([]byte, 20), Parameters: otp.Parameters{Algorithm: "sha1", Digits: 6, Period: 30}}, bad},
		"seven digits":     {otp.Key{Secret: make([]byte, 20), Parameters: otp.Parameters{Algorithm: otp.SHA1, Digits: 7, Period: 30}}, bad},
		"period too short": {otp.Key{Secret: make([]byte, 20), Parameters: otp.Parameters{Algorithm: otp.SHA1, Digits: 6, Period: 14}}, bad},
		"period too long":  {otp.Key{Secret: make([]byte, 20), Parameters: otp.Parameters{Algorithm: otp.SHA1, Digits: 6, Period: 121}}, bad},
		"no period":        {otp.Key{Secret: make([]byte, 20), Parameters: otp.Parameters{Algorithm: otp.SHA1, Digits: 6}}, bad},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, row.key.Validate(), row.err)
			_, err := row.key.Code(1)
			require.ErrorIs(t, err, row.err)
			_, err = row.key.CodeAt(boundary)
			require.ErrorIs(t, err, row.err)
			_, err = otp.URI(row.key, "Example", "ada")
			require.ErrorIs(t, err, row.err)

			// The code that an attacker would compute from the short secret.
			like := otp.Key{Secret: append(row.key.Secret, make([]byte, 20)...), Parameters: otp.Default()}
			code := codeAt(t, like, boundary)
			_, ok := row.key.Match(code, boundary, 1)
			require.False(t, ok)
			_, ok = row.key.Drift(code, boundary, 10*time.Minute)
			require.False(t, ok)
		})
	}
	require.NoError(t, otp.Key{Secret: make([]byte, 16), Parameters: otp.Default()}.Validate())
}

func TestNewKey(t *testing.T) {
	first, second := otp.NewKey(otp.Default()), otp.NewKey(otp.Default())
	require.NoError(t, first.Validate())
	require.Len(t, first.Secret, 20)
	require.NotEqual(t, first.Secret, second.Secret)
	require.Regexp(t, `^[A-Z2-7]{32}$`, first.Base32())
	require.Regexp(t, `^[A-Z2-7]{4}( [A-Z2-7]{4}){7}$`, first.Groups())

	sixteen := otp.Key{Secret: make([]byte, 16), Parameters: otp.Default()}
	require.Equal(t, "AAAA AAAA AAAA AAAA AAAA AAAA AA", sixteen.Groups())
}

func TestDrift(t *testing.T) {
	key := fixedKey()
	now := boundary.Add(7 * time.Second)
	for _, phone := range []time.Duration{-10 * time.Minute, -5 * time.Minute, -90 * time.Second, 0, 90 * time.Second, 10 * time.Minute} {
		offset, ok := key.Drift(codeAt(t, key, now.Add(phone)), now, 10*time.Minute)
		require.True(t, ok, "%s", phone)
		require.Equal(t, phone, offset)
	}

	offset, ok := key.Drift(codeAt(t, key, now.Add(100*time.Second)), now, 10*time.Minute)
	require.True(t, ok)
	require.Equal(t, 90*time.Second, offset, "rounded to whole periods")

	for _, phone := range []time.Duration{-10*time.Minute - 30*time.Second, 10*time.Minute + 30*time.Second} {
		_, ok := key.Drift(codeAt(t, key, now.Add(phone)), now, 10*time.Minute)
		require.False(t, ok, "%s", phone)
	}
	for _, limit := range []time.Duration{-time.Second, time.Hour + time.Second} {
		_, ok := key.Drift(codeAt(t, key, now), now, limit)
		require.False(t, ok)
	}
}

func TestStepBeforeTheEpoch(t *testing.T) {
	p := otp.Default()
	require.Equal(t, int64(0), p.Step(time.Unix(29, 999999999)))
	require.Equal(t, int64(-1), p.Step(time.Unix(-1, 0)))
	require.Equal(t, int64(-1), p.Step(time.Unix(-30, 0)))
	require.Equal(t, int64(-2), p.Step(time.Unix(-31, 0)))
	_, err := fixedKey().CodeAt(time.Unix(-1, 0))
	require.Error(t, err)
}
