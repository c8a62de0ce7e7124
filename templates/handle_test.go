package templates

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

var (
	errOutage = errors.New("dial tcp 10.0.0.7:5432: connection refused")
	errSecret = errors.New("pq: column swordfish does not exist")
)

// logLine decodes the only line in the log.
func logLine(t *testing.T, log *bytes.Buffer) map[string]any {
	t.Helper()
	require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("\n")), log.String())
	var line map[string]any
	require.NoError(t, json.Unmarshal(log.Bytes(), &line))
	return line
}

func TestFailuresHaveASupportCodeAndNoCause(t *testing.T) {
	for path, want := range map[string]struct {
		status       int
		retry, cause string
	}{
		"/unknown": {500, "", errSecret.Error()},
		"/panic":   {500, "", errSecret.Error()},
		"/outage":  {503, "5", errOutage.Error()},
	} {
		t.Run(path, func(t *testing.T) {
			var log bytes.Buffer
			r := newEngine(newPages(t, Config{}), slog.New(slog.NewJSONHandler(&log, nil)))
			w := get(r, path+"?code=123456", "text/html")
			require.Equal(t, want.status, w.Code)
			require.Equal(t, want.retry, w.Header().Get("Retry-After"))
			code := w.Header().Get(SupportHeader)
			require.Regexp(t, `^[A-Z2-7]{4}-[A-Z2-7]{4}$`, code)
			require.Contains(t, w.Body.String(), code)
			require.NotContains(t, w.Body.String(), want.cause)

			line := logLine(t, &log)
			require.Equal(t, code, line["support_code"])
			require.Equal(t, path, line["route"])
			require.Contains(t, line["err"], want.cause)
			require.NotContains(t, log.String(), "123456", "the log holds no query")
		})
	}
}

func TestKnownErrorIsSaidInThePackagesWords(t *testing.T) {
	var log bytes.Buffer
	w := get(newEngine(newPages(t, Config{}), slog.New(slog.NewJSONHandler(&log, nil))), "/known", "text/html")
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Contains(t, w.Body.String(), "Another site tried to send this form in your name.")
	require.Empty(t, w.Header().Get(SupportHeader))
	require.Equal(t, "INFO", logLine(t, &log)["level"])
}

func TestErrorPageLeadsBackToTheApp(t *testing.T) {
	p := newPages(t, Config{})
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
	Handle(p, quiet, func(error) (int, Text, Text) { return 0, Text{}, Text{} })(func(c *gin.Context) error {
		ForApp(c, sampleApp)
		return errSecret
	})(c)
	require.Contains(t, w.Body.String(), `href="`+sampleApp.StartURL+`"`)
}

func TestAbandonedRequestIsDroppedQuietly(t *testing.T) {
	for _, tc := range []struct {
		name    string
		end     func(context.Context) (context.Context, context.CancelFunc)
		status  int
		dropped bool
	}{
		{"client went away", context.WithCancel, 499, true},
		{"own time limit", func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, 0) }, 500, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log bytes.Buffer
			w := httptest.NewRecorder()
			c, _ := gin.CreateTestContext(w)
			ctx, cancel := tc.end(t.Context())
			cancel()
			c.Request = httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
			handle := Handle(newPages(t, Config{}), slog.New(slog.NewJSONHandler(&log, nil)), func(error) (int, Text, Text) { return 0, Text{}, Text{} })
			handle(func(*gin.Context) error { return fmt.Errorf("load flow: %w", ctx.Err()) })(c)
			require.Equal(t, tc.status, c.Writer.Status())
			require.True(t, c.IsAborted())
			require.Equal(t, tc.dropped, w.Body.Len() == 0)
			require.Equal(t, tc.dropped, log.Len() == 0)
		})
	}
}

func TestAnswerThatHasBegunIsLeftAlone(t *testing.T) {
	var log bytes.Buffer
	p := newPages(t, Config{})
	r := gin.New()
	r.Use(Recover(p, slog.New(slog.NewJSONHandler(&log, nil))))
	r.GET("/", func(c *gin.Context) {
		c.String(http.StatusOK, "half")
		panic("late")
	})
	w := get(r, "/", "text/html")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "half", w.Body.String())
	require.Contains(t, logLine(t, &log)["err"], "late")
}

func TestRecoverLetsNetHTTPEndAConnection(t *testing.T) {
	p := newPages(t, Config{})
	r := gin.New()
	r.Use(Recover(p, quiet))
	r.GET("/", func(*gin.Context) { panic(http.ErrAbortHandler) })
	require.PanicsWithError(t, http.ErrAbortHandler.Error(), func() { get(r, "/", "text/html") })
}

func TestClientsThatAreNoBrowsersGetJSON(t *testing.T) {
	r := newEngine(newPages(t, Config{}), quiet)
	for path, want := range map[string]struct {
		status int
		code   string
	}{"/panic": {500, "server_error"}, "/nowhere": {404, "invalid_request"}} {
		w := get(r, path, "application/json")
		require.Equal(t, want.status, w.Code)
		var body struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
		require.Equal(t, want.code, body.Error)
		require.NotEmpty(t, body.Description)
		require.NotContains(t, w.Body.String(), "swordfish")
	}
}
