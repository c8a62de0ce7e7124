package scope

import (
	"encoding/json"
	"errors"

	"github.com/postern-id/postern/provider/strictjson"
)

// Parameter is the claims parameter of an authorization request (OIDC Core section 5.5), including claims that the client is not registered for.
type Parameter struct {
	IDToken, UserInfo map[string]Wish
}

// Wish says how one claim is asked for (OIDC Core section 5.5.1). Values matter for sub and acr only.
type Wish struct {
	Essential bool
	Values    []string // the strings in value and values
}

var (
	errParameter = errors.New("claims parameter is not a claims request")
	errSubjects  = errors.New("claims parameter asks for different people")
)

// ParseParameter reads the claims parameter: a JSON object without repeated names and without excessive nesting. An empty text asks for nothing. The
// error says only that the text is no such object.
func ParseParameter(text string) (Parameter, error) {
	if text == "" {
		return Parameter{}, nil
	}
	// Members are taken from maps, because encoding/json fills a struct from names in any case.
	var members map[string]json.RawMessage
	if strictjson.Check([]byte(text), 6) != nil || json.Unmarshal([]byte(text), &members) != nil || members == nil {
		return Parameter{}, errParameter
	}
	var p Parameter
	var idTokenErr, userInfoErr error
	p.IDToken, idTokenErr = wishes(members["id_token"])
	p.UserInfo, userInfoErr = wishes(members["userinfo"])
	if idTokenErr != nil || userInfoErr != nil {
		return Parameter{}, errParameter
	}
	return p, nil
}

// wishes reads a member of the claims parameter. A missing or null member asks for nothing.
func wishes(text json.RawMessage) (map[string]Wish, error) {
	var members map[string]map[string]any
	if len(text) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	read := make(map[string]Wish, len(members))
	for name, how := range members {
		var wish Wish
		wish.Essential, _ = how["essential"].(bool)
		values, _ := how["values"].([]any)
		for _, value := range append(values, how["value"]) {
			if text, ok := value.(string); ok {
				wish.Values = append(wish.Values, text)
			}
		}
		read[name] = wish
	}
	return read, nil
}

// Subject returns the subject of the only user who may answer the request; empty if any user may. An error says that the parameter names several
// subjects.
func (p Parameter) Subject() (string, error) {
	subject := ""
	for _, sub := range append(append([]string{}, p.IDToken["sub"].Values...), p.UserInfo["sub"].Values...) {
		if subject != "" && subject != sub {
			return "", errSubjects
		}
		subject = sub
	}
	return subject, nil
}
