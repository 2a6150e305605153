package pack

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var updateSchema = flag.Bool("update-schema", false, "write schema.json anew")

func TestSchemaIsWhatTheShapesSay(t *testing.T) {
	t.Parallel()
	want, err := writeSchema()
	if err != nil {
		t.Fatal(err)
	}
	if *updateSchema {
		if err := os.WriteFile("schema.json", want, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(Schema())); diff != "" {
		t.Errorf("schema.json is not up to date; go test -run Schema -update-schema ./pack\n%s", diff)
	}
}

// TestSchemaAndCheckerAgree gives every file of the examples to both: a JSON Schema validator written by others, and
// our checker. What one refuses, the other refuses too.
func TestSchemaAndCheckerAgree(t *testing.T) {
	t.Parallel()
	schemas := compileSchema(t)
	format := newFormat()
	shapes := map[string]*shape{"pack": format.pack}
	for _, f := range format.folders() {
		shapes[f.name] = f.shape
	}
	accepted, refused := 0, 0
	for name, data := range examples(t) {
		root, problems := parseYAML(name, data)
		if root == nil || len(problems) > 0 {
			continue // not YAML that a pack may hold: nothing the schema could see
		}
		kind := strings.TrimSuffix(path.Dir(strings.SplitN(name, "|", 2)[0]), ".")
		if kind == "" {
			kind = "pack"
		}
		c := checker{file: name}
		c.check(root, shapes[kind], kind)
		err := schemas[kind].Validate(plainValue(root))
		if (err == nil) != (len(c.problems) == 0) {
			t.Errorf("%s: the schema says %v, the checker %v", name, err, c.problems)
		}
		if err == nil {
			accepted++
		} else {
			refused++
		}
	}
	if accepted < 10 || refused < 10 {
		t.Errorf("only %d files accepted and %d refused: the examples prove little", accepted, refused)
	}
}

func compileSchema(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	const id = "https://posmedic.org/schema/pack.json"
	if err := compiler.AddResource(id, document); err != nil {
		t.Fatal(err)
	}
	out := map[string]*jsonschema.Schema{}
	for _, kind := range []string{"pack", "findings", "faults", "steps", "codes", "messages", "phrases"} {
		if out[kind], err = compiler.Compile(id + "#/$defs/" + kind); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := compiler.Compile(id); err != nil {
		t.Fatal(err)
	}
	return out
}

// examples are the files of the good pack and the bad ones, as "folder/file.yaml|where it is from".
func examples(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := fs.WalkDir(os.DirFS("testdata/good"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[name], err = os.ReadFile(filepath.Join("testdata/good", name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	bad, _ := filepath.Glob("testdata/bad/*.txt")
	for _, name := range bad {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text, _, _ := strings.Cut(string(data), "\n-----\n")
		first, _, _ := strings.Cut(text, "\n")
		out[strings.TrimPrefix(first, "# ")+"|"+name] = []byte(text)
	}
	return out
}

// plainValue gives a tree as encoding/json would.
func plainValue(n *node) any {
	switch n.kind {
	case textNode:
		return n.text
	case numberNode:
		return n.number
	case boolNode:
		return n.truth
	case listNode:
		out := []any{}
		for _, item := range n.items {
			out = append(out, plainValue(item))
		}
		return out
	case mapNode:
		out := map[string]any{}
		for _, e := range n.entries {
			out[e.key] = plainValue(e.value)
		}
		return out
	default:
		return nil
	}
}
