package config

import (
	"cmp"
	"net/mail"
	"net/url"
	"strings"
)

// smtp requires both settings or neither. As with the database, no message repeats any part of the URL.
func (v *validator) smtp() {
	oneOf(v, "smtp.tls", cmp.Or(v.c.SMTP.TLS, "required"), "required", "opportunistic", "none")
	v.mailToken()
	address, from := v.c.SMTP.URL.Reveal(), v.c.SMTP.From
	if address == "" && from == "" {
		return
	}
	if address == "" {
		v.add("smtp.url", "is missing although smtp.from is set", "name the mail server, such as smtp://USER:PASSWORD@mail.example.com")
	} else {
		v.mailServer(address)
	}
	const example = "write one address, such as id@example.com or Example <id@example.com>"
	if from == "" {
		v.add("smtp.from", "is missing although smtp.url is set", example)
		return
	}
	sender, err := mail.ParseAddress(from)
	if err != nil || strings.ContainsAny(from, "\r\n") || (&mail.Address{Address: sender.Address}).String() != "<"+sender.Address+">" {
		v.add("smtp.from", "is not one plain e-mail address", example)
	}
}

// mailToken checks the settings that say where the token for XOAUTH2 comes from.
func (v *validator) mailToken() {
	s := v.c.SMTP
	if !s.byToken() {
		return
	}
	if s.TokenFile != "" && s.TokenCommand != "" {
		v.add("smtp.token_command", "is set together with smtp.token_file", "keep one of the two")
	}
	if s.TokenFile != "" {
		v.file("smtp.token_file", s.TokenFile)
	}
	if s.URL == "" {
		v.add("smtp.url", "is missing although a token for it is set", "name the server and the mailbox, such as smtp://id%40example.com@smtp.office365.com")
	}
	if s.weak() {
		v.add("smtp.tls", "would send the token unencrypted", "leave it at required")
	}
}

// weak reports whether mail may be sent unencrypted.
func (s SMTP) weak() bool { return s.TLS == "opportunistic" || s.TLS == "none" }

// byToken reports whether Postern signs in to the mail server with a token.
func (s SMTP) byToken() bool { return s.TokenFile != "" || strings.TrimSpace(s.TokenCommand) != "" }

func (v *validator) mailServer(address string) {
	const setting = "smtp.url"
	if !isMailServer(address) {
		v.add(setting, "is not the URL of a mail server", "begin it with smtp:// or smtps://")
		return
	}
	u, err := url.Parse(address)
	if err != nil {
		v.add(setting, "is not a valid URL", "escape special characters of user and password (/ is %2F, @ is %40, : is %3A, ? is %3F, # is %23, % is %25)")
		return
	}
	if u.Hostname() == "" || !validHost(u) {
		v.add(setting, "has a host or a port that is not valid", "write it like smtp://USER:PASSWORD@mail.example.com:587, the host in lower case")
	}
	if u.Path != "" || strings.ContainsAny(address, "?#") {
		v.add(setting, "has something after the host", "remove the path and the parameters; there are no options")
	}
	if u.Scheme == "smtps" && v.c.SMTP.weak() {
		v.add("smtp.tls", "has no effect with smtps://, which is encrypted from the first byte", "write smtp:// in smtp.url, or leave smtp.tls out")
	}
	if v.c.SMTP.byToken() {
		if _, given := u.User.Password(); given || u.User.Username() == "" {
			v.add(setting, "has a password although there is a token, or has no user", "name the mailbox alone: smtp://id%40example.com@smtp.office365.com")
		}
		return
	}
	if password, given := u.User.Password(); u.User != nil && (u.User.Username() == "" || !given || password == "") {
		v.add(setting, "has a user without a password or a password without a user", "give both, or neither if the server does not require them")
	}
}

func isMailServer(address string) bool {
	return strings.HasPrefix(address, "smtp://") || strings.HasPrefix(address, "smtps://")
}

// mailPassword reports whether the URL of a mail server contains a password.
func mailPassword(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return true
	}
	_, given := u.User.Password()
	return given
}

// address returns the URL of the mail server as it is shown, without the password.
func (s SMTP) address() string {
	text := s.URL.Reveal()
	if text == "" {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || !isMailServer(text) {
		return masked
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host}
	if user := u.User.Username(); user != "" {
		shown.User = url.User(user)
	}
	return shown.String()
}
