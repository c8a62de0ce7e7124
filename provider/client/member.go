package client

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Member is one member of [Metadata]. The table of all members is what registration, the commands, their help and the documentation read.
type Member struct {
	// Name is the member's name in a registration (RFC 7591 section 2, OIDC Registration section 2).
	Name string
	// Flag is the flag of postern client add and update without its hyphens; empty: there is none.
	Flag string
	// Label names the member in postern client show.
	Label string
	// Words say what the value is. The word in backquotes stands for the value in the help of the flag.
	Words string
	// Choices lists the values that there are; empty: the value is free. Of a member that is true or false they are the words for false and true.
	Choices []string
	// Self says that a client which registers itself may say it; otherwise the operator alone does.
	Self bool
	// Fixed says that the value is chosen at registration and cannot be changed.
	Fixed bool
	// File says that the flag names a file with the value.
	File bool

	field func(*Metadata) any // pointer to the value
	// fault says what is wrong with a text, or with one entry of a list; empty: nothing. nil: everything is accepted.
	fault func(m Metadata, value string) string
	// required refuses the empty text.
	required bool
	// former is a word of earlier releases for false.
	former string
	// public says that people's browsers are led there, so that a client which registers itself can only name a public address.
	public bool
	commas bool                     // the flag takes several entries with commas between them, and they are shown in one line
	slip   func(value string) error // refuses values that are obviously a mistake of the operator
	after  func(m *Metadata)        // what follows from a new value
}

// Members returns the table of all members, in the order of [Metadata].
func Members() []Member { return slices.Clone(members) }

// MemberNamed returns the member with that name.
func MemberNamed(name string) (member Member, found bool) {
	for _, member := range members {
		if member.Name == name {
			return member, true
		}
	}
	return Member{}, false
}

// names returns the names of the members that a client which registers itself may say, or those of all others.
func names(self bool) []string {
	var list []string
	for _, member := range members {
		if member.Self == self {
			list = append(list, member.Name)
		}
	}
	return list
}

// list returns the member of m if it is a list, else nil.
func (member Member) list(m *Metadata) *[]string {
	switch field := member.field(m).(type) {
	case *[]string:
		return field
	case *Scopes:
		return (*[]string)(field)
	}
	return nil
}

// List reports whether the member is a list.
func (member Member) List() bool { return member.list(new(Metadata)) != nil }

// Switch reports whether the member is true or false without words of its own.
func (member Member) Switch() bool {
	_, is := member.field(new(Metadata)).(*bool)
	return is && len(member.Choices) == 0
}

// Inline reports whether the entries of a list are shown in one line.
func (member Member) Inline() bool { return member.commas }

// Kind names the type of the value.
func (member Member) Kind() string {
	switch member.field(new(Metadata)).(type) {
	case *bool:
		return "true or false"
	case **int64:
		return "number"
	case *json.RawMessage:
		return "JWK Set"
	case *[]string:
		return "list"
	case *Scopes:
		return "words"
	}
	return "text"
}

// Values returns the values of the member in m as people read them; none when nothing is registered.
func (member Member) Values(m Metadata) []string {
	switch field := member.field(&m).(type) {
	case *bool:
		if len(member.Choices) == 0 {
			return []string{map[bool]string{false: "no", true: "yes"}[*field]}
		}
		return []string{member.Choices[map[bool]int{false: 0, true: 1}[*field]]}
	case **int64:
		if *field == nil {
			return nil
		}
		return []string{strconv.FormatInt(**field, 10)}
	case *json.RawMessage:
		keys, err := parseJWKS(*field)
		if err != nil {
			return nil
		}
		var ids []string
		for _, key := range keys.Keys {
			ids = append(ids, key.KeyID)
		}
		return ids
	}
	if list := member.list(&m); list != nil {
		return slices.Clone(*list)
	}
	if text := reflect.ValueOf(member.field(&m)).Elem().String(); text != "" {
		return []string{text}
	}
	return nil
}

