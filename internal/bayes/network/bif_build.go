package network

import (
	"fmt"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// network understands the blocks.
func (b *bifReader) network() (*Network, error) {
	if len(b.variables) == 0 {
		return nil, b.wrong(len(b.text), noVariable())
	}
	n := &Network{Variables: make([]Variable, len(b.variables)), Nodes: make([]Node, len(b.variables))}
	for v := range b.variables {
		n.Variables[v] = b.variables[v].Variable
	}
	filled := 0 // cells that defaults filled so far
	where := make([]int, len(b.variables))
	for i := range b.probabilities {
		if err := b.node(n, &b.probabilities[i], where, &filled); err != nil {
			return nil, err
		}
	}
	for v := range n.Nodes {
		if n.Nodes[v].Table == nil {
			return nil, b.lacks(b.variables[v].at, n.Variables[v].Name)
		}
	}
	if order := n.Order(); len(order) < len(n.Nodes) {
		v := missing(order, len(n.Nodes))
		name := token{kind: word, text: n.Variables[v].Name}.shown()
		return nil, b.wrong(where[v], lang.Text{ZH: name.ZH + "在环上或环的下游", EN: name.EN + " is on a cycle, or below one"})
	}
	return n, nil
}

func (b *bifReader) lacks(at int, name string) error {
	shown := token{kind: word, text: name}.shown()
	return b.wrong(at, lang.Text{ZH: "变量" + shown.ZH + "没有概率表", EN: "the variable " + shown.EN + " has no probabilities"})
}

// node makes the table of one variable; where keeps the place of its block.
func (b *bifReader) node(n *Network, p *bifProbability, where []int, filled *int) error {
	scope, err := b.scope(p)
	if err != nil {
		return err
	}
	child := scope[0]
	node := &n.Nodes[child]
	if node.Table != nil {
		return b.wrong(p.scope[0].at, lang.Text{ZH: p.scope[0].shown().ZH + "已有概率表", EN: p.scope[0].shown().EN + " has probabilities already"})
	}
	where[child], node.Parents = p.at, scope[1:]
	cells, ok := n.TableCells(child)
	if !ok {
		return b.wrong(p.at, lang.Text{ZH: fmt.Sprintf("概率表超过%d个数", MaxTable), EN: fmt.Sprintf("the table would have more than %d numbers", MaxTable)})
	}
	if p.table != nil {
		return b.transpose(n, child, p, cells)
	}
	if given := len(p.rows) * n.States(child); given < cells {
		if p.missing == nil {
			return b.wrong(p.at, lang.Text{
				ZH: fmt.Sprintf("缺少行：应有%d行，只有%d行，也没有 default", cells/n.States(child), len(p.rows)),
				EN: fmt.Sprintf("rows are missing: %d are needed, %d are there, and no default", cells/n.States(child), len(p.rows)),
			})
		}
		if *filled += cells - given; *filled > MaxTable {
			return b.wrong(p.at, lang.Text{ZH: "default 行代表的数太多", EN: "the default rows stand for too many numbers"})
		}
	}
	return b.fill(n, child, p, cells)
}

// scope finds the variables of a block.
func (b *bifReader) scope(p *bifProbability) ([]int, error) {
	scope, seen := make([]int, len(p.scope)), map[int]bool{}
	for i, t := range p.scope {
		v, known := b.index[t.text]
		if !known || seen[v] {
			return nil, b.wrong(t.at, lang.Text{ZH: "变量" + t.shown().ZH + "不存在或重复", EN: "there is no variable " + t.shown().EN + ", or it is named twice"})
		}
		scope[i], seen[v] = v, true
	}
	return scope, nil
}

// transpose takes a table entry: in it the child changes slowest.
func (b *bifReader) transpose(n *Network, child int, p *bifProbability, cells int) error {
	if len(p.rows) > 0 || p.missing != nil {
		return b.wrong(p.at, lang.Text{ZH: "table 不能与行或 default 同时出现", EN: "a table stands alone, without rows or default"})
	}
	if len(p.table.values) != cells {
		return b.wrong(p.table.at, lang.Text{
			ZH: fmt.Sprintf("概率表应有%d个数，实际有%d个", cells, len(p.table.values)), EN: fmt.Sprintf("the table needs %d numbers and has %d", cells, len(p.table.values)),
		})
	}
	k := n.States(child)
	table := make([]float64, cells)
	for i, x := range p.table.values {
		table[i%(cells/k)*k+i/(cells/k)] = x
	}
	for i := 0; i < cells; i += k {
		if err := b.row(p.table.at, table[i:i+k], k); err != nil {
			return err
		}
	}
	n.Nodes[child].Table = table
	return nil
}

// fill takes rows and the default.
func (b *bifReader) fill(n *Network, child int, p *bifProbability, cells int) error {
	k := n.States(child)
	table, taken := make([]float64, cells), make([]bool, cells/k)
	for i := range p.rows {
		row := &p.rows[i]
		at, err := b.configuration(n, child, row)
		if err != nil {
			return err
		}
		if taken[at] {
			return b.wrong(row.at, lang.Text{ZH: "这一行重复", EN: "this row is there already"})
		}
		if err := b.row(row.at, row.values, k); err != nil {
			return err
		}
		taken[at] = true
		copy(table[at*k:], row.values)
	}
	if p.missing != nil {
		if err := b.row(p.missing.at, p.missing.values, k); err != nil {
			return err
		}
	}
	for at := range taken {
		if !taken[at] { // there is a default, for as many different rows as needed are not there
			copy(table[at*k:], p.missing.values)
		}
	}
	n.Nodes[child].Table = table
	return nil
}

// configuration finds which row of the table is meant.
func (b *bifReader) configuration(n *Network, child int, row *bifRow) (int, error) {
	parents := n.Nodes[child].Parents
	if len(row.states) != len(parents) {
		return 0, b.wrong(row.at, lang.Text{
			ZH: fmt.Sprintf("应有%d个父节点状态，实际有%d个", len(parents), len(row.states)), EN: fmt.Sprintf("%d states of parents are needed, %d are there", len(parents), len(row.states)),
		})
	}
	at := 0
	for i, t := range row.states {
		s, known := b.variables[parents[i]].state[t.text]
		if !known {
			parent := token{kind: word, text: n.Variables[parents[i]].Name}.shown()
			return 0, b.wrong(t.at, lang.Text{ZH: parent.ZH + "没有状态" + t.shown().ZH, EN: parent.EN + " has no state " + t.shown().EN})
		}
		at = at*n.States(parents[i]) + s
	}
	return at, nil
}
