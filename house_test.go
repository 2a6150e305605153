// Package house_test holds the rules of the house: which way imports may point, who writes which table, which names
// are not used, and that what the documents link to exists. docs/architecture.md draws the same picture.
package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/posmedic/posmedic/"

// floors lists the rooms from the roof down. A package may import packages of lower floors, and of its own room.
var floors = [][]string{
	{"cmd"},
	{"internal/demo"},
	{"internal/app"},
	{"internal/console", "internal/gateway", "internal/agent", "internal/sim", "internal/bench"},
	{"internal/loop"}, // the joint, not the stages
	{"internal/loop/learn"},
	{"internal/loop/verify"},
	{"internal/loop/repair"},
	{"internal/loop/diagnose/stage"},
	{"internal/loop/observe"},
	{"internal/casebook"},
	{"internal/loop/diagnose"},
	{"internal/casefile", "internal/incident", "internal/silence", "internal/fleet", "internal/access", "internal/knowledge"},
	{"internal/acquirer", "internal/bayes"},
	{"internal/platform"},
	{"packs", "schema", "web", "wire"},
	{"pack"},
	{"internal/kernel"},
}

// floorOf finds the floor and the room of a package: the longest name that fits.
func floorOf(pkg string) (floor int, room string) {
	floor = -1
	for i, rooms := range floors {
		for _, r := range rooms {
			if (pkg == r || strings.HasPrefix(pkg, r+"/")) && len(r) > len(room) {
				floor, room = i, r
			}
		}
	}
	return floor, room
}

// allowed are arrows that the floors alone would forbid or leave open, each with its reason.
var allowed = map[string]string{
	"internal/sim -> internal/agent":       "virtual terminals run the real agent",
	"internal/sim -> internal/gateway":     "the virtual host posts the feed's own records",
	"internal/bench -> internal/sim":       "measures are taken on a virtual fleet",
	"internal/bench -> internal/agent":     "the load speaks as agents do",
	"internal/bench -> internal/gateway":   "the load speaks to the doors",
	"internal/console -> internal/gateway": "the people's door hangs the feed door beside its own",
}

// pureRooms hold rules and do no I/O: no network, no files, no database.
var pureRooms = []string{"internal/bayes", "internal/loop/diagnose", "internal/casefile", "internal/incident", "internal/silence", "internal/kernel", "wire"}

var impure = []string{"net", "net/http", "os", "database/sql", "os/exec"}

type source struct {
	path string // slash-separated, from the root
	pkg  string // folder
	file *ast.File
	text string
}

// sources parses every Go file of the project.
func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	walk(t, func(path string) {
		if !strings.HasSuffix(path, ".go") {
			return
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, source{path: path, pkg: filepath.ToSlash(filepath.Dir(path)), file: f, text: string(text)})
	})
	return out
}

func walk(t *testing.T, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "dist" || d.Name() == ".git" || d.Name() == "bin" || d.Name() == "test-results") {
			return filepath.SkipDir
		}
		if !d.IsDir() {
			visit(filepath.ToSlash(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// suite reports whether the package only serves tests, such as fleettest.
func (s source) suite() bool {
	return strings.HasSuffix(s.pkg, "test") || strings.HasPrefix(s.pkg, "test/")
}

func (s source) imports() []string {
	var out []string
	for _, i := range s.file.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err == nil {
			out = append(out, path)
		}
	}
	return out
}

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test() || s.suite() || s.pkg == "." {
			continue
		}
		floor, room := floorOf(s.pkg)
		if floor < 0 {
			t.Errorf("%s: the package stands on no floor; add its room to floors and to docs/architecture.md", s.path)
			continue
		}
		for _, imp := range s.imports() {
			target, ours := strings.CutPrefix(imp, module)
			if !ours {
				continue
			}
			f, r := floorOf(target)
			switch {
			case r == room, f > floor:
			case allowed[room+" -> "+r] != "":
			default:
				t.Errorf("%s imports %s: %s may not know %s", s.path, target, room, r)
			}
		}
	}
}