// Set writes values, of which each passes [Member.Check], into m. A list becomes these values, anything else the last of them.
func (member Member) Set(m *Metadata, values []string) {
	if list := member.list(m); list != nil {
		*list = nil
		member.Add(m, values)
		return
	}
	last := values[len(values)-1]
	switch field := member.field(m).(type) {
	case *bool:
		*field = last == "true" || len(member.Choices) > 0 && last == member.Choices[1]
	case **int64:
		*field = nil
		if number, err := strconv.ParseInt(last, 10, 64); err == nil {
			*field = &number
		}
	case *json.RawMessage:
		*field = json.RawMessage(last)
	default:
		reflect.ValueOf(field).Elem().SetString(last)
	}
	if member.after != nil {
		member.after(m)
	}
}

// Add adds values to a list. Those that it has already stay as they are.
func (member Member) Add(m *Metadata, values []string) {
	list := member.list(m)
	*list = slices.Clone(*list) // m may share it with a client that other requests use
	for _, value := range member.split(values) {
		if !slices.Contains(*list, value) {
			*list = append(*list, value)
		}
	}
}

// Remove takes values out of a list. The error names one that is not there.
func (member Member) Remove(m *Metadata, values []string) error {
	list := member.list(m)
	*list = slices.Clone(*list)
	for _, value := range member.split(values) {
		at := slices.Index(*list, value)
		if at < 0 {
			return fmt.Errorf("%.100q is not registered", value)
		}
		*list = slices.Delete(*list, at, at+1)
	}
	return nil
}

// Check returns an error for a value that the member's flag does not accept: one that is not a number, or not among the choices. The rules are
// [Metadata.Validate]'s. The empty text takes away what need not be there.
func (member Member) Check(value string) error {
	if kind := member.Kind(); value == "" && !member.required && (kind == "text" || kind == "number") {
		return nil
	}
	for _, value := range member.split([]string{value}) {
		switch {
		case member.Switch() && value != "true" && value != "false":
			return fmt.Errorf("%.100q is neither true nor false", value)
		case len(member.Choices) > 0 && !slices.Contains(member.Choices, value) && (value == "" || value != member.former):
			return fmt.Errorf("%.100q is not one of: %s", value, strings.Join(quoted(member.Choices), ", "))
		case member.Kind() == "number":
			if _, err := strconv.ParseInt(value, 10, 64); err != nil {
				return fmt.Errorf("%.100q is not a number", value)
			}
		case member.slip != nil:
			if err := member.slip(value); err != nil {
				return err
			}
		}
	}
	return nil
}

// quoted puts choices of several words in quotes.
func quoted(choices []string) []string {
	list := slices.Clone(choices)
	for i, choice := range list {
		if strings.Contains(choice, " ") {
			list[i] = strconv.Quote(choice)
		}
	}
	return list
}

func (member Member) split(values []string) []string {
	if !member.commas {
		return values
	}
	var list []string
	for _, value := range values {
		list = append(list, strings.Split(value, ",")...)
	}
	return list
}

// checkMembers looks at each member by itself.
func (m Metadata) checkMembers(f *faults) {
	for _, member := range members {
		if list := member.list(&m); list != nil {
			checkList(f, member, *list)
			for _, entry := range *list {
				if fault := member.faultOf(m, entry); fault != "" {
					f.add(member.Name, "%.100q %s", entry, fault)
				}
			}
			continue
		}
		field := reflect.ValueOf(member.field(&m)).Elem()
		if field.Kind() != reflect.String || field.String() == "" && !member.required {
			continue
		}
		if fault := member.faultOf(m, field.String()); fault != "" {
			f.add(member.Name, "%s", fault)
		}
	}
}

// faultOf says what is wrong with a text, or with one entry of a list; empty: nothing.
func (member Member) faultOf(m Metadata, value string) string {
	switch {
	case len(member.Choices) > 0 && !slices.Contains(member.Choices, value):
		if member.List() {
			return "is not supported"
		}
		return "must be one of: " + strings.Join(member.Choices, " ")
	case member.fault != nil:
		return member.fault(m, value)
	}
	return ""
}

func checkList(f *faults, member Member, list []string) {
	if len(list) > longestList {
		f.add(member.Name, "must not have more than %d entries", longestList)
	}
	if sorted := slices.Sorted(slices.Values(list)); len(slices.Compact(sorted)) != len(list) {
		f.add(member.Name, "must not name anything twice")
	}
}
