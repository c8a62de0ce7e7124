package browsertest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Fill types value into the field in place of what is in it.
func (v *Visitor) Fill(field, value string) {
	v.t.Helper()
	into := v.find(fieldKind, field)
	if into.Data == "textarea" {
		for into.FirstChild != nil {
			into.RemoveChild(into.FirstChild)
		}
		into.AppendChild(&html.Node{Type: html.TextNode, Data: value})
		return
	}
	setAttribute(into, "value", value)
}

// Choose selects the option of a list that says option.
func (v *Visitor) Choose(field, option string) {
	v.t.Helper()
	list, found := v.find(fieldKind, field), false
	for o := range list.Descendants() {
		if o.Type != html.ElementNode || o.Data != "option" {
			continue
		}
		o.Attr = slices.DeleteFunc(o.Attr, func(a html.Attribute) bool { return a.Key == "selected" })
		if fold(textOf(o, false)) == option {
			setAttribute(o, "selected", "")
			found = true
		}
	}
	if !found {
		v.t.Fatalf("the list %q offers no %q", field, option)
	}
}

// Check ticks the checkbox.
func (v *Visitor) Check(field string) {
	v.t.Helper()
	box := v.find(fieldKind, field)
	if attribute(box, "type") != "checkbox" {
		v.t.Fatalf("the field %q is no checkbox", field)
	}
	setAttribute(box, "checked", "")
}

// Value returns what is in the field.
func (v *Visitor) Value(field string) string {
	v.t.Helper()
	return value(v.find(fieldKind, field))
}

// Submit clicks the button.
func (v *Visitor) Submit(button string) {
	v.t.Helper()
	pressed := v.find(buttonKind, button)
	form := v.formOf(pressed)
	if form == nil {
		v.t.Fatalf("the button %q belongs to no form", button)
	}
	either := func(ofButton, ofForm string) string {
		if has(pressed, ofButton) {
			return attribute(pressed, ofButton)
		}
		return attribute(form, ofForm)
	}
	if encoding := either("formenctype", "enctype"); encoding != "" && encoding != "application/x-www-form-urlencoded" {
		v.t.Fatalf("forms of type %s cannot be sent", encoding)
	}
	target := v.resolve(either("formaction", "action"))
	target.Fragment = ""
	entries := v.entries(form, pressed).Encode()
	if strings.EqualFold(either("formmethod", "method"), http.MethodPost) {
		v.travel(http.MethodPost, target, entries, v.url)
		return
	}
	target.RawQuery = entries
	v.travel(http.MethodGet, target, "", v.url)
}

// entries are the controls of form that count when pressed is clicked (HTML
// standard, "Constructing the entry list").
func (v *Visitor) entries(form, pressed *html.Node) url.Values {
	entries := url.Values{}
	for control := range v.page.Descendants() {
		name := attribute(control, "name")
		if name == "" || disabled(control) || v.formOf(control) != form {
			continue
		}
		kind := attribute(control, "type")
		switch {
		case control.Data == "button" || kind == "submit":
			if control != pressed {
				continue
			}
		case control.Data == "textarea":
		case control.Data == "select":
			if len(selected(control)) == 0 {
				continue
			}
		case control.Data != "input":
			continue
		case kind == "checkbox" || kind == "radio":
			if !has(control, "checked") {
				continue
			}
		}
		entries.Add(name, value(control))
	}
	return entries
}

// formOf returns the form that a control belongs to, or nil.
func (v *Visitor) formOf(control *html.Node) *html.Node {
	if id := attribute(control, "form"); id != "" {
		return v.byID(id)
	}
	return ancestor(control, "form")
}

func disabled(control *html.Node) bool {
	if has(control, "disabled") {
		return true
	}
	set := ancestor(control, "fieldset")
	return set != nil && has(set, "disabled")
}

// value returns the value that a control would send.
func value(control *html.Node) string {
	if control.Data == "textarea" {
		return textOf(control, false)
	}
	if control.Data == "select" {
		return strings.Join(selected(control), "") // one at most
	}
	if !has(control, "value") && slices.Contains([]string{"checkbox", "radio"}, attribute(control, "type")) {
		return "on"
	}
	return attribute(control, "value")
}

// selected returns the value of the option that a list would send, none when it
// has no options. Lists are those of one choice.
func selected(list *html.Node) []string {
	var values []string
	for o := range list.Descendants() {
		if o.Type != html.ElementNode || o.Data != "option" {
			continue
		}
		value := fold(textOf(o, false))
		if has(o, "value") {
			value = attribute(o, "value")
		}
		if has(o, "selected") {
			return []string{value}
		}
		values = append(values, value)
	}
	return values[:min(len(values), 1)]
}
