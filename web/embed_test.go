package web_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/web"
)

var reference = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

func TestConsole_whatItsPageNamesIsEmbedded(t *testing.T) {
	t.Parallel()
	if !web.Built() {
		t.Skip("the web faces are not built; `make test` builds them first")
	}
	page, err := fs.ReadFile(web.Files(), "console/index.html")
	if err != nil {
		t.Fatal(err)
	}
	found := reference.FindAllStringSubmatch(string(page), -1)
	if len(found) < 2 {
		t.Fatalf("the page names %d files, want at least its script and its style", len(found))
	}
	for _, f := range found {
		name := f[1]
		if strings.HasPrefix(name, "data:") {
			continue
		}
		if !strings.HasPrefix(name, "/") {
			t.Errorf("%s is not an address of our own; the page must load nothing from elsewhere", name)
			continue
		}
		info, err := fs.Stat(web.Files(), "console"+name)
		if err != nil {
			t.Errorf("%s is named by the page but not embedded", name)
			continue
		}
		if info.Size() == 0 {
			t.Errorf("%s is embedded but empty", name)
		}
	}
}

func TestFiles_withoutABuildThereIsNoConsole(t *testing.T) {
	t.Parallel()
	_, err := fs.Stat(web.Files(), "console/index.html")
	if web.Built() != (err == nil) {
		t.Fatalf("Built says %v, but opening the console page gives %v", web.Built(), err)
	}
}
