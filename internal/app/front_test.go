package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTheDoorBeforeThereIsAConsole(t *testing.T) {
	t.Parallel()
	pages := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	f := &front{pages: pages}
	for _, path := range []string{"/api/v1/session", "/v1/feed"} {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
		var p struct {
			Code string
			Text struct{ ZH, EN string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != "app.starting" || p.Text.ZH == "" || p.Text.EN == "" {
			t.Errorf("%s: %q (%v)", path, w.Body, err)
		}
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	w := httptest.NewRecorder()
	if f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/terminals", nil)); w.Code != http.StatusTeapot {
		t.Errorf("the page waits for the console: %d", w.Code)
	}
	console := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	f.handler.Store(&console)
	w = httptest.NewRecorder()
	if f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/session", nil)); w.Code != http.StatusNoContent {
		t.Errorf("the console is there: %d", w.Code)
	}
}
