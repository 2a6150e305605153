package diagnose_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
)

var update = flag.Bool("update", false, "write the files that hold answers and explanations anew; answers only with a raised diagnose.Revision")

// answers is what the file testdata/revision.json holds: the answers of one revision of the engine.
type answers struct {
	Revision int                        `json:"revision"`
	Answers  map[string]json.RawMessage `json:"answers"`
}

func answersNow(t *testing.T) answers {
	t.Helper()
	e := diagnose.New(cornerShop(), diagnose.Policy{})
	out := answers{Revision: diagnose.Revision, Answers: map[string]json.RawMessage{}}
	for name, in := range moreSituations() {
		raw, err := json.Marshal(e.Diagnose(in))
		if err != nil {
			t.Fatal(err)
		}
		out.Answers[name] = raw
	}
	return out
}

// TestTheRevisionIsRaisedWhenAnswersChange fails when the engine answers otherwise than the file says under the same
// revision: stored cases would then not replay, and nobody could say why. Raise diagnose.Revision and run the tests of this package
// with -update.
func TestTheRevisionIsRaisedWhenAnswersChange(t *testing.T) {
	t.Parallel()
	file := filepath.Join("testdata", "revision.json")
	now := answersNow(t)
	var held answers
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, &held)
	}
	if err != nil && !*update {
		t.Fatal(err)
	}
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(now.Answers)) {
		if !bytes.Equal(compact(t, held.Answers[name]), now.Answers[name]) {
			changed = append(changed, name)
		}
	}
	switch {
	case len(changed) == 0 && held.Revision == now.Revision:
		return
	case len(changed) > 0 && held.Revision == now.Revision:
		t.Fatalf("the answers to %q have changed: raise diagnose.Revision above %d, then run this package's tests with -update", changed, held.Revision)
	case held.Revision > now.Revision:
		t.Fatalf("diagnose.Revision is %d and was %d: it only grows", now.Revision, held.Revision)
	case !*update:
		t.Fatalf("the revision is %d, %s is of %d: run this package's tests with -update", now.Revision, file, held.Revision)
	}
	raw, err = json.MarshalIndent(now, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func compact(t *testing.T, raw json.RawMessage) []byte {
	t.Helper()
	var b bytes.Buffer
	if len(raw) > 0 {
		if err := json.Compact(&b, raw); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// TestABasisKeepsEverything fills every field there is, so that a new one that is not written is noticed.
func TestABasisKeepsEverything(t *testing.T) {
	t.Parallel()
	var in diagnose.Input
	var policy diagnose.Policy
	fill(t, reflect.ValueOf(&in).Elem())
	fill(t, reflect.ValueOf(&policy).Elem())
	e := diagnose.New(cornerShop(), policy)
	raw, b, err := e.Write(in)
	if err != nil {
		t.Fatal(err)
	}
	want := diagnose.Basis{Engine: diagnose.Revision, Pack: cornerShop().Ref, Policy: policy, Input: in}
	if !reflect.DeepEqual(b, want) {
		t.Errorf("lost on the way: %+v\nbecame %+v\nas %s", want, b, raw)
	}
	if !e.Answers(b) || diagnose.New(cornerShop(), diagnose.Policy{}).Answers(b) {
		t.Error("an engine does not know its own basis from another's")
	}
	other := cornerShop()
	other.Ref.Hash = "0"
	if _, err := b.Runs(other); err == nil {
		t.Error("it runs on another pack")
	}
	if _, err := diagnose.ReadBasis([]byte(`{"input":`)); err == nil {
		t.Error("half a basis is read")
	}
}

// fill sets every field to something that is not its zero value.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 2, 3, 4, 5, 6, 789, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i))
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key)
		fill(t, value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(0.1 + 0.2) // needs all its digits
	default:
		t.Fatalf("a basis holds a %s: say how it is written", v.Type())
	}
}

func TestAStoredBasisGivesTheSameAnswer(t *testing.T) {
	t.Parallel()
	e := diagnose.New(cornerShop(), diagnose.Policy{Act: 0.7})
	for name, in := range moreSituations() {
		in.Findings = append(in.Findings, finding.Finding{Variable: "response_code", State: "\xff<97>", At: time.Now(), Source: finding.Merchant})
		raw, b, err := e.Write(in)
		if err != nil {
			t.Fatal(err)
		}
		first, err := json.Marshal(e.Diagnose(b.Input))
		if err != nil {
			t.Fatal(err)
		}
		again, err := diagnose.ReadBasis(raw)
		if err != nil {
			t.Fatal(err)
		}
		other, err := again.Runs(cornerShop())
		if err != nil {
			t.Fatal(err)
		}
		second, err := json.Marshal(other.Diagnose(again.Input))
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s (%v):\n%s\n%s", name, err, first, second)
		}
	}
}
