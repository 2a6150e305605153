package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// mishaps puts files into a fresh folder.
func mishaps(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// lostSales is a case of 3 x 8 x 6 leaves in which all under carrier=k1 and model=m2 have lost four of five sales.
func lostSales() string {
	var b strings.Builder
	b.WriteString("real,predict,carrier,model,region\n")
	for leaf := range 3 * 8 * 6 {
		carrier, model, region := leaf%3, leaf/3%8, leaf/24
		sales := float64(20 + 7*leaf%61)
		real := sales * (1 + 0.01*float64(leaf%5-2))
		if carrier == 1 && model == 2 {
			real = sales / 5
		}
		fmt.Fprintf(&b, "%v,%v,k%d,m%d,r%d\n", real, sales, carrier, model, region)
	}
	return b.String()
}

func TestLocaliseComparesWithWhatIsKnown(t *testing.T) {
	t.Parallel()
	dir := mishaps(t, map[string]string{
		"easy/injection_info.csv": "set,timestamp\nmodel=m2&carrier=k1,100\nmodel=m1,not-here\n",
		"easy/100.csv":            lostSales(),
		"hard/injection_info.csv": "set,timestamp\ncarrier=k1&model=m2;region=r5,200\n",
		"hard/200.csv":            strings.ReplaceAll(lostSales(), "\n", "\r\n"),
	})
	var missed []string
	got, err := Localise(t.Context(), LocaliseConfig{Dir: dir, Missed: func(file string, _, _ []string) { missed = append(missed, filepath.Base(file)) }})
	if err != nil {
		t.Fatal(err)
	}
	if got.Cases != 2 || got.Precision != 1 || got.Recall != 2.0/3 || got.F1 != 0.8 || got.SecondsPerCase <= 0 {
		t.Errorf("got %+v", got.LocaliseScore)
	}
	if easy, hard := got.BySetting["easy"], got.BySetting["hard"]; easy.F1 != 1 || easy.Cases != 1 || hard.Recall != 0.5 {
		t.Errorf("by setting: %+v", got.BySetting)
	}
	if len(missed) != 1 || missed[0] != "200.csv" {
		t.Errorf("missed: %v", missed)
	}
}

func TestLocaliseSaysWhatItCannotRead(t *testing.T) {
	t.Parallel()
	const list = "set,timestamp\na=a1,1\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no list of cases":     {map[string]string{"x/1.csv": "real,predict,a\n"}, "there is no injection_info.csv"},
		"a list without sets":  {map[string]string{"injection_info.csv": "timestamp\n1\n"}, "injection_info.csv: line 1: its header names no set"},
		"a set of nothing":     {map[string]string{"injection_info.csv": "set,timestamp\na1,1\n"}, "injection_info.csv: line 2: it does not read like"},
		"a way out of it":      {map[string]string{"injection_info.csv": "set,timestamp\na=a1,../1\n"}, "injection_info.csv: line 2: it does not read like"},
		"no case with leaves":  {map[string]string{"injection_info.csv": list}, "there is no injection_info.csv"},
		"leaves in a folder":   {map[string]string{"injection_info.csv": list, "1.csv/x": ""}, "1.csv: cannot be read"},
		"another header":       {map[string]string{"injection_info.csv": list, "1.csv": "a,b\n"}, "1.csv: line 1: its header is not"},
		"a word for a number":  {map[string]string{"injection_info.csv": list, "1.csv": "real,predict,a\n1,2,a1\n1,x,a1\n"}, "1.csv: line 3: real and predict are not"},
		"a number below zero":  {map[string]string{"injection_info.csv": list, "1.csv": "real,predict,a\n-1,2,a1\n"}, "1.csv: line 2: real and predict are not"},
		"a value too few":      {map[string]string{"injection_info.csv": list, "1.csv": "real,predict,a,b\n1,2,a1\n"}, "1.csv: line 2: an attribute has no value"},
		"a value too many":     {map[string]string{"injection_info.csv": list, "1.csv": "real,predict,a\n1,2,a1,b1\n"}, "1.csv: line 2: has more values"},
		"a table of no leaves": {map[string]string{"injection_info.csv": list, "1.csv": "real,predict,a\n"}, "1.csv: line 1: holds no leaves"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Localise(t.Context(), LocaliseConfig{Dir: mishaps(t, c.files)})
			p := new(problem.Error)
			if !errors.As(err, &p) || p.Kind != problem.Invalid || !strings.Contains(p.Text.EN, c.want) || p.Text.ZH == "" {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestLocaliseOnThePublicSample measures the 27 public mass failures that this machine may have.
func TestLocaliseOnThePublicSample(t *testing.T) {
	t.Parallel()
	shared := os.Getenv("POSMEDIC_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	archive := filepath.Join(shared, "data", "localise", "squeeze-B0-sample.tgz")
	if _, err := os.Stat(archive); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the public mass failures are not on this machine (POSMEDIC_SHARED, data/localise/squeeze-B0-sample.tgz)")
	}
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "tar", "xzf", archive, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v: %s", err, out)
	}
	got, err := Localise(t.Context(), LocaliseConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if got.Cases != 27 || got.F1 < 0.96 || len(got.BySetting) != 9 {
		t.Errorf("got %+v", got)
	}
}
