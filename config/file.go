package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readFile returns the settings in the YAML file at path. It reads a tree of nodes and not Go values, because only
// nodes have a line, keep the text as it was typed (1.10 stays 1.10) and contain a key twice if it is given twice.
func readFile(path string, settings []Setting, problems *Problems) layer {
	r := fileReader{path: path, settings: settings, result: layer{}, problems: problems}
	if path == "" {
		return r.result
	}
	root, ok := r.parse()
	if !ok {
		return r.result
	}
	r.mapping("", root)
	return r.result
}

// fileReader reads one file.
type fileReader struct {
	path     string
	settings []Setting
	result   layer
	problems *Problems
}

// parse returns the top of the file's only document, or false if there is nothing to read.
func (r *fileReader) parse() (*yaml.Node, bool) {
	content, err := os.ReadFile(r.path)
	if err != nil {
		r.problems.add(r.path, "", "cannot be read: "+cause(err), "name an existing file that Postern's user can read")
		return nil, false
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, false
	} else if err != nil {
		r.problems.add(r.path, "", "is not YAML: "+strings.TrimPrefix(err.Error(), "yaml: "), "correct the line that is named")
		return nil, false
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		r.problems.add(r.path, "", "contains more than one YAML document", "remove the line --- and everything after it")
		return nil, false
	}
	root := document.Content[0]
	if isNull(root) {
		return nil, false
	}
	if root.Kind != yaml.MappingNode {
		r.problems.add(r.path, "", "is not a list of settings", "write one setting a line: KEY: VALUE")
		return nil, false
	}
	return root, true
}

// mapping reads the settings below prefix. It descends into sections only, so its depth does not depend on the file.
func (r *fileReader) mapping(prefix string, node *yaml.Node) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		where := fmt.Sprintf("%s:%d", r.path, key.Line)
		if key.Kind != yaml.ScalarNode || key.Value == "" {
			r.problems.add(r.path, where, "has a key that is not a name", "write KEY: VALUE")
			continue
		}
		name := prefix + key.Value
		setting, known := r.find(func(key string) bool { return key == name })
		below, section := r.find(func(key string) bool { return strings.HasPrefix(key, name+".") })
		switch {
		case known:
			r.value(setting, where, value)
		case section && value.Kind == yaml.MappingNode:
			r.mapping(name+".", value)
		case section && !isNull(value):
			r.problems.add(name, where, "is a section and has no value of its own",
				"write its settings, such as "+below.Key+", indented on the lines below it")
		case !section:
			r.problems.add(name, where, "is not a setting", unknownHint(r.nearest(name, value)))
		}
	}
}

// value reads the value of one setting.
func (r *fileReader) value(s Setting, where string, node *yaml.Node) {
	text, message, hint := node.Value, "", ""
	switch {
	case isNull(node):
		message = "has no value"
		hint = "write one, in quotes if it begins with #, or remove the line to use the default"
	case node.Kind == yaml.SequenceNode && s.Type == listType:
		text, message = joinItems(node)
		hint = "write the items as plain text"
	case node.Kind != yaml.ScalarNode:
		message, hint = "takes a single value", "write it on one line, in single quotes if it begins with { or ["
	}
	if first, twice := r.result[s.Key]; twice {
		message, hint = "is given twice", "keep one; the first is at "+first.where
	}
	if message != "" {
		r.problems.add(s.Key, where, message, hint)
		return
	}
	r.result[s.Key] = given{origin{source: FromFile, where: where}, text}
}

// joinItems returns the items of a list with commas between them, or a message that says what is wrong.
func joinItems(node *yaml.Node) (text, message string) {
	items := make([]string, len(node.Content))
	for i, item := range node.Content {
		if item.Kind == yaml.AliasNode {
			item = item.Alias
		}
		if item.Kind != yaml.ScalarNode || isNull(item) {
			return "", fmt.Sprintf("item %d of the list is not text", i+1)
		}
		items[i] = item.Value
	}
	return strings.Join(items, ","), ""
}

// exposed returns a problem for each secret in a file that every user of the machine can read.
func exposed(path string, values layer, settings []Setting) Problems {
	var problems Problems
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&othersMask == 0 {
		return nil
	}
	for _, s := range settings {
		value, ok := values[s.Key]
		if !ok || !s.Secret || s.Key == "database.url" && !hasPassword(value.text) || s.Key == "smtp.url" && !mailPassword(value.text) {
			continue
		}
		problems.add(s.Key, value.where, "is a secret in a file that every user of this machine can read",
			"run: chmod o= "+path+"  (or set it by "+s.Env+")")
	}
	return problems
}

// find returns the first setting whose key matches.
func (r *fileReader) find(matches func(key string) bool) (Setting, bool) {
	i := slices.IndexFunc(r.settings, func(s Setting) bool { return matches(s.Key) })
	if i < 0 {
		return Setting{}, false
	}
	return r.settings[i], true
}

// nearest returns the section (for a mapping) or the setting that is most similar to an unknown key.
func (r *fileReader) nearest(name string, value *yaml.Node) string {
	keys := keysOf(r.settings)
	if value.Kind != yaml.MappingNode {
		return nearest(name, keys)
	}
	var sections []string
	for _, key := range keys {
		if section, _, ok := strings.Cut(key, "."); ok {
			sections = append(sections, section)
		}
	}
	return nearest(name, sections)
}

// isNull reports whether a node is empty, ~ or null.
func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}
