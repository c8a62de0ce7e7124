package oauth

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want url.Values
	}{
		"nothing":                       {"", url.Values{}},
		"pairs":                         {"a=1&b=2", url.Values{"a": {"1"}, "b": {"2"}}},
		"encoded":                       {"a=%C3%BC+%2B&%61b=%26", url.Values{"a": {"ü +"}, "ab": {"&"}}},
		"equals sign in a value":        {"a=b=c", url.Values{"a": {"b=c"}}},
		"without a value: left out":     {"a=&b&c=1", url.Values{"c": {"1"}}},
		"empty pairs":                   {"&&a=1&&", url.Values{"a": {"1"}}},
		"a semicolon does not separate": {"a=1;b=2", url.Values{"a": {"1;b=2"}}},
		"the largest value":             {"a=" + strings.Repeat("x", LongestParameter), url.Values{"a": {strings.Repeat("x", LongestParameter)}}},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := parse(tc.text)
			require.NoError(t, err)
			require.Equal(t, tc.want, form)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		text, message string
		left          url.Values // parameters that are returned with the error
	}{
		"twice":               {"a=1&b=2&a=3", "The parameter a is sent more than once.", url.Values{"b": {"2"}}},
		"twice the same":      {"a=1&a=1", "The parameter a is sent more than once.", url.Values{}},
		"three times":         {"a=1&a=2&a=3", "The parameter a is sent more than once.", url.Values{}},
		"twice, once empty":   {"a=1&a=", "The parameter a is sent more than once.", url.Values{}},
		"twice, by spelling":  {"a=1&%61=2", "The parameter a is sent more than once.", url.Values{}},
		"twice, a wild name":  {"<b>=1&<b>=2", "A parameter is sent more than once.", url.Values{}},
		"a NUL":               {"a=1%00&b=2", "A parameter contains a NUL character.", url.Values{"b": {"2"}}},
		"a NUL in a name":     {"a%00=1&b=2", "A parameter contains a NUL character.", url.Values{"b": {"2"}}},
		"invalid UTF-8":       {"a=%ff&b=2", "A parameter is not valid UTF-8.", url.Values{"b": {"2"}}},
		"a surrogate":         {"a=%ed%a0%80", "A parameter is not valid UTF-8.", url.Values{}},
		"half a percent sign": {"a=%4&b=2", "A parameter is not form-encoded.", url.Values{"b": {"2"}}},
		"a value too long":    {"a=" + strings.Repeat("x", LongestParameter+1), "A parameter is too long.", url.Values{}},
		"too many parameters": {manyParameters(mostParameters + 1), "There are too many parameters.", nil},
		"everything too long": {"a=" + strings.Repeat("x", longestBody), "The request is too large.", url.Values{}},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := parse(tc.text)
			var fault *Refusal
			require.ErrorAs(t, err, &fault)
			require.Equal(t, InvalidRequest, fault.Code)
			require.Equal(t, tc.message, fault.Description)
			if tc.left != nil {
				require.Equal(t, tc.left, form)
			}
		})
	}
}

// manyParameters returns n parameters with different names.
func manyParameters(n int) string {
	form := url.Values{}
	for i := range n {
		form.Set("p"+strings.Repeat("x", i), "1")
	}
	return form.Encode()
}

// The parser accepts each parameter once only, within the limits, and its result is the same after being encoded and read again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"", "a=1&b=2", "a=1&a=2", "a=%00", "a=%ff", "a=%", "&&=&=x", "a=b=c;d", "%61=1&a=1", "a=+%20", strings.Repeat("a&", 100)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form, err := parse(text)
		for name, values := range form {
			require.Len(t, values, 1)
			require.NotEmpty(t, values[0])
			require.LessOrEqual(t, len(values[0]), LongestParameter)
			require.NotContains(t, name+values[0], "\x00")
		}
		require.LessOrEqual(t, len(form), mostParameters)
		if err != nil {
			var fault *Refusal
			require.ErrorAs(t, err, &fault)
			return
		}
		again, err := url.ParseQuery(form.Encode())
		require.NoError(t, err)
		require.Equal(t, form, again)
	})
}
