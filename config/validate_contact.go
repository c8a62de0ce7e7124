package config

import (
	"fmt"
	"net/mail"
	"net/url"
)

// contact requires URLs that a browser can open.
func (v *validator) contact() {
	s, l := v.c.Support, v.c.Links
	if address, err := mail.ParseAddress(s.Email); s.Email != "" && (err != nil || address.Address != s.Email) {
		v.add("support.email", fmt.Sprintf("%.80q is not an e-mail address", s.Email), "write the address alone, such as help@example.com")
	}
	for _, link := range []struct{ setting, address string }{
		{"support.url", s.URL}, {"links.imprint", l.Imprint}, {"links.privacy", l.Privacy}, {"links.terms", l.Terms},
	} {
		u, err := url.Parse(link.address)
		if link.address != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
			v.add(link.setting, fmt.Sprintf("%.80q is not a web address", link.address), "write it like https://example.com/help")
		}
	}
}
