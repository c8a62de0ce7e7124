package config

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// variablePrefix begins the name of every environment variable that Postern reads.
const variablePrefix = "POSTERN_"

// serviceLink matches the variables that Kubernetes sets in every container for a service whose name begins with
// "postern", such as POSTERN_SERVICE_HOST and POSTERN_DB_PORT_5432_TCP_ADDR.
var serviceLink = regexp.MustCompile(
	`^POSTERN_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$`)

// isForeign reports whether a variable with our prefix is not meant to be a setting: the name of the file, variables
// for tests, and service links. The service link POSTERN_PORT=tcp://… is recognized by its value.
func isForeign(name, value string) bool {
	return name == "POSTERN_CONFIG" ||
		strings.HasPrefix(name, "POSTERN_TEST_") ||
		serviceLink.MatchString(name) ||
		strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
}

// readEnvironment returns the settings in environ. Keys contain underscores themselves, so variables are looked up by
// their names and never split.
func readEnvironment(environ []string, settings []Setting, problems *Problems) layer {
	direct, fromFile := map[string]Setting{}, map[string]Setting{}
	var names []string
	for _, s := range settings {
		direct[s.Env] = s
		names = append(names, s.Env)
		if s.EnvFile != "" {
			fromFile[s.EnvFile] = s
			names = append(names, s.EnvFile)
		}
	}

	result := layer{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, variablePrefix) {
			continue
		}
		setting, known := direct[name]
		if s, ok := fromFile[name]; ok {
			setting, known = s, true
			value, ok = readSecret(s, value, problems)
			if !ok {
				continue
			}
		}
		if !known {
			if !isForeign(name, value) {
				problems.add(name, "", "is not a variable that Postern knows", unknownHint(nearest(name, names)))
			}
			continue
		}
		if other, twice := result[setting.Key]; twice && other.where != name {
			problems.add(setting.Key, name, "is also set by "+other.where, "keep one of the two variables")
			continue
		}
		result[setting.Key] = given{origin{source: FromEnvironment, where: name}, value}
	}
	return result
}

// readSecret returns the content of the file that a POSTERN_…_FILE variable names, without a line break at the end. It
// does not check the file's mode, because platforms mount such files readable for everyone in a folder that only the
// container sees.
func readSecret(s Setting, path string, problems *Problems) (string, bool) {
	content, err := os.ReadFile(path)
	if err != nil {
		problems.add(s.Key, s.EnvFile, "its file cannot be read: "+cause(err),
			"name an existing file that Postern's user can read")
		return "", false
	}
	return strings.TrimRight(string(content), "\r\n"), true
}

// cause returns the error of a file operation as text, without the operation and the path.
func cause(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err.Error()
	}
	return err.Error()
}