func TestRulesDoNoIO(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test() || s.suite() || strings.HasSuffix(s.pkg, "sql") || strings.HasPrefix(s.pkg, "internal/loop/diagnose/stage") {
			continue
		}
		if !slices.ContainsFunc(pureRooms, func(r string) bool { return s.pkg == r || strings.HasPrefix(s.pkg, r+"/") }) {
			continue
		}
		for _, imp := range s.imports() {
			// The kernel's problem package names HTTP's status codes, which is no I/O.
			if slices.Contains(impure, imp) && !(imp == "net/http" && s.pkg == "internal/kernel/problem") {
				t.Errorf("%s imports %s: rules do no I/O", s.path, imp)
			}
		}
	}
}

// writes finds the tables that a text of SQL changes.
var writes = regexp.MustCompile(`(?i)\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+([a-z]+)_([a-z_]+)`)

func TestATableHasOneWriter(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test() || s.suite() {
			continue
		}
		for _, m := range writes.FindAllStringSubmatch(s.text, -1) {
			if !strings.Contains(m[0], strings.ToUpper(m[0][:6])) {
				continue // prose, not SQL
			}
			if owner := filepath.Base(s.pkg); owner != m[1] && owner != m[1]+"sql" {
				t.Errorf("%s writes table %s_%s, which belongs to %s", s.path, m[1], m[2], m[1])
			}
		}
	}
}

// banned are names that say nothing; what they would hold has a name of its own.
var banned = []string{"util", "utils", "common", "helper", "helpers", "manager", "service", "misc", "shared", "base", "core"}

func TestNamesSayWhatTheyHold(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if slices.Contains(banned, s.file.Name.Name) {
			t.Errorf("%s: a package called %s says nothing", s.path, s.file.Name.Name)
		}
		if lines := strings.Count(s.text, "\n"); lines > 600 && !strings.HasPrefix(filepath.Base(s.path), "zz_") {
			t.Errorf("%s has %d lines; split it where its parts differ (600 at most)", s.path, lines)
		}
	}
}

func TestEveryPackageHasADoorSign(t *testing.T) {
	t.Parallel()
	signs := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() || s.pkg == "." {
			continue
		}
		signs[s.pkg] = signs[s.pkg] || s.file.Doc != nil && len(s.file.Doc.Text()) > 20
	}
	for pkg, ok := range signs {
		if !ok {
			t.Errorf("%s: no comment says what the package is for", pkg)
		}
	}
}

func TestNothingRegistersItself(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: init() is not used; wire it in internal/app", s.path)
			}
		}
	}
}

func TestTestsDoNotSleep(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test() && s.pkg != "." && strings.Contains(s.text, "time.Sleep(") && !strings.Contains(s.text, `"testing/synctest"`) {
			t.Errorf("%s sleeps: wait for the thing itself, or use testing/synctest", s.path)
		}
	}
}

// link is a Markdown link to a place in the project: [text](../path/file.go#Symbol).
var link = regexp.MustCompile(`\]\(([^)#\s:]+)(?:#([A-Za-z0-9_.-]+))?\)`)

func TestDocumentsLinkToWhatExists(t *testing.T) {
	t.Parallel()
	walk(t, func(path string) {
		if !strings.HasSuffix(path, ".md") {
			return
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			return
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			target := filepath.Join(filepath.Dir(path), m[1])
			body, err := os.ReadFile(target)
			switch info, statErr := os.Stat(target); {
			case statErr != nil:
				t.Errorf("%s links to %s, which does not exist", path, m[1])
			case info.IsDir() || m[2] == "" || !strings.HasSuffix(target, ".go"):
			case err != nil:
				t.Error(err)
			case !defines(string(body), m[2]):
				t.Errorf("%s links to %s#%s, which is not defined there", path, m[1], m[2])
			}
		}
	})
}

// defines reports whether a Go file declares a symbol: F, or T.Method.
func defines(body, symbol string) bool {
	f, err := parser.ParseFile(token.NewFileSet(), "", body, parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	typ, method, isMethod := strings.Cut(symbol, ".")
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if !isMethod && d.Recv == nil && d.Name.Name == symbol {
				return true
			}
			if isMethod && d.Recv != nil && d.Name.Name == method && receiver(d) == typ {
				return true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if ts, ok := spec.(*ast.TypeSpec); ok && ts.Name.Name == symbol {
					return true
				}
			}
		}
	}
	return false
}

func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
