package config

import (
	"maps"
	"slices"
)

// Sources is where Load looks. The zero value gives the defaults.
type Sources struct {
	// File is the path of the YAML file; empty means that there is none. A file that is named and missing is a
	// mistake.
	File string
	// Environ is the environment in the form of os.Environ.
	Environ []string
	// Flags holds the settings that were given on the command line: key of the setting to value, in the form of the
	// file.
	Flags map[string]string
}

// Source is the kind of place a value came from.
type Source string

// The sources, the weakest first.
const (
	FromDefault     Source = "default"
	FromFile        Source = "file"
	FromEnvironment Source = "environment"
	FromFlag        Source = "flag"
)

// origin is the place a value came from.
type origin struct {
	source Source
	where  string
	unread string // the text of a setting that could not be read
}

// given is the text that one source gives for a setting.
type given struct {
	origin
	text string
}

// layer is what one source gives, by key.
type layer map[string]given

// Load returns the settings of all sources: a flag beats the environment, the environment the file, the file the
// default. The error is a Problems with every mistake of every source and of the whole; the Config is then zero. A
// Config without an error passes Validate.
func Load(s Sources) (Config, error) {
	c, err := read(s)
	if err != nil {
		return Config{}, err
	}
	return c, nil
}

// Inspect returns the values of all sources in the order of Settings, also when some are wrong: then with the error of Load. A value that
// cannot be read is shown as it was given.
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

// combine adds the problems of the whole to those of the sources, in the order of the settings. A setting that could
// not be read is not judged as well: its value is not what the operator wrote.
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

// keysOf lists the keys of the settings.
func keysOf(settings []Setting) []string {
	keys := make([]string, len(settings))
	for i, s := range settings {
		keys[i] = s.Key
	}
	return keys
}

// unknownHint points to the known name that is most like the unknown one.
func unknownHint(known string) string {
	return "the nearest one is " + known + "; `postern config show` lists all"
}

// Value is a setting as it is in force.
type Value struct {
	Key string `json:"key"`
	// Value is in the form of the file. A secret that is set is "•••"; of the addresses of the database and the mail
	// server everything is shown but the password and the parameters.
	Value  string `json:"value"`
	Source Source `json:"source"`
	// Where is the place in the source, as in Problem.
	Where string `json:"where,omitempty"`
}

// Effective lists the values in force in the order of Settings, each with the source that Load took it from. A value
// that was not set by Load counts as a default.
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
