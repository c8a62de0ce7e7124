package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postern-id/postern/provider/strictjson"
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
	if err := strictjson.Check(text, deepestRegistration); err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
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
