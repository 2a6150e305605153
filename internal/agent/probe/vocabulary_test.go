package probe_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// TestFindingsAreOfThePack reads the probes' source for the findings they make, so that none is made that no pack knows.
func TestFindingsAreOfThePack(t *testing.T) {
	t.Parallel()
	core, err := pack.Load(packs.Core())
	if err != nil {
		t.Fatal(err)
	}
	made := regexp.MustCompile(`with\("([a-z_]+)", (?:"([a-zA-Z_0-9]+)")?|Variable: "([a-z_]+)", State: "([a-z_]+)"`)
	states := regexp.MustCompile(`return "([a-z_0-9]+)"|level = "([a-z_0-9]+)"`)
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range made.FindAllStringSubmatch(string(text), -1) {
			variable, state := m[1]+m[3], m[2]+m[4]
			found++
			v, known := core.Variable(variable)
			if !known {
				t.Errorf("%s makes findings of %s, which the core pack does not have", path, variable)
				continue
			}
			if state != "" && v.Type == pack.State && !has(v, state) {
				t.Errorf("%s makes %s=%s, a state the core pack does not have", path, variable, state)
			}
		}
		for _, m := range states.FindAllStringSubmatch(string(text), -1) {
			if state := m[1] + m[2]; !slices.ContainsFunc(core.Variables, func(v pack.Variable) bool { return has(&v, state) }) {
				t.Errorf("%s makes state %s, which no variable has", path, state)
			}
		}
	}
	if found < 30 {
		t.Fatalf("only %d findings were recognised in the source", found)
	}
}

func has(v *pack.Variable, state string) bool {
	return slices.ContainsFunc(v.States, func(s pack.StateWords) bool { return s.ID == state })
}
