package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// LongestRegistration is how long the text of a registration may be, in bytes. A JWK Set is most of it.
const LongestRegistration = 64 << 10

const deepestRegistration = 6 // jwks → keys → a key → x5c → its entries, and one to spare

// selfMembers are the members of Metadata that an app registers about itself, operatorMembers those that only an operator decides on.
var selfMembers, operatorMembers = names(true), names(false)

// encryptionMembers ask for what Postern cannot do: an app that needs it must not learn later that it did not get it.
var encryptionMembers = []string{
	"id_token_encrypted_response_alg", "id_token_encrypted_response_enc", "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc",
	"request_object_encryption_alg", "request_object_encryption_enc",
	"authorization_encrypted_response_alg", "authorization_encrypted_response_enc",
	"introspection_encrypted_response_alg", "introspection_encrypted_response_enc",
}

// credentialMembers are read beside the metadata, by ReadRegistration.
var credentialMembers = []string{"application_type", "client_id", "client_secret"}

// readMembers reads the members of a registration strictly: one object in UTF-8, each name once, in every object inside of it as well, and
// no name that only looks like one of those with a meaning. Members that are null are as if they were not there.
func readMembers(text []byte) (map[string]json.RawMessage, error) {
	if len(text) > LongestRegistration || !utf8.Valid(text) {
		return nil, errors.New("must be JSON in UTF-8 of at most 64 KiB")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := checkJSON(decoder, 0); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("must be one JSON object")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, errors.New("must be a JSON object")
	}
	maps.DeleteFunc(members, func(_ string, value json.RawMessage) bool { return string(value) == "null" })
	for name := range members {
		for _, known := range slices.Concat(selfMembers, operatorMembers, encryptionMembers, credentialMembers) {
			if name != known && strings.EqualFold(name, known) {
				return nil, fmt.Errorf("must write %s in small letters", known)
			}
		}
	}
	return members, nil
}

// checkJSON reads one value and refuses what two readers could understand differently.
func checkJSON(decoder *json.Decoder, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return errors.New("is not JSON")
	}
	delim, structured := token.(json.Delim)
	switch {
	case depth == 0 && delim != '{':
		return errors.New("must be a JSON object")
	case !structured:
		return nil
	case depth >= deepestRegistration:
		return errors.New("is nested too deeply")
	}
	seen := map[string]bool{}
	for decoder.More() {
		if delim == '{' {
			token, err := decoder.Token()
			name, ok := token.(string)
			switch {
			case err != nil || !ok:
				return errors.New("is not JSON")
			case seen[name]:
				return errors.New("has a member twice")
			}
			seen[name] = true
		}
		if err := checkJSON(decoder, depth+1); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return errors.New("is not JSON")
	}
	return nil
}
