package network

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// WriteBIF writes a valid network so that ReadBIF gives the same one, bit for bit: the shortest decimal that reads back
// as the same number. Gates are written as the tables they stand for. It refuses names with control characters and
// tables of more than MaxTable numbers; then part of the text may have been written.
func WriteBIF(w io.Writer, n *Network) error {
	if err := n.Validate(); err != nil {
		return err
	}
	b := &textWriter{Writer: bufio.NewWriter(w), n: n}
	if err := b.check(); err != nil {
		return err
	}
	b.text("network unknown {\n}\n")
	for v := range n.Variables {
		b.text("variable ", name(n.Variables[v].Name), " {\n  type discrete [ ", strconv.Itoa(n.States(v)), " ] { ")
		b.text(strings.Join(names(n.Variables[v].States), ", "), " };\n}\n")
	}
	for v := range n.Nodes {
		b.probability(v)
	}
	return b.Flush()
}

// textWriter leaves errors of writing to the last Flush, which reports the first.
type textWriter struct {
	*bufio.Writer
	n      *Network
	digits []byte
}

func (b *textWriter) text(parts ...string) {
	for _, p := range parts {
		_, _ = b.WriteString(p) // kept by the writer
	}
}

func (b *textWriter) check() error {
	for v := range b.n.Variables {
		for _, name := range append([]string{b.n.Variables[v].Name}, b.n.Variables[v].States...) {
			if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				return invalid("the name %q cannot be written as BIF", name)
			}
		}
		if _, ok := b.n.TableCells(v); !ok {
			return tooLarge(b.n, v)
		}
	}
	return nil
}

func tooLarge(n *Network, v int) error {
	return fmt.Errorf("%w: the table of %q would have more than %d numbers", ErrInvalid, n.Variables[v].Name, MaxTable)
}

func (b *textWriter) probability(v int) {
	parents, k := b.n.Nodes[v].Parents, b.n.States(v)
	b.text("probability ( ", name(b.n.Variables[v].Name))
	lists := make([][]string, len(parents))
	for i, p := range parents {
		b.text([]string{" | ", ", "}[min(i, 1)], name(b.n.Variables[p].Name))
		lists[i] = names(b.n.Variables[p].States)
	}
	b.text(" ) {\n")
	table, config := b.n.Tabulate(v), make([]int, len(parents))
	for at := 0; at < len(table); at += k {
		b.configuration(lists, config)
		b.values(table[at : at+k])
	}
	b.text("}\n")
}

// configuration writes the head of a row and moves on to the next, the last parent fastest.
func (b *textWriter) configuration(lists [][]string, config []int) {
	if len(config) == 0 {
		b.text("  table ")
		return
	}
	for i, s := range config {
		b.text([]string{"  (", ", "}[min(i, 1)], lists[i][s])
	}
	b.text(") ")
	for i := len(config) - 1; i >= 0; i-- {
		if config[i]++; config[i] < len(lists[i]) {
			return
		}
		config[i] = 0
	}
}

func (b *textWriter) values(row []float64) {
	for i, x := range row {
		if i > 0 {
			b.text(", ")
		}
		b.number(x)
	}
	b.text(";\n")
}

// number writes the shortest decimal that reads back as the same number.
func (b *textWriter) number(x float64) {
	b.digits = strconv.AppendFloat(b.digits[:0], x, 'g', -1, 64)
	_, _ = b.Write(b.digits) // kept by the writer
}

// name puts a name in quotes where it could be read as something else.
func name(s string) string {
	probe := source{text: []byte(s)}
	for probe.at < len(s) && probe.inWord() {
		probe.at++
	}
	if probe.at == len(s) && s != "" && !strings.Contains(s, "\\") && !strings.HasPrefix(s, "\ufeff") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func names(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = name(s)
	}
	return out
}
