package strictjson

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	for text, fault := range map[string]string{
		`{}`: "", ` [1,"a",null,{"a":[true]}] `: "", `1`: "", `{"a":{"b":{}}}`: "", `{"a":1,"A":1}`: "",
		``: "is not JSON", `{`: "is not JSON", `{"a":}`: "is not JSON", `[1`: "is not JSON", `}`: "is not JSON", "\ufeff{}": "is not JSON", `{1:2}`: "is not JSON",
		`{} {}`: "has data after its value", `{}}`: "has data after its value",
		`{"a":1,"a":1}`: "has a member twice", `[{"a":{"b":1,"\u0062":2}}]`: "has a member twice",
		`[[[[]]]]`: "is nested too deeply", `{"a":{"b":{"c":{}}}}`: "is nested too deeply",
		strings.Repeat("[", 100_000): "is nested too deeply",
	} {
		err := Check([]byte(text), 3)
		if fault == "" {
			require.NoError(t, err, text)
			continue
		}
		require.EqualError(t, err, fault, text)
	}
}
