package browsertest

import (
	"context"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// artefactsVariable names the folder for screenshots. Default: build/artefacts
// in the module.
const artefactsVariable = "POSTERN_TEST_ARTEFACTS"

// Screenshot saves the whole page, also what lies outside the window, as
// FOLDER/TEST/name.png and returns that path. FOLDER is the environment
// variable POSTERN_TEST_ARTEFACTS, by default build/artefacts in the module.
func (b *Browser) Screenshot(name string) (path string) {
	b.t.Helper()
	png := do(b, chromedp.Action[[]byte](wholePage))
	folder, err := artefacts()
	if err == nil {
		path = filepath.Join(folder, filepath.FromSlash(b.t.Name()), name+".png")
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, png, 0o644)
	}
	if err != nil {
		b.fatalf("screenshot: %v", err)
	}
	return path
}

// wholePage is a PNG of the page. Making it small would take as long again. A
// page that fits into the window is taken as it stands there: Chromium moves
// those that are written from right to left when asked for what lies beyond.
func wholePage(ctx context.Context, tab *chromedp.Target) ([]byte, error) {
	edges, err := cdp.Call(ctx, tab, page.GetLayoutMetrics, cdp.Empty{})
	if err != nil {
		return nil, err
	}
	longer, yes := edges.CSSContentSize.Height > float64(edges.CSSLayoutViewport.ClientHeight), true
	shot, err := cdp.Call(ctx, tab, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: &longer, FromSurface: &yes, OptimizeForSpeed: &yes,
	})
	if err != nil {
		return nil, err
	}
	return shot.Data, nil
}

func artefacts() (string, error) {
	if folder := os.Getenv(artefactsVariable); folder != "" {
		return folder, nil
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "build", "artefacts"), nil
}
