package templates

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
)

// printedSheet is what a printer makes of recovery codes.
type printedSheet struct {
	Broken   []string // codes of several lines
	Controls []string // what only a screen has a use for
	Says     string
}

const measurePrint = `(() => ({
	Broken: [...document.querySelectorAll(".codes code")].filter((code) => {
		const text = document.createRange();
		text.selectNodeContents(code);
		return text.getClientRects().length !== 1;
	}).map((code) => code.outerHTML),
	Controls: [...document.querySelectorAll("button, a, nav, form, input")].filter((e) => e.checkVisibility()).map((e) => e.outerHTML),
	Says: document.querySelector("main").innerText,
}))()`

// TestRecoveryCodesArePrinted: upright and across, a sheet says whose codes they are, of which service and of when, each code on a line.
func TestRecoveryCodesArePrinted(t *testing.T) {
	server, _ := serveSamples(t)
	b := browsertest.Start(t, browsertest.Options{JavaScript: true})
	for _, name := range []string{"codes", "codes-new"} {
		for paper, width := range map[string]int{"A4": 718, "A4-landscape": 1047} {
			b.Open(server.URL + "/sample/" + name + "?lang=en")
			b.Print(width)
			sheet := browsertest.Evaluate[printedSheet](b, measurePrint)
			require.Empty(t, sheet.Broken, "codes of several lines: %s %s", name, paper)
			require.Empty(t, sheet.Controls, "something to click on paper: %s %s", name, paper)
			b.Screenshot(name + "-" + paper)
			require.Contains(t, sheet.Says, "Recovery codes for ada@example.test at Postern. Each works once.")
			require.Contains(t, sheet.Says, "Made on 2026-11-21")
			require.Contains(t, sheet.Says, "K7QPM-4XWVD")
		}
	}
}
