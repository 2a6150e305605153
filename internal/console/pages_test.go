package console_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/posmedic/posmedic/internal/console"
)

func built() fstest.MapFS {
	return fstest.MapFS{
		"console/index.html":         {Data: []byte("<!doctype html>page")},
		"console/index.html.gz":      {Data: []byte("small page")},
		"console/assets/app-1234.js": {Data: []byte("run()")},
		"secret.txt":                 {Data: []byte("not for you")},
	}
}

func get(files fstest.MapFS, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	console.Pages(files).ServeHTTP(w, r)
	return w
}

func TestPages(t *testing.T) {
	t.Parallel()
	t.Run("every place inside the console is the page, always fresh", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{"/", "/terminals/term_1", "/incidents"} {
			w := get(built(), path)
			if w.Code != http.StatusOK || w.Body.String() != "<!doctype html>page" || w.Header().Get("Cache-Control") != "no-cache" {
				t.Errorf("%s: %d %v %q", path, w.Code, w.Header(), w.Body)
			}
			if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s: the page may do anything: %v", path, w.Header())
			}
		}
	})
	t.Run("whoever has it is not sent it again", func(t *testing.T) {
		t.Parallel()
		tag := get(built(), "/").Header().Get("ETag")
		if w := get(built(), "/", "If-None-Match", tag); tag == "" || w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("tag %q: %d %q", tag, w.Code, w.Body)
		}
		other := built()
		other["console/index.html"].Data = []byte("another page")
		if w := get(other, "/", "If-None-Match", tag); w.Code != http.StatusOK {
			t.Errorf("a new page: %d", w.Code)
		}
	})
	t.Run("who takes it compressed gets it so, under a tag of its own", func(t *testing.T) {
		t.Parallel()
		w := get(built(), "/", "Accept-Encoding", "br, gzip")
		if w.Body.String() != "small page" || w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Vary") != "Accept-Encoding" ||
			!strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || w.Header().Get("ETag") == get(built(), "/").Header().Get("ETag") {
			t.Errorf("%v %q", w.Header(), w.Body)
		}
	})
	t.Run("hashed files are kept for a year", func(t *testing.T) {
		t.Parallel()
		w := get(built(), "/assets/app-1234.js", "Accept-Encoding", "gzip")
		if w.Code != http.StatusOK || w.Body.String() != "run()" || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
		}
	})
	t.Run("what is not there is not found", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{"/assets/none.js", "/secret.txt", "/../secret.txt", "/console/../../secret.txt", "/favicon.ico"} {
			if w := get(built(), path); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "not for you") {
				t.Errorf("%s: %d %q", path, w.Code, w.Body)
			}
		}
	})
	t.Run("an operation that does not exist is no page", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{"/api/v1/none", "/api/", "/v1/none"} {
			w := get(built(), path)
			if w.Code != http.StatusNotFound || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), "console.no_operation") {
				t.Errorf("%s: %d %v %q", path, w.Code, w.Header(), w.Body)
			}
		}
	})
	t.Run("a binary without pages says so in both languages", func(t *testing.T) {
		t.Parallel()
		w := get(fstest.MapFS{}, "/")
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make web") || !strings.Contains(w.Body.String(), "界面未构建") {
			t.Errorf("%d %q", w.Code, w.Body)
		}
	})
}
