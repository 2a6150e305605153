package pack_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/posmedic/posmedic/pack"
)

var update = flag.Bool("update", false, "write what Load says into testdata/bad")

// good is the small pack as files in memory, free to change.
func good(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("testdata/good"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join("testdata/good", name))
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func load(t testing.TB, files fs.FS) *pack.Pack {
	t.Helper()
	p, err := pack.Load(files)
	if err != nil {
		t.Fatalf("the pack has mistakes:\n%v", err)
	}
	return p
}

func TestLoad(t *testing.T) {
	t.Parallel()
	p := load(t, good(t))

	t.Run("numbers take the defaults of their file and may say otherwise", func(t *testing.T) {
		t.Parallel()
		dns, _ := p.Fault("net_dns")
		want := map[string]pack.Number{
			"comm_error": {Mean: 0.7, Experience: 20, Source: "authors"},
			"none":       {Mean: 0.2, Experience: 10, Source: "authors"},
		}
		if diff := cmp.Diff(want, dns.Shows["screen_message"]); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a leak that is left out is .85 normal and the rest even", func(t *testing.T) {
		t.Parallel()
		v, _ := p.Variable("main_symptom")
		want := []float64{0.85, 0.0375, 0.0375, 0.0375, 0.0375}
		if diff := cmp.Diff(want, v.Leak, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Error(diff)
		}
		link, _ := p.Variable("link_type")
		if diff := cmp.Diff([]float64{1. / 3, 1. / 3, 1. / 3}, link.Leak, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a cure becomes a step with the derived cost", func(t *testing.T) {
		t.Parallel()
		s, ok := p.Step("cure.net_dns")
		if !ok {
			t.Fatal("cure.net_dns is missing")
		}
		want := pack.Step{ID: "cure.net_dns", Kind: pack.Repair, By: "merchant",
			Name: pack.Text{ZH: "处理：域名解析故障", EN: "put right: name lookup fails"},
			Do:   []pack.Text{{ZH: "重启路由器。", EN: "Restart the router."}}, Cost: pack.Cost{MerchantMin: 10, DowntimeMin: 10},
			Fixes: map[string]pack.Number{"net_dns": {Mean: 0.85, Experience: 5, Source: "derived"}}}
		if diff := cmp.Diff(want, *s); diff != "" {
			t.Error(diff)
		}
		own, _ := p.Step("cure.pow_adapter")
		if own.Cost != (pack.Cost{MerchantMin: 15, DowntimeMin: 60, Money: 40}) {
			t.Errorf("the cost given was not kept: %+v", own.Cost)
		}
	})
	t.Run("every party that may repair something has a hand-over", func(t *testing.T) {
		t.Parallel()
		var got []string
		for _, s := range p.Steps {
			if s.Kind == pack.Handover {
				got = append(got, fmt.Sprintf("%s %d", s.ID, len(s.Fixes)))
			}
		}
		want := []string{"handover.depot 1", "handover.field_engineer 1", "handover.merchant 3"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		visit, _ := p.Step("handover.field_engineer")
		if visit.Cost.Truck != 1 || visit.Cluster != "on_site" || visit.Fixes["pow_adapter"].Mean != 0.9 {
			t.Errorf("a visit: %+v", visit)
		}
	})
	t.Run("look-ups of what is not there say so", func(t *testing.T) {
		t.Parallel()
		_, v := p.Variable("x")
		_, f := p.Fault("x")
		_, s := p.Step("x")
		if v || f || s {
			t.Error("found something called x")
		}
	})
}

func TestLoadHashesTheContentAndNotTheFiles(t *testing.T) {
	t.Parallel()
	first := load(t, good(t)).Ref

	moved := good(t)
	lines := strings.SplitAfter(string(moved["phrases/all.yaml"].Data), "\n")
	moved["phrases/a_later.yaml"] = &fstest.MapFile{Data: []byte("phrases:\n" + lines[2])}
	moved["phrases/b_first.yaml"] = &fstest.MapFile{Data: []byte("# comment\nphrases:\n" + lines[1])}
	delete(moved, "phrases/all.yaml")
	moved["faults/zz.yaml"], moved["faults/all.yaml"] = moved["faults/all.yaml"], &fstest.MapFile{Data: []byte(
		"contexts: [{id: a_busy, when: {link_type: [wifi]}, multiply: {net_dns: {mean: 1, experience: 1, source: authors}}}]\n")}
	before := load(t, moved).Ref
	moved["faults/x.yaml"] = moved["faults/all.yaml"]
	delete(moved, "faults/all.yaml")
	if after := load(t, moved).Ref; after != before {
		t.Errorf("moving content between files changed the reference: %v, %v", before, after)
	}
	if before.Hash == first.Hash {
		t.Error("another context left the hash as it was")
	}
	if len(first.Hash) != 64 || first.ID != "small" || first.Version != "2026.11.1" {
		t.Errorf("reference %+v", first)
	}
}

// TestLoadNamesEveryMistake reads testdata/bad: the first line of each file says which file of the good pack it
// replaces, then comes its YAML, then what Load must say.
func TestLoadNamesEveryMistake(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/bad/*.txt")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d examples, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			goldenMistake(t, name)
		})
	}
}

func goldenMistake(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text, want, _ := strings.Cut(string(data), "\n-----\n")
	first, _, _ := strings.Cut(text, "\n")
	target, ok := strings.CutPrefix(first, "# ")
	if !ok {
		t.Fatal("the first line must be `# file`")
	}
	files := good(t)
	files[target] = &fstest.MapFile{Data: []byte(text + "\n")}
	p, err := pack.Load(files)
	var problems pack.Problems
	if p != nil || !errors.As(err, &problems) {
		t.Fatalf("the mistake was not found: %v", err)
	}
	if *update {
		if err := os.WriteFile(name, []byte(text+"\n-----\n"+problems.Error()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.TrimSpace(want), problems.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestLoadRefusesWhatItWillNotRead(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("# filler of a very long comment\n", 1<<17+1)
	tests := map[string]struct {
		file, data, want string
	}{
		"a file that is too large":          {"faults/huge.yaml", huge, "faults/huge.yaml:0:0: is larger than 4 MiB"},
		"brackets in brackets":              {"faults/deep.yaml", strings.Repeat("[", 100000), "faults/deep.yaml:1:25: is nested too deep"},
		"lists in lists on one line":        {"faults/deep.yaml", strings.Repeat("- ", 100000), "faults/deep.yaml:1:49: is nested too deep"},
		"a mapping of endless keys":         {"faults/keys.yaml", strings.Repeat("key: x\n", 100000), "faults/keys.yaml:2001:4: is one key too many: a mapping has at most 2000"},
		"a bomb of aliases":                 {"faults/bomb.yaml", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "faults/bomb.yaml:1:4: uses a YAML feature that packs do not allow (anchor)"},
		"something else than UTF-8":         {"faults/latin1.yaml", "faults: \xff\n", "faults/latin1.yaml:1:1: is not UTF-8 text"},
		"an empty file":                     {"faults/empty.yaml", "", "faults/empty.yaml:1:1: is empty"},
		"two documents":                     {"phrases/two.yaml", "phrases: [{lang: zh, words: [a], variable: link_type, state: wifi}]\n---\na: 1\n", "phrases/two.yaml:"},
		"a file of knowledge outside":       {"faults.yaml", "faults: []\n", "faults.yaml:0:0: is not read here: only pack.yaml and the folders are"},
		"the other spelling of the ending":  {"faults/a.yml", "faults: []\n", "faults/a.yml:0:0: must be named .yaml"},
		"a manifest that says nothing true": {"pack.yaml", "12\n", "pack.yaml:1:1: pack.yaml must be a mapping"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := good(t)
			files[tt.file] = &fstest.MapFile{Data: []byte(tt.data)}
			_, err := pack.Load(files)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load said %.300v; want %q", err, tt.want)
			}
		})
	}
	t.Run("more than 200 files", func(t *testing.T) {
		t.Parallel()
		files := good(t)
		for i := range 200 {
			files[fmt.Sprintf("steps/%03d.yaml", i)] = &fstest.MapFile{Data: []byte("defaults: {}\nsteps: []\n")}
		}
		if _, err := pack.Load(files); err == nil || strings.Count(err.Error(), "is one file too many") != 1 {
			t.Errorf("Load said %.300v", err)
		}
	})
	t.Run("a folder without a manifest", func(t *testing.T) {
		t.Parallel()
		if _, err := pack.Load(fstest.MapFS{}); err == nil || err.Error() != "pack.yaml:0:0: is missing" {
			t.Errorf("Load said %v", err)
		}
	})
}
