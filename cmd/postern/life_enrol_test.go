package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage/audit"
)

// enrolmentLook is how the page for a new authenticator is laid out, in CSS pixels.
type enrolmentLook struct {
	Version, Module           float64
	Open, QR, Field, Viewport float64 // lower ends, but of the QR code the upper one
}

const measureEnrolment = `(() => {
	const box = (selector) => document.querySelector(selector).getBoundingClientRect();
	const drawing = document.querySelector(".qr svg");
	const modules = drawing.viewBox.baseVal.width;
	return {
		Version: (modules - 8 - 17) / 4, Module: drawing.getBoundingClientRect().width / modules,
		Open: box(".open a").bottom, QR: box(".qr").top, Field: box("#code").bottom, Viewport: innerHeight,
	};
})()`

// TestEnrolmentFitsTheScreen: a QR code of version 10 is read off the screen, on a screen the field for the code stands beside it, and on a
// phone, which cannot scan itself, the link to an app comes first.
func TestEnrolmentFitsTheScreen(t *testing.T) {
	l := newLife(t, browsertest.Options{JavaScript: true}, "")
	_, invitation, err := l.a.accounts.Operate.Add(t.Context(), identity.NewUser{
		Email: strings.Repeat("a", 60) + "@" + strings.Repeat("long-", 8) + "example.test",
	}, audit.Operator(), time.Now())
	require.NoError(t, err)
	l.Open(invitation.URL)
	l.Fill("New password", l.password)
	l.Submit("Save and continue")
	for _, width := range []int{1280, 390, 320} {
		l.Appear(false, width)
		look := browsertest.Evaluate[enrolmentLook](l.Browser, measureEnrolment)
		require.GreaterOrEqual(t, look.Version, 10.0)
		require.GreaterOrEqual(t, look.Module, 4.0, "%d px", width)
		require.Equal(t, l.Link("Open in an app on this device"), l.QR(), "%d px", width)
		if width == 1280 {
			require.Less(t, look.Field, look.Viewport, "the field is in sight")
		} else {
			require.Less(t, look.Open, look.QR)
		}
	}
}
