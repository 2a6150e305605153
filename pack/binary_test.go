package pack

import (
	"reflect"
	"testing"
)

// FuzzReadBody skips the seal, which random bytes never pass.
func FuzzReadBody(f *testing.F) {
	w := bodyWriter{strings: map[string]uint64{}}
	sample := Pack{Ref: Ref{ID: "a"}, Variables: []Variable{{ID: "v", States: []StateWords{{ID: "s"}}, Leak: []float64{1}}},
		Faults: []Fault{{ID: "f", Shows: map[string]map[string]Number{"v": {"s": {Mean: 1}}}}}}
	if err := w.write(reflect.ValueOf(sample)); err != nil {
		f.Fatal(err)
	}
	f.Add(w.out)
	f.Add(w.out[:len(w.out)/2])
	f.Add([]byte{0, 1, 'x', 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, body []byte) {
		if p, err := readBody(body); (p == nil) == (err == nil) {
			t.Fatalf("pack %v, error %v", p, err)
		}
	})
}
