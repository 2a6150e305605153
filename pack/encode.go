package pack

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// The compiled form is one line, then the content as deflated canonical JSON:
//
//	posmedic-pack 1 <sha256 of the JSON, hex>\n
//
// Canonical JSON is what encoding/json writes of a Pack without its hash: fixed field order, sorted map keys, shortest
// numbers, HTML characters as they are. A change of the types that changes it needs a new version number here.
const compiledHeader = "posmedic-pack 1 "

// maxCompiledBytes bounds what Decode unpacks; the core pack has about one.
const maxCompiledBytes = 64 << 20

// Encode writes the compiled form.
func Encode(p *Pack) ([]byte, error) {
	content, err := canonical(p)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString(compiledHeader + hashOf(content) + "\n")
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("compile pack: %w", err)
	}
	if _, err := w.Write(content); err != nil {
		return nil, fmt.Errorf("compile pack: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compile pack: %w", err)
	}
	return out.Bytes(), nil
}

// Decode reads the compiled form and proves that it is whole: the hash in its first line is that of its content.
// It bears any bytes. Its error is a problem of kind invalid.
func Decode(data []byte) (*Pack, error) {
	line, rest, found := bytes.Cut(data, []byte("\n"))
	if !found || !bytes.HasPrefix(line, []byte(compiledHeader)) {
		return nil, notCompiled("pack.not_compiled", nil)
	}
	content, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(rest)), maxCompiledBytes+1))
	if err != nil || len(content) > maxCompiledBytes {
		return nil, notCompiled("pack.damaged", err)
	}
	hash := string(line[len(compiledHeader):])
	if hashOf(content) != hash {
		return nil, notCompiled("pack.damaged", fmt.Errorf("content does not match hash %s", hash))
	}
	p := &Pack{}
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, notCompiled("pack.damaged", err)
	}
	if err := consistent(p); err != nil {
		return nil, notCompiled("pack.damaged", err)
	}
	p.Ref.Hash = hash
	p.index()
	return p, nil
}

func notCompiled(code string, cause error) error {
	return problem.New(problem.Invalid, code, Text{ZH: "不是完好的已编译知识包", EN: "this is not an intact compiled knowledge pack"}).
		WithHint(Text{ZH: "请用 posmedic pack 重新编译", EN: "compile it again with posmedic pack"}).Because(cause)
}

func canonical(p *Pack) ([]byte, error) {
	plain := *p
	plain.Ref.Hash = ""
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(&plain); err != nil {
		return nil, fmt.Errorf("write pack %s as JSON: %w", p.Ref.ID, err)
	}
	return b.Bytes(), nil
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func contentHash(p *Pack) (string, error) {
	content, err := canonical(p)
	if err != nil {
		return "", err
	}
	return hashOf(content), nil
}

// consistent checks what the users of a pack rely on when they index into it. A hash proves that nothing was lost on
// the way, not that the writer was ours.
func consistent(p *Pack) error {
	states := make(map[string]int, len(p.Variables))
	for _, v := range p.Variables {
		if len(v.Leak) != len(v.States) {
			return fmt.Errorf("variable %s has %d states and %d leaks", v.ID, len(v.States), len(v.Leak))
		}
		states[v.ID] = len(v.States)
	}
	faults := make(map[string]bool, len(p.Faults))
	for _, f := range p.Faults {
		faults[f.ID] = true
		for v := range f.Shows {
			if states[v] == 0 {
				return fmt.Errorf("fault %s shows the unknown variable %s", f.ID, v)
			}
		}
	}
	for _, s := range p.Steps {
		for f := range s.Fixes {
			if !faults[f] {
				return fmt.Errorf("step %s fixes the unknown fault %s", s.ID, f)
			}
		}
	}
	return nil
}
