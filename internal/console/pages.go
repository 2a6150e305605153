package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// notBuilt is what stands in for the pages in a binary that was built without them.
const notBuilt = `<!doctype html><meta charset="utf-8"><title>posmedic</title>
<p>界面未构建，请运行 <code>make web</code> 后重新编译。接口可用。</p>
<p>The web faces are not built: run <code>make web</code> and build again. The API works.</p>
`

var errNoOperation = problem.New(problem.NotFound, "console.no_operation",
	lang.Text{ZH: "没有这个接口", EN: "there is no such operation"})

// Pages serves the built faces: hashed files for a year, the page itself always fresh. A path that is no file is a
// place inside the console, so it gets the page. It needs nothing but the files, so it can serve before the API does.
func Pages(files fs.FS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		browserRules(w.Header())
		if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/v1/") {
			Refuse(w, errNoOperation) // a program that errs must not be given a page
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if name == "" || path.Ext(name) == "" {
			name = "console/index.html"
		} else if !strings.HasPrefix(name, "console/") {
			name = "console/" + name
		}
		body, encoding, err := file(files, name, strings.Contains(r.Header.Get("Accept-Encoding"), "gzip"))
		switch {
		case err != nil && name == "console/index.html":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(notBuilt))
			return
		case err != nil:
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
		h.Set("Vary", "Accept-Encoding")
		if encoding != "" {
			h.Set("Content-Encoding", encoding)
		}
		h.Set("Cache-Control", "no-cache")
		if strings.Contains(name, "/assets/") {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		sum := sha256.Sum256(body)
		h.Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}

// file reads a built file, its compressed sibling if the caller takes it.
func file(files fs.FS, name string, gzip bool) (body []byte, encoding string, err error) {
	if gzip {
		if body, err = fs.ReadFile(files, name+".gz"); err == nil {
			return body, "gzip", nil
		}
	}
	body, err = fs.ReadFile(files, name)
	return body, "", err
}
