package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
)

// The body of the compiled form: the fields of Pack in their order, written by reflection. Lengths are varints (0 for
// nil, else the length plus one), strings stand once and are then named by number, map keys are sorted. It is read
// about ten times as fast as JSON, which matters because it is read at every start. The layout is that of the types,
// so layoutOf goes into the header: a program with other types refuses the file instead of misreading it.

// layoutOf writes down everything about a type that the body depends on.
func layoutOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "[]" + layoutOf(t.Elem())
	case reflect.Map:
		return "{" + layoutOf(t.Elem()) + "}"
	case reflect.Struct:
		out := "("
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() {
				out += f.Name + " " + layoutOf(f.Type) + ";"
			}
		}
		return out + ")"
	default:
		return t.Kind().String()
	}
}

type bodyWriter struct {
	out     []byte
	strings map[string]uint64
}

func (w *bodyWriter) write(v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		w.text(v.String())
	case reflect.Float64:
		w.out = binary.LittleEndian.AppendUint64(w.out, math.Float64bits(v.Float()))
	case reflect.Bool:
		b := byte(0)
		if v.Bool() {
			b = 1
		}
		w.out = append(w.out, b)
	case reflect.Slice:
		return w.slice(v)
	case reflect.Map:
		return w.dict(v)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				if err := w.write(v.Field(i)); err != nil {
					return err
				}
			}
		}
	default:
		return fmt.Errorf("compile pack: no form for %s", v.Type())
	}
	return nil
}

// text writes a string's number, and the string itself where it stands for the first time.
func (w *bodyWriter) text(s string) {
	n, known := w.strings[s]
	if !known {
		n = uint64(len(w.strings))
		w.strings[s] = n
	}
	w.out = binary.AppendUvarint(w.out, n)
	if !known {
		w.out = binary.AppendUvarint(w.out, uint64(len(s)))
		w.out = append(w.out, s...)
	}
}

func (w *bodyWriter) slice(v reflect.Value) error {
	if v.IsNil() {
		w.out = append(w.out, 0)
		return nil
	}
	w.out = binary.AppendUvarint(w.out, uint64(v.Len())+1)
	for i := range v.Len() {
		if err := w.write(v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (w *bodyWriter) dict(v reflect.Value) error {
	if v.IsNil() {
		w.out = append(w.out, 0)
		return nil
	}
	keys := make([]string, 0, v.Len())
	for _, k := range v.MapKeys() {
		keys = append(keys, k.String())
	}
	slices.Sort(keys)
	w.out = binary.AppendUvarint(w.out, uint64(len(keys))+1)
	for _, k := range keys {
		w.text(k)
		if err := w.write(v.MapIndex(reflect.ValueOf(k))); err != nil {
			return err
		}
	}
	return nil
}

var errCutOff = errors.New("the body ends too early")

type bodyReader struct {
	in      []byte
	strings []string
}

func (r *bodyReader) read(v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		s, err := r.text()
		v.SetString(s)
		return err
	case reflect.Float64:
		if len(r.in) < 8 {
			return errCutOff
		}
		v.SetFloat(math.Float64frombits(binary.LittleEndian.Uint64(r.in)))
		r.in = r.in[8:]
	case reflect.Bool:
		if len(r.in) < 1 {
			return errCutOff
		}
		v.SetBool(r.in[0] == 1)
		r.in = r.in[1:]
	case reflect.Slice:
		return r.slice(v)
	case reflect.Map:
		return r.dict(v)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				if err := r.read(v.Field(i)); err != nil {
					return err
				}
			}
		}
	default:
		return fmt.Errorf("no form for %s", v.Type())
	}
	return nil
}

// length reads a length and whether it is that of nil. Everything takes at least one byte, so a length beyond the
// rest of the body is a lie and is never allocated.
func (r *bodyReader) length() (n int, isNil bool, err error) {
	u, size := binary.Uvarint(r.in)
	if size <= 0 || u > uint64(len(r.in)) {
		return 0, false, errCutOff
	}
	r.in = r.in[size:]
	if u == 0 {
		return 0, true, nil
	}
	return int(u - 1), false, nil
}

func (r *bodyReader) text() (string, error) {
	n, size := binary.Uvarint(r.in)
	if size <= 0 || n > uint64(len(r.strings)) {
		return "", errCutOff
	}
	r.in = r.in[size:]
	if n < uint64(len(r.strings)) {
		return r.strings[n], nil
	}
	length, size := binary.Uvarint(r.in)
	if size <= 0 || length > uint64(len(r.in)-size) {
		return "", errCutOff
	}
	s := string(r.in[size : size+int(length)])
	r.in = r.in[size+int(length):]
	r.strings = append(r.strings, s)
	return s, nil
}

func (r *bodyReader) slice(v reflect.Value) error {
	n, isNil, err := r.length()
	if err != nil || isNil {
		return err
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		if err := r.read(v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (r *bodyReader) dict(v reflect.Value) error {
	n, isNil, err := r.length()
	if err != nil || isNil {
		return err
	}
	out := reflect.MakeMapWithSize(v.Type(), min(n, 1024))
	value := reflect.New(v.Type().Elem()).Elem()
	for range n {
		key, err := r.text()
		if err != nil {
			return err
		}
		value.SetZero()
		if err := r.read(value); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(key), value)
	}
	v.Set(out)
	return nil
}
