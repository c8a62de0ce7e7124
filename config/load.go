package config

import (
	"maps"
	"slices"
)

// Sources are the sources of the settings. The zero value stands for the defaults.
type Sources struct {
	// File is the path of the YAML file. If it is empty, no file is read. It is a mistake to name a file that does not
	// exist.
	File string
	// Environ is the environment in the form of os.Environ.
	Environ []string
	// Flags has the settings that were given on the command line, by key. The values are in the form of the file.
	Flags map[string]string
}

// Source is the kind of source of a value.
type Source string

// The kinds of sources, in ascending order of precedence.
const (
	FromDefault     Source = "default"
	FromFile        Source = "file"
	FromEnvironment Source = "environment"
	FromFlag        Source = "flag"
)

// origin is the place where a value was found.
type origin struct {
	source Source
	where  string
	unread string // the text of the value, if it could not be read
}

// given is the text of a setting in one source.
type given struct {
	origin
	text string
}

// layer has the settings of one source, by key.
type layer map[string]given

// Load returns the settings of all sources. A flag takes precedence over the environment, the environment over the
// file, and the file over the default. If anything is wrong, Load returns the zero Config and a [Problems] with all
// mistakes of all sources and of the settings as a whole. Otherwise the Config passes [Config.Validate].
func Load(s Sources) (Config, error) {
	c, err := read(s)
	if err != nil {
		return Config{}, err
	}
	return c, nil
}

// Inspect returns the values of all sources in the order of [Settings], and the error of [Load]: the values are
// returned even if some are wrong. A value that cannot be read is returned as it was given.
func Inspect(s Sources) ([]Value, error) {
	c, err := read(s)
	return c.Effective(), err
}

func read(s Sources) (Config, error) {
	var problems Problems
	c := Default()
	fields, settings := c.fields(), Settings()
	file := readFile(s.File, settings, &problems)
	layers := []layer{
		file,
		readEnvironment(s.Environ, settings, &problems),
		readFlags(s.Flags, settings, &problems),
	}
	c.origins = map[string]origin{}
	for _, f := range fields {
		for _, l := range layers {
			value, ok := l[f.Key]
			if !ok {
				continue
			}
			c.origins[f.Key] = value.origin
			if problem := parse(f.target, value.text); problem != nil {
				problems.add(f.Key, value.where, problem.Message, problem.Hint)
				c.origins[f.Key] = origin{value.source, value.where, value.text}
			}
		}
	}
	invalid := append(c.validate(), exposed(s.File, file, settings)...)
	return c, combine(fields, problems, invalid).err()
}

// combine adds the problems of the settings as a whole to those of the sources, in the order of the settings. It leaves
// out those of settings that could not be read, because their value is not what the operator wrote.
func combine(fields []field, unreadable, invalid Problems) Problems {
	all := slices.Clone(unreadable)
	for _, problem := range invalid {
		known := func(p Problem) bool { return p.Setting == problem.Setting }
		if !slices.ContainsFunc(unreadable, known) {
			all = append(all, problem)
		}
	}
	position := func(p Problem) int {
		return slices.IndexFunc(fields, func(f field) bool { return f.Key == p.Setting })
	}
	slices.SortStableFunc(all, func(a, b Problem) int { return position(a) - position(b) })
	return all
}

// readFlags checks that each flag belongs to a setting.
func readFlags(flags map[string]string, settings []Setting, problems *Problems) layer {
	const where = "command line"
	result := layer{}
	for _, key := range slices.Sorted(maps.Keys(flags)) {
		if !slices.ContainsFunc(settings, func(s Setting) bool { return s.Key == key }) {
			problems.add(key, where, "is not a setting", unknownHint(nearest(key, keysOf(settings))))
			continue
		}
		result[key] = given{origin{source: FromFlag, where: where}, flags[key]}
	}
	return result
}

// keysOf returns the keys of the settings.
func keysOf(settings []Setting) []string {
	keys := make([]string, len(settings))
	for i, s := range settings {
		keys[i] = s.Key
	}
	return keys
}

// unknownHint returns a hint that names the known name most similar to an unknown one.
func unknownHint(known string) string {
	return "the nearest one is " + known + "; `postern config show` lists all"
}

// Value is the value of a setting that is in force.
type Value struct {
	Key string `json:"key"`
	// Value is in the form of the file. A secret that is set is "•••"; the URLs of the database and the mail server are
	// shown without password and parameters.
	Value  string `json:"value"`
	Source Source `json:"source"`
	// Where is the place in the source, as in [Problem].
	Where string `json:"where,omitempty"`
}

// Effective returns the values in force in the order of [Settings], each with the source from which [Load] took it. A
// value that was not set by Load counts as a default.
func (c Config) Effective() []Value {
	var values []Value
	for _, f := range c.fields() {
		from, loaded := c.origins[f.Key]
		if !loaded {
			from.source = FromDefault
		}
		text := format(f.target)
		switch f.target {
		case &c.Database.URL:
			text = c.Database.address()
		case &c.SMTP.URL:
			text = c.SMTP.address()
		}
		if from.unread != "" && !f.Secret {
			text = from.unread
		}
		values = append(values, Value{Key: f.Key, Value: text, Source: from.source, Where: from.where})
	}
	return values
}
