// Package strictjson refuses JSON that two readers could understand differently. encoding/json keeps the last of several members with the
// same name, other readers keep the first: which one counts would be an attacker's choice.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Check returns an error unless text is one JSON value in which no object repeats a name and nothing is nested deeper than depth. Put the name of the
// text before the error to get a sentence.
func Check(text []byte, depth int) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := check(decoder, depth); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("has data after its value")
	}
	return nil
}

var errNotJSON = errors.New("is not JSON")

func check(decoder *json.Decoder, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return errNotJSON
	}
	opening, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	if depth == 0 {
		return errors.New("is nested too deeply")
	}
	seen := map[any]bool{}
	for decoder.More() {
		if opening == '{' {
			name, err := decoder.Token()
			if err != nil {
				return errNotJSON
			}
			if seen[name] {
				return errors.New("has a member twice")
			}
			seen[name] = true
		}
		if err := check(decoder, depth-1); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return errNotJSON
	}
	return nil
}
