package templates

import "time"

var deviceViews = []View{DeviceCode{}, DeviceConfirm{}}

// DeviceCode asks for the code that a device without a browser shows, in the
// field "user_code".
type DeviceCode struct {
	Page
	// UserCode is what was typed before, or came in the URL.
	UserCode string
	// Sent says that UserCode came in the URL: the person has to compare it.
	Sent bool
}

func (DeviceCode) template() string { return "device/code.html" }

// DeviceConfirm asks whether an app on another device may have what it wants.
// The submit buttons are "decision" with the values "allow" and "deny".
type DeviceConfirm struct {
	Page
	Person Person
	Scopes []Scope
	// SwitchURL signs in as somebody else.
	SwitchURL string
	// UserCode is the code to compare with the device's.
	UserCode string
	// Address and Browser are the IP address and browser of the device; either may be empty.
	Address string
	Browser Text
	AskedAt time.Time
}

func (DeviceConfirm) template() string { return "device/confirm.html" }
