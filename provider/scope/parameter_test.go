package scope

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParameterIsMalformed(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000)
	for name, text := range map[string]string{
		"not JSON": "x", "an array": "[]", "a text": `"x"`, "null": "null", "a number": "1", "nothing but a blank": " ",
		"members twice": `{"userinfo":{},"userinfo":{}}`, "names twice, inside": `{"userinfo":{"email":null,"email":null}}`,
		"names twice, deep": `{"userinfo":{"email":{"values":[{"a":1,"a":2}]}}}`, "names twice, by spelling": `{"userinfo":{},"user\u0069nfo":{}}`,
		"1,000 levels": deep, "1,000 arrays": `{"userinfo":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}",
		"an open end": `{"userinfo":`, "data behind": `{} {}`, "a byte order mark": "\ufeff{}", "userinfo is an array": `{"userinfo":[]}`,
		"id_token is a text": `{"id_token":"x"}`, "a huge number": `{"userinfo":{"email":{"value":1e309}}}`, "a claim is a text": `{"userinfo":{"email":"x"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseParameter(text)
			require.Error(t, err)
		})
	}
}

func TestParameterThatAsksForNothing(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "an empty object": "{}", "blanks around": " {} ", "null members": `{"userinfo":null,"id_token":null}`,
		"unknown members": `{"x":{"y":[]}}`, "other letters mean nothing": `{"USERINFO":{"email":null},"Id_Token":{"email":null}}`,
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := ParseParameter(text)
			require.NoError(t, err)
			require.Empty(t, parsed.IDToken)
			require.Empty(t, parsed.UserInfo)
		})
	}
}

// OIDC Core section 5.5.1.
func TestWishes(t *testing.T) {
	parsed, err := ParseParameter(`{"id_token":{"acr":{"essential":true,"values":["a",1,"b"],"value":"c"},"sub":{"value":"x"},"email":null},
		"userinfo":{"sub":{"value":"x"},"name":{"essential":"yes","x":{}}}}`)
	require.NoError(t, err)
	require.Equal(t, Parameter{
		IDToken:  map[string]Wish{"acr": {Essential: true, Values: []string{"a", "b", "c"}}, "sub": {Values: []string{"x"}}, "email": {}},
		UserInfo: map[string]Wish{"sub": {Values: []string{"x"}}, "name": {}},
	}, parsed)
	subject, err := parsed.Subject()
	require.NoError(t, err)
	require.Equal(t, "x", subject)
	parsed.UserInfo["sub"] = Wish{Values: []string{"y"}}
	_, err = parsed.Subject()
	require.Error(t, err, "two people")
	subject, err = Parameter{}.Subject()
	require.NoError(t, err)
	require.Empty(t, subject)
}
