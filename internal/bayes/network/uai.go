package network

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// ReadUAI reads a Bayesian network in the format of the UAI inference competitions (BAYES). The last variable of each
// function is the child, as the format asks. The format has no names: variable 3 is called v3, its state 1 is s1. Rows
// may be off from one by 1e-3 and stay as they are. The error is a *FormatError unless reading itself failed. Memory
// stays in proportion to the text.
func ReadUAI(r io.Reader) (*Network, error) {
	s, err := newSource(r)
	if err != nil {
		return nil, err
	}
	u := &uaiReader{source: s}
	if t := u.field(); t.text != "BAYES" {
		return nil, u.wrong(t.at, lang.Text{ZH: "这里应是 BAYES，而不是" + t.shown().ZH, EN: "BAYES expected here, not " + t.shown().EN})
	}
	for _, part := range []func() error{u.preamble, u.tables, u.over} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return u.network()
}

type uaiReader struct {
	*source
	states []int
	scopes [][]int
	named  []int // the last function that names a variable, from 1
	where  []int // of a function's table
	values [][]float64
}

// count reads a whole number from 0 to most.
func (u *uaiReader) count(most int) (int, error) {
	t := u.field()
	n, err := strconv.Atoi(t.text)
	if err != nil || n < 0 || n > most {
		return 0, u.wrong(t.at, lang.Text{
			ZH: fmt.Sprintf("这里应是0到%d的整数，而不是%s", most, t.shown().ZH), EN: fmt.Sprintf("a whole number from 0 to %d is expected here, not %s", most, t.shown().EN),
		})
	}
	return n, nil
}

// over refuses what stands behind the end.
func (u *uaiReader) over() error {
	if t := u.field(); t.kind != end {
		return u.wrong(t.at, lang.Text{ZH: "这里应是文件结尾，而不是" + t.shown().ZH, EN: "the end expected here, not " + t.shown().EN})
	}
	return nil
}

// preamble reads how many states each variable has, and the variables of each function. Nothing is made larger than
// what stands in the text, whatever the text announces.
func (u *uaiReader) preamble() error {
	at := u.place()
	n, err := u.count(MaxText)
	if err != nil {
		return err
	}
	if n == 0 {
		return u.wrong(at, noVariable())
	}
	for range n {
		k, err := u.count(MaxStates)
		if err != nil {
			return err
		}
		u.states = append(u.states, k)
	}
	at = u.place()
	functions, err := u.count(MaxText)
	if err != nil {
		return err
	}
	if functions != n {
		return u.wrong(at, lang.Text{ZH: fmt.Sprintf("%d个变量应有%d个函数", n, n), EN: fmt.Sprintf("%d variables need as many functions", n)})
	}
	u.named = make([]int, n)
	for range functions {
		if err := u.scope(n); err != nil {
			return err
		}
	}
	return nil
}

func (u *uaiReader) scope(variables int) error {
	size, err := u.count(variables)
	if err != nil {
		return err
	}
	if size == 0 {
		return u.wrong(u.at, lang.Text{ZH: "函数没有变量", EN: "the function has no variable"})
	}
	scope := []int{}
	for range size {
		at := u.place()
		v, err := u.count(variables - 1)
		if err != nil {
			return err
		}
		if u.named[v] == len(u.scopes)+1 {
			return u.wrong(at, lang.Text{ZH: fmt.Sprintf("变量%d重复", v), EN: fmt.Sprintf("variable %d is named twice", v)})
		}
		u.named[v] = len(u.scopes) + 1
		scope = append(scope, v)
	}
	u.scopes = append(u.scopes, scope)
	return nil
}

