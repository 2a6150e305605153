package stage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Difference is one place at which two answers differ, such as ranked[0].p; what is not there on one side is null.
type Difference struct {
	Path string `json:"path"`
	Then any    `json:"then"`
	Now  any    `json:"now"`
}

const (
	maxDifferences = 40
	rounding       = 1e-9 // relative; the order of additions changes the last digits of sixteen
)

// differ walks two answers side by side.
type differ struct {
	list []Difference
	real bool // there is one that is more than rounding
}

// differences gives the places where two JSON texts differ, at most maxDifferences, and whether any is more than rounding.
func differences(then, now []byte) ([]Difference, bool) {
	a, errA := decoded(then)
	b, errB := decoded(now)
	if errA != nil || errB != nil {
		return []Difference{{Path: "", Then: len(then), Now: len(now)}}, true
	}
	var d differ
	d.walk("", a, b)
	return d.list, d.real
}

func decoded(raw []byte) (any, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err
}

func (d *differ) walk(path string, a, b any) {
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			d.object(path, a, b)
			return
		}
	case []any:
		if b, ok := b.([]any); ok {
			d.array(path, a, b)
			return
		}
	case json.Number:
		if b, ok := b.(json.Number); ok {
			d.number(path, a, b)
			return
		}
	default:
		if a == b {
			return
		}
	}
	d.add(path, a, b, true)
}

func (d *differ) object(path string, a, b map[string]any) {
	keys := slices.Sorted(maps.Keys(a))
	for _, k := range slices.Sorted(maps.Keys(b)) {
		if _, both := a[k]; !both {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		at := k
		if path != "" {
			at = path + "." + k
		}
		d.walk(at, a[k], b[k])
	}
}

func (d *differ) array(path string, a, b []any) {
	for i := range max(len(a), len(b)) {
		var x, y any
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		d.walk(fmt.Sprintf("%s[%d]", path, i), x, y)
	}
}

func (d *differ) number(path string, a, b json.Number) {
	if a == b {
		return
	}
	x, errX := a.Float64()
	y, errY := b.Float64()
	near := errX == nil && errY == nil && math.Abs(x-y) <= rounding*max(math.Abs(x), math.Abs(y), 1e-3)
	d.add(path, a, b, !near)
}

func (d *differ) add(path string, a, b any, real bool) {
	d.real = d.real || real
	if len(d.list) < maxDifferences {
		d.list = append(d.list, Difference{path, a, b})
	}
}
