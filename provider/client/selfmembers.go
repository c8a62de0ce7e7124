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

// LongestRegistration is the maximum length of a registration, in bytes. Most of it is for the JWK Set.
const LongestRegistration = 64 << 10

const deepestRegistration = 6 // jwks → keys → a key → x5c → its entries, and one to spare

// selfMembers are the members of [Metadata] that an app can register itself, operatorMembers those that only an operator can set.
var selfMembers, operatorMembers = names(true), names(false)

// encryptionMembers ask for encryption, which Postern does not support. They are refused, so that an app that needs encryption notices at
// registration.
var encryptionMembers = []string{
	"id_token_encrypted_response_alg", "id_token_encrypted_response_enc", "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc",
	"request_object_encryption_alg", "request_object_encryption_enc",
	"authorization_encrypted_response_alg", "authorization_encrypted_response_enc",
	"introspection_encrypted_response_alg", "introspection_encrypted_response_enc",
}

// credentialMembers are read by [ReadRegistration] and are not part of [Metadata].
var credentialMembers = []string{"application_type", "client_id", "client_secret"}

// readMembers reads the members of a registration strictly: it must be one JSON object in UTF-8, no object in it may repeat a name, and no name may
// differ from a known one in the case of its letters only. A member that is null counts as missing.
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
