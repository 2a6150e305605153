package screens

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// codedScreen is a text of a coded case or of a vendor's page, with the class that a coder gave it.
type codedScreen struct{ vendor, text, class string }

// TestVendorMessages takes the messages of vendors' pages one by one, as if their vendor had never been heard of and no list
// had their words.
func TestVendorMessages(t *testing.T) {
	t.Parallel()
	p, known := messages(t)
	c := New(known)
	n, right, sure, sureRight := 0, 0, 0, 0
	for _, s := range codedScreens(t) {
		a, _ := c.classify(s.text, func(w Wording) bool {
			vendor := ""
			if w.Index >= 0 {
				vendor = p.Messages[w.Index].Vendor
			}
			same := key(w.Text) == key(s.text) || (vendor != "" && (strings.Contains(key(s.text), key(w.Text)) || strings.Contains(key(w.Text), key(s.text))))
			return same || (vendor != "" && vendor == s.vendor)
		})
		if n++; a.Class == s.class {
			right++
		}
		if a.Confidence >= Sure {
			if sure++; a.Class == s.class {
				sureRight++
			}
		}
	}
	t.Logf("%d messages: %.3f right; when sure (%d) %.3f", n, share(right, n), sure, share(sureRight, sure))
	if n == 0 || share(right, n) < 0.65 || share(sureRight, sure) < 0.75 {
		t.Errorf("fewer are right than 0.65 of all and 0.75 of the sure ones")
	}
}

func codedScreens(t *testing.T) []codedScreen {
	t.Helper()
	class := map[string]string{}
	eachLine(t, "dev_norm.jsonl", func(line []byte) error {
		var v struct {
			ID       string
			Evidence map[string]string
		}
		err := json.Unmarshal(line, &v)
		class[v.ID] = v.Evidence["screen_message"]
		return err
	})
	var out []codedScreen
	eachLine(t, "vendor_codes_dev.jsonl", func(line []byte) error {
		var v struct {
			Vendor, Message string
			From            string `json:"from_case"`
		}
		err := json.Unmarshal(line, &v)
		if got := class[v.From]; got != "" && got != Other && got != "response_code" {
			out = append(out, codedScreen{v.Vendor, v.Message, got})
		}
		return err
	})
	return out
}

// eachLine reads a file of the data that is kept beside the project and not in it.
func eachLine(t *testing.T, name string, read func([]byte) error) {
	t.Helper()
	root := os.Getenv("POSMEDIC_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(root, "data", "cases", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here: set POSMEDIC_SHARED to the folder that has data/cases", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		if err := read(in.Bytes()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
}
