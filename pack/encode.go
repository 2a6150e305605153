package pack

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"reflect"

	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// The compiled form is one line and the deflated body (binary.go):
//
//	posmedic-pack 1 <layout> <seal>\n
//
// The layout is the hash of the types' layout, the seal the hash of the body, which begins with the Ref. A change of
// what the fields mean needs a new number in the header; a change of the fields shows by itself in the layout.
const compiledHeader = "posmedic-pack 1 "

// maxCompiledBytes bounds what Decode unpacks; the core pack has a fiftieth of it.
const maxCompiledBytes = 16 << 20

// Encode writes the compiled form. The same content gives the same bytes.
func Encode(p *Pack) ([]byte, error) {
	w := bodyWriter{strings: map[string]uint64{}}
	if err := w.write(reflect.ValueOf(*p)); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString(compiledHeader + layoutSeal() + " " + hashOf(w.out) + "\n")
	z, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("compile pack: %w", err)
	}
	if _, err := z.Write(w.out); err != nil {
		return nil, fmt.Errorf("compile pack: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compile pack: %w", err)
	}
	return out.Bytes(), nil
}

// Decode reads the compiled form and proves that it is whole by its seal. It bears any bytes. Its error is a problem
// of kind invalid.
func Decode(data []byte) (*Pack, error) {
	line, rest, found := bytes.Cut(data, []byte("\n"))
	words := bytes.Fields(bytes.TrimPrefix(line, []byte(compiledHeader)))
	if !found || !bytes.HasPrefix(line, []byte(compiledHeader)) || len(words) != 2 {
		return nil, notCompiled("pack.not_compiled", nil)
	}
	if string(words[0]) != layoutSeal() {
		return nil, notCompiled("pack.other_layout", nil)
	}
	body, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(rest)), maxCompiledBytes+1))
	if err != nil || len(body) > maxCompiledBytes {
		return nil, notCompiled("pack.damaged", err)
	}
	if hashOf(body) != string(words[1]) {
		return nil, notCompiled("pack.damaged", fmt.Errorf("the body does not match its seal %s", words[1]))
	}
	p, err := readBody(body)
	if err != nil {
		return nil, notCompiled("pack.damaged", err)
	}
	return p, nil
}

func readBody(body []byte) (*Pack, error) {
	p := &Pack{}
	r := bodyReader{in: body}
	if err := r.read(reflect.ValueOf(p).Elem()); err != nil {
		return nil, err
	}
	if len(r.in) > 0 {
		return nil, fmt.Errorf("%d bytes too many", len(r.in))
	}
	if err := consistent(p); err != nil {
		return nil, err
	}
	p.index()
	return p, nil
}

func notCompiled(code string, cause error) error {
	return problem.New(problem.Invalid, code, Text{ZH: "不是完好的已编译知识包", EN: "this is not an intact compiled knowledge pack"}).
		WithHint(Text{ZH: "请用 posmedic pack 重新编译", EN: "compile it again with posmedic pack"}).Because(cause)
}

// layoutSeal is the first half of the hash of the layout.
func layoutSeal() string { return hashOf([]byte(layoutOf(reflect.TypeFor[Pack]())))[:32] }

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// contentHash is what Ref.Hash says: the sha256 of the content as canonical JSON, that is what encoding/json writes
// of a Pack without its hash: fixed field order, sorted map keys, shortest numbers, HTML characters as they are.
func contentHash(p *Pack) (string, error) {
	plain := *p
	plain.Ref.Hash = ""
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(&plain); err != nil {
		return "", fmt.Errorf("write pack %s as JSON: %w", p.Ref.ID, err)
	}
	return hashOf(b.Bytes()), nil
}

// Verify says whether the content of a pack is what its reference says.
func Verify(p *Pack) bool {
	hash, err := contentHash(p)
	return err == nil && hash == p.Ref.Hash
}

// consistent checks what the users of a pack rely on when they index into it. A seal proves that nothing was lost on
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
