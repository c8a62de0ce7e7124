package main

import (
	"slices"
	"strings"
	"testing"
)

// floors has every package on its floor, from top to bottom: a package imports from lower floors only, never from its neighbours.
var floors = [][]string{
	{"cmd/postern", "cmd/demo-rp", "bench"},
	{"provider", "login/logintest"},
	{
		"login", "login/self", "consent",
		"provider/authorize", "provider/device", "provider/discovery", "provider/exchange", "provider/logout", "provider/registration",
		"provider/resource",
	},
	{"login/form", "login/mail", "login/account/journeys", "provider/engine"},
	{
		"login/browser", "login/account/arrive", "login/account/enrol", "login/account/operate", "login/account/port", "login/account/recovery",
		"login/account/self", "login/account/signin", "provider/clientauth",
	},
	{"login/account", "provider/decision", "provider/page", "provider/token"},
	{"login/account/identity", "provider/oauth", "provider/scope", "provider/keys/keystest"},
	{"login/throttle", "provider/client", "provider/keys"},
	{"provider/limit", "storage/audit", "storage/storagetest"},
	{"storage"},
	{
		"cmd/demo-rp/relyingparty", "cmd/postern/browsertest", "config", "storage/loop", "login/mail/mailtest", "login/otp", "login/password", "provider/fetch",
		"provider/fetch/fetchtest", "provider/jwttest", "provider/strictjson", "storage/postgres", "templates",
	},
}

func TestFloorsHoldWhatIsAboveThem(t *testing.T) {
	packages, imports := readImports(t)
	floorOf := map[string]int{}
	for n, floor := range floors {
		for _, pkg := range floor {
			if _, twice := floorOf[pkg]; twice {
				t.Errorf("package %s is on two floors", pkg)
			}
			if !slices.Contains(packages, pkg) {
				t.Errorf("floor %d has %s, which does not exist: remove it", n, pkg)
			}
			floorOf[pkg] = n
		}
	}
	for _, pkg := range packages {
		if _, known := floorOf[pkg]; !known {
			t.Errorf("package %s is on no floor: say in floors_test.go which it is on", pkg)
		}
	}
	for _, i := range imports {
		ours, isOurs := strings.CutPrefix(i.path, module)
		if isOurs && floorOf[ours] <= floorOf[i.pkg()] {
			t.Errorf("%s imports %s, which is not on a lower floor: move what both need to a lower package with a name of its own, or hand over a function",
				i.file, ours)
		}
	}
}

// provider is the face of the protocol: a package that needs a part of it imports that part.
func TestFaceOfTheProtocolIsWiredInOnePlace(t *testing.T) {
	_, imports := readImports(t)
	for _, i := range imports {
		if i.path == module+"provider" && i.pkg() != "cmd/postern" {
			t.Errorf("%s imports provider, which is for cmd/postern alone", i.file)
		}
	}
}
