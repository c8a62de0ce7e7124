package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Setting describes one setting for the documentation and for `postern config show`.
type Setting struct {
	// Key is its name in the file, with the section before the dot, such as session.idle.
	Key string `json:"key"`
	// Env is the environment variable that sets it.
	Env string `json:"env"`
	// EnvFile is the environment variable that names a file with the value. Only secrets have one.
	EnvFile string `json:"env_file,omitempty"`
	// Type is text, list, number, duration, or "true or false".
	Type string `json:"type"`
	// Default is its value if no source sets it, as one would write it in the file.
	Default string `json:"default"`
	// Meaning says what the setting is for, which values are allowed, and what can go wrong.
	Meaning string `json:"meaning"`
	// Secret says that the value is masked wherever it is shown.
	Secret bool `json:"secret"`
}

// Settings returns all settings in the order of [Config].
func Settings() []Setting {
	var c Config
	fields := c.fields()
	settings := make([]Setting, len(fields))
	for i, f := range fields {
		settings[i] = f.Setting
	}
	return settings
}

// Default returns the configuration that applies without a file, a variable or a flag. It is valid.
func Default() Config {
	var c Config
	for _, f := range c.fields() {
		if problem := parse(f.target, f.Default); problem != nil {
			panic("config: the default of " + f.Key + " " + problem.Message)
		}
	}
	return c
}

// field is one setting and a pointer to its value in a Config.
type field struct {
	Setting
	target any
}

// fields returns the settings of c in the order of the struct.
func (c *Config) fields() []field {
	fields := fieldsOf(reflect.ValueOf(c).Elem())
	taken := make(map[string]bool, len(fields))
	for _, f := range fields {
		taken[f.Env] = true
	}
	for i, f := range fields {
		// POSTERN_SECRETS_KEYSET_FILE already sets secrets.keyset_file, which has the same meaning.
		if name := f.Env + "_FILE"; f.Secret && !taken[name] {
			fields[i].EnvFile = name
		}
	}
	return fields
}

// fieldsOf returns the settings in a struct whose fields are settings or structs of settings.
func fieldsOf(v reflect.Value) []field {
	var fields []field
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		key, isSetting := tag.Lookup("setting")
		switch {
		case isSetting:
			target := v.Field(i).Addr().Interface()
			_, secret := target.(*Secret)
			fields = append(fields, field{target: target, Setting: Setting{
				Key: key, Env: variable(key), Type: typeName(target),
				Default: tag.Get("default"), Meaning: meanings[key], Secret: secret,
			}})
		case v.Field(i).Kind() == reflect.Struct:
			fields = append(fields, fieldsOf(v.Field(i))...)
		}
	}
	return fields
}

// variable returns the name of the environment variable for a key.
func variable(key string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// typeName returns the type of a setting in words.
func typeName(target any) string {
	switch target.(type) {
	case *bool:
		return "true or false"
	case *int:
		return "number"
	case *time.Duration:
		return "duration"
	case *[]netip.Prefix:
		return listType
	default:
		return "text"
	}
}

// listType is the type of settings that take several values.
const listType = "list"

// parse reads text, which has the same form in a file, a variable and a flag, into target. If it cannot, it returns a
// problem that has only a message and a hint.
func parse(target any, text string) *Problem {
	switch target := target.(type) {
	case *string:
		*target = text
	case *Secret:
		*target = Secret(text)
	case *bool:
		if text != "true" && text != "false" {
			return &Problem{Message: fmt.Sprintf("%.80q is neither true nor false", text), Hint: "write true or false"}
		}
		*target = text == "true"
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return &Problem{Message: fmt.Sprintf("%.80q is not a whole number", text), Hint: "write digits only, such as 10"}
		}
		*target = n
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return &Problem{Message: fmt.Sprintf("%.80q is not a duration", text),
				Hint: "write a number with a unit, such as 30s, 10m or 24h"}
		}
		*target = d
	case *[]netip.Prefix:
		return parsePrefixes(target, text)
	default:
		panic(fmt.Sprintf("config: no way to read a %T", target))
	}
	return nil
}

// parsePrefixes reads addresses and networks separated by commas. A single address becomes a network that contains only
// that address.
func parsePrefixes(target *[]netip.Prefix, text string) *Problem {
	var prefixes []netip.Prefix
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(item)
		if addr, addrErr := netip.ParseAddr(item); addrErr == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return &Problem{Message: fmt.Sprintf("%.80q is neither an address nor a network", item),
				Hint: "write addresses such as 10.0.0.7 and networks such as 10.0.0.0/8"}
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	*target = prefixes
	return nil
}

// format is the reverse of parse. A secret that is not empty becomes "•••".
func format(target any) string {
	switch target := target.(type) {
	case *Secret:
		if *target == "" {
			return ""
		}
		return masked
	case *time.Duration:
		return formatDuration(*target)
	case *[]netip.Prefix:
		items := make([]string, len(*target))
		for i, prefix := range *target {
			items[i] = prefix.String()
		}
		return strings.Join(items, ",")
	default:
		return fmt.Sprint(reflect.ValueOf(target).Elem())
	}
}

// formatDuration returns 336h where Duration.String returns 336h0m0s.
func formatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