func (u *uaiReader) tables() error {
	for _, scope := range u.scopes {
		cells := 1
		for _, v := range scope {
			if cells *= u.states[v]; cells > MaxTable {
				break // no count below reaches it
			}
		}
		at := u.place()
		n, err := u.count(MaxTable)
		if err != nil {
			return err
		}
		if n != cells {
			return u.wrong(at, lang.Text{ZH: fmt.Sprintf("概率表应有%d个数，声明了%d个", cells, n), EN: fmt.Sprintf("the table needs %d numbers and announces %d", cells, n)})
		}
		values, err := u.table(n, u.states[scope[len(scope)-1]])
		if err != nil {
			return err
		}
		u.values, u.where = append(u.values, values), append(u.where, at)
	}
	return nil
}

// table reads the numbers of a function; they stand as Node.Table has them.
func (u *uaiReader) table(cells, states int) ([]float64, error) {
	values := []float64{}
	rowAt := 0
	for i := range cells {
		t := u.field()
		if i%states == 0 {
			rowAt = t.at
		}
		x, err := u.decimal(t)
		if err != nil {
			return nil, err
		}
		if values = append(values, x); len(values)%states == 0 {
			if err := u.row(rowAt, values[len(values)-states:], states); err != nil {
				return nil, err
			}
		}
	}
	return values, nil
}

func (u *uaiReader) network() (*Network, error) {
	n := &Network{Variables: make([]Variable, len(u.states)), Nodes: make([]Node, len(u.states))}
	where := make([]int, len(u.states))
	for i, scope := range u.scopes {
		child := scope[len(scope)-1]
		if n.Nodes[child].Table != nil {
			return nil, u.wrong(u.where[i], lang.Text{ZH: fmt.Sprintf("变量%d已有概率表", child), EN: fmt.Sprintf("variable %d has a table already", child)})
		}
		where[child] = u.where[i]
		n.Nodes[child] = Node{Parents: scope[:len(scope)-1], Table: u.values[i]}
	}
	for v, k := range u.states {
		if len(n.Nodes[v].Table) == 0 {
			return nil, u.wrong(len(u.text), lang.Text{ZH: fmt.Sprintf("变量%d没有概率表", v), EN: fmt.Sprintf("variable %d has no table", v)})
		}
		n.Variables[v].Name = "v" + strconv.Itoa(v)
		for s := range k { // as many as numbers were read for it
			n.Variables[v].States = append(n.Variables[v].States, "s"+strconv.Itoa(s))
		}
	}
	if order := n.Order(); len(order) < len(n.Nodes) {
		v := missing(order, len(n.Nodes))
		return nil, u.wrong(where[v], lang.Text{ZH: fmt.Sprintf("变量%d在环上或环的下游", v), EN: fmt.Sprintf("variable %d is on a cycle, or below one", v)})
	}
	return n, nil
}

// WriteUAI writes a valid network so that ReadUAI gives the same one but for the names. Gates are written as the tables
// they stand for. It refuses tables of more than MaxTable numbers.
func WriteUAI(w io.Writer, n *Network) error {
	if err := n.Validate(); err != nil {
		return err
	}
	for v := range n.Nodes {
		if _, ok := n.TableCells(v); !ok {
			return tooLarge(n, v)
		}
	}
	b := &textWriter{Writer: bufio.NewWriter(w), n: n}
	b.text("BAYES\n", strconv.Itoa(len(n.Variables)), "\n")
	for v := range n.Variables {
		b.text(strconv.Itoa(n.States(v)), " ")
	}
	b.text("\n", strconv.Itoa(len(n.Variables)), "\n")
	for v := range n.Nodes {
		b.text(strconv.Itoa(len(n.Nodes[v].Parents) + 1))
		for _, p := range n.Nodes[v].Parents {
			b.text(" ", strconv.Itoa(p))
		}
		b.text(" ", strconv.Itoa(v), "\n")
	}
	for v := range n.Nodes {
		table, k := n.Tabulate(v), n.States(v)
		b.text("\n", strconv.Itoa(len(table)), "\n")
		for i, x := range table {
			b.number(x)
			if i%k == k-1 {
				b.text("\n")
			} else {
				b.text(" ")
			}
		}
	}
	return b.Flush()
}
