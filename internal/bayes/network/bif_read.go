package network

import (
	"fmt"
	"io"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// ReadBIF reads a network in the Bayesian Interchange Format, as the public repositories and the tools write it:
//
//   - names in quotes or without, of any characters but blanks and the format's own marks;
//   - tables of nodes with parents as rows, (yes, no) 0.1, 0.9;, in any order, with a default for those that are missing,
//     or as one table, in which the child's state changes slowest and the last parent's fastest;
//   - commas and the bar may be left out; comments and properties are passed over; blocks come in any order.
//
// Rows may be off from one by 1e-3 and stay as they are; Normalise mends them. The error is a *FormatError unless
// reading itself failed. Memory stays in proportion to the text, except that default rows may fill up to MaxTable
// numbers in all.
func ReadBIF(r io.Reader) (*Network, error) {
	s, err := newSource(r)
	if err != nil {
		return nil, err
	}
	b := &bifReader{source: s, index: map[string]int{}}
	if err := b.blocks(); err != nil {
		return nil, err
	}
	return b.network()
}

// bifReader collects the blocks of a text; probabilities are understood when all variables are known.
type bifReader struct {
	*source
	variables     []bifVariable
	index         map[string]int // of a variable, by name
	probabilities []bifProbability
}

type bifVariable struct {
	Variable
	at    int
	state map[string]int
}

// bifProbability is one probability block as it was written.
type bifProbability struct {
	at             int
	scope          []token // the child, then its parents
	table, missing *bifRow // missing is the default
	rows           []bifRow
}

type bifRow struct {
	at     int
	states []token
	values []float64
}

func (b *bifReader) blocks() error {
	for {
		t, err := b.next()
		if err != nil {
			return err
		}
		switch {
		case t.kind == end:
			return nil
		case t.is("network"):
			err = b.header()
		case t.is("variable"):
			err = b.variable()
		case t.is("probability"):
			err = b.probability(t.at)
		case t.is("property"):
			err = b.property(t.at)
		case t.is(";"):
		default:
			err = b.unexpected(t, "network, variable, probability")
		}
		if err != nil {
			return err
		}
	}
}

func (b *bifReader) unexpected(t token, wanted string) error {
	shown := t.shown()
	return b.wrong(t.at, lang.Text{ZH: "这里应是 " + wanted + "，而不是" + shown.ZH, EN: wanted + " expected here, not " + shown.EN})
}

func (b *bifReader) expect(text string) error {
	t, err := b.next()
	if err == nil && !t.is(text) {
		err = b.unexpected(t, text)
	}
	return err
}

func (b *bifReader) name() (token, error) {
	t, err := b.next()
	if err == nil && (t.kind == end || t.kind == mark || t.text == "") {
		shown := t.shown()
		err = b.wrong(t.at, lang.Text{ZH: "这里应是名称，而不是" + shown.ZH, EN: "a name is expected here, not " + shown.EN})
	}
	return t, err
}

// until gives the words up to a mark.
func (b *bifReader) until(closing string, take func(token) error) error {
	for {
		t, err := b.next()
		if err != nil {
			return err
		}
		if t.is(closing) {
			return nil
		}
		if t.kind == end || t.kind == mark {
			return b.unexpected(t, closing)
		}
		if err := take(t); err != nil {
			return err
		}
	}
}

// header passes over the network block: its name and properties mean nothing for inference.
func (b *bifReader) header() error {
	if err := b.until("{", func(token) error { return nil }); err != nil {
		return err
	}
	return b.body(func(t token) error { return b.unexpected(t, "property, }") })
}

// body reads what stands in a block up to its closing brace.
func (b *bifReader) body(entry func(token) error) error {
	for {
		t, err := b.next()
		switch {
		case err != nil:
			return err
		case t.is("}"):
			return nil
		case t.is(";"):
			continue
		case t.is("property"):
			err = b.property(t.at)
		default:
			err = entry(t)
		}
		if err != nil {
			return err
		}
	}
}

func (b *bifReader) variable() error {
	name, err := b.name()
	if err != nil {
		return err
	}
	shown := name.shown()
	if _, taken := b.index[name.text]; taken {
		return b.wrong(name.at, lang.Text{ZH: "变量" + shown.ZH + "重复", EN: "there is a variable " + shown.EN + " already"})
	}
	if err := b.expect("{"); err != nil {
		return err
	}
	v := bifVariable{Variable: Variable{Name: name.text}, at: name.at, state: map[string]int{}}
	err = b.body(func(t token) error {
		if !t.is("type") || v.States != nil {
			return b.unexpected(t, "type, property, }")
		}
		return b.states(&v)
	})
	if err != nil {
		return err
	}
	if v.States == nil {
		return b.wrong(name.at, lang.Text{ZH: "变量" + shown.ZH + "没有 type", EN: "the variable " + shown.EN + " has no type"})
	}
	b.index[name.text] = len(b.variables)
	b.variables = append(b.variables, v)
	return nil
}

// states reads: discrete [ 2 ] { yes, no };
func (b *bifReader) states(v *bifVariable) error {
	for _, text := range []string{"discrete", "["} {
		if err := b.expect(text); err != nil {
			return err
		}
	}
	count, err := b.next()
	if err != nil {
		return err
	}
	for _, text := range []string{"]", "{"} {
		if err := b.expect(text); err != nil {
			return err
		}
	}
	err = b.until("}", func(t token) error {
		if _, taken := v.state[t.text]; taken || t.text == "" {
			return b.wrong(t.at, lang.Text{ZH: "状态" + t.shown().ZH + "重复或为空", EN: "the state " + t.shown().EN + " is empty or there already"})
		}
		v.state[t.text] = len(v.States)
		v.States = append(v.States, t.text)
		return nil
	})
	if err != nil {
		return err
	}
	if n := len(v.States); n == 0 || n > MaxStates || fmt.Sprint(n) != count.text {
		return b.wrong(count.at, lang.Text{
			ZH: fmt.Sprintf("声明了%s个状态，实际有%d个（最多%d个）", count.shown().ZH, n, MaxStates),
			EN: fmt.Sprintf("%s states are announced and %d are there (%d at most)", count.shown().EN, n, MaxStates),
		})
	}
	return nil
}

func (b *bifReader) probability(at int) error {
	p := bifProbability{at: at}
	if err := b.expect("("); err != nil {
		return err
	}
	child, err := b.name()
	if err != nil {
		return err
	}
	p.scope = append(p.scope, child)
	next := *b.source // the bar is optional
	if t, err := b.next(); err != nil || !t.is("|") {
		*b.source = next
	}
	if err := b.until(")", func(t token) error { p.scope = append(p.scope, t); return nil }); err != nil {
		return err
	}
	if err := b.expect("{"); err != nil {
		return err
	}
	if err := b.body(func(t token) error { return b.entry(&p, t) }); err != nil {
		return err
	}
	b.probabilities = append(b.probabilities, p)
	return nil
}

// entry reads one line of a probability block.
func (b *bifReader) entry(p *bifProbability, t token) error {
	row := bifRow{at: t.at}
	if t.is("(") {
		if err := b.until(")", func(t token) error { row.states = append(row.states, t); return nil }); err != nil {
			return err
		}
	}
	values := func(t token) error {
		x, err := b.decimal(t)
		row.values = append(row.values, x)
		return err
	}
	if !t.is("(") && !(t.is("table") && p.table == nil) && !(t.is("default") && p.missing == nil) {
		return b.unexpected(t, "(, table, default, property, }")
	}
	if err := b.until(";", values); err != nil {
		return err
	}
	switch {
	case t.is("table"):
		p.table = &row
	case t.is("default"):
		p.missing = &row
	default:
		p.rows = append(p.rows, row)
	}
	return nil
}
