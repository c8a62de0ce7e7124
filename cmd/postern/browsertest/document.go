package browsertest

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Text returns all text that can be seen, with each run of white space as one
// space.
func (v *Visitor) Text() string {
	for n := range v.page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "body" {
			return fold(textOf(n, true))
		}
	}
	return ""
}

// Title returns the title of the page.
func (v *Visitor) Title() string {
	for n := range v.page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "title" {
			return fold(textOf(n, false))
		}
	}
	return ""
}

// Link returns the absolute address that the link leads to.
func (v *Visitor) Link(link string) string {
	v.t.Helper()
	return v.resolve(attribute(v.find(linkKind, link), "href")).String()
}

// find returns the one visible element of the kind that is called wanted: like
// find.js, but for what only a layout can tell.
func (v *Visitor) find(kind, wanted string) *html.Node {
	v.t.Helper()
	var exact, beginning []*html.Node
	var there []string
	for n := range v.page.Descendants() {
		if n.Type != html.ElementNode || !isKind(n, kind) || hidden(n) {
			continue
		}
		names := v.names(n, kind)
		there = append(there, strings.Join(names, " / "))
		if slices.Contains(names, wanted) {
			exact = append(exact, n)
		}
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, wanted) }) {
			beginning = append(beginning, n)
		}
	}
	found := exact
	if len(found) == 0 {
		found = beginning
	}
	if len(found) != 1 {
		v.t.Fatalf("there is no single %s called %q but %d of %q\nat %s, status %d, which says: %s",
			kind, wanted, len(found), there, v.URL(), v.Status(), v.Text())
	}
	return found[0]
}

func isKind(n *html.Node, kind string) bool {
	switch kind {
	case linkKind:
		return n.Data == "a" && has(n, "href")
	case buttonKind:
		return (n.Data == "button" && attribute(n, "type") != "button") || (n.Data == "input" && attribute(n, "type") == "submit")
	case fieldKind:
		return n.Data == "textarea" || n.Data == "select" || (n.Data == "input" && !slices.Contains([]string{"hidden", "submit", "button"}, attribute(n, "type")))
	}
	return false
}

// names returns what an element is called.
func (v *Visitor) names(n *html.Node, kind string) []string {
	names := []string{attribute(n, "aria-label")}
	switch kind {
	case linkKind:
		names = append(names, textOf(n, true))
	case buttonKind:
		text := textOf(n, true)
		if n.Data == "input" {
			text = attribute(n, "value")
		}
		names = append(names, text)
		if name := attribute(n, "name"); name != "" {
			names = append(names, name+"="+attribute(n, "value"))
		}
	case fieldKind:
		names = append(names, attribute(n, "name"))
		if label := ancestor(n, "label"); label != nil {
			names = append(names, textOf(label, true))
		}
		for label := range v.page.Descendants() {
			if id := attribute(n, "id"); id != "" && label.Data == "label" && attribute(label, "for") == id {
				names = append(names, textOf(label, true))
			}
		}
	}
	for i := range names {
		names[i] = fold(names[i])
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

func (v *Visitor) byID(id string) *html.Node {
	for n := range v.page.Descendants() {
		if attribute(n, "id") == id {
			return n
		}
	}
	return nil
}

// Elements that do not part words from each other.
var inline = []string{"a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "i", "kbd", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "wbr"}

// textOf returns the text in n, with a space where an element that is not
// inline begins or ends. visible leaves out what a browser does not show.
func textOf(n *html.Node, visible bool) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	if visible && n.Type == html.ElementNode && (has(n, "hidden") || slices.Contains([]string{"script", "style", "template", "textarea"}, n.Data)) {
		return " "
	}
	var text strings.Builder
	for child := range n.ChildNodes() {
		text.WriteString(textOf(child, visible))
	}
	if n.Type == html.ElementNode && visible && !slices.Contains(inline, n.Data) {
		return " " + text.String() + " "
	}
	return text.String()
}

func hidden(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if has(n, "hidden") {
			return true
		}
	}
	return false
}

func ancestor(n *html.Node, tag string) *html.Node {
	for n = n.Parent; n != nil; n = n.Parent {
		if n.Type == html.ElementNode && n.Data == tag {
			return n
		}
	}
	return nil
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func setAttribute(n *html.Node, name, value string) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
	n.Attr = append(n.Attr, html.Attribute{Key: name, Val: value})
}
