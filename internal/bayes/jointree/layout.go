package jointree

import (
	"cmp"
	"slices"

	"github.com/posmedic/posmedic/internal/bayes/network"
)

// builder holds what is needed only while a tree is built.
type builder struct {
	m    *model
	o    *outline
	t    *Tree
	plan []nodePlan
	own  []int // of each variable, the node nearest to the root that has it
}

// nodePlan is the layout of a node with all its cells, possible or not.
type nodePlan struct {
	vars      []int // those of the separator first; the last one fastest
	separator int   // how many of them belong to the separator
	private   []int // variables that no other node has
	factors   []int
	alive     []bool     // cells that are possible
	maps      [][]uint32 // for each link, from the cells of the node to the cells of the table
	tables    []int      // for each link
}

func build(n *network.Network, m *model, o *outline) *Tree {
	t := &Tree{
		all: m.states, nodes: make([]node, len(o.nodes)), tables: make([]table, len(o.nodes)),
		homes: make([]home, len(n.Variables)),
	}
	t.offsets = append(t.offsets, 0)
	for v := range n.Variables {
		t.states = append(t.states, n.States(v))
		t.offsets = append(t.offsets, t.offsets[v]+n.States(v))
		t.homes[v].table = -1
	}
	b := &builder{m: m, o: o, t: t, plan: make([]nodePlan, len(o.nodes))}
	b.arrange()
	b.assign()
	for i := range b.plan {
		b.links(i)
	}
	for i := range b.plan {
		b.support(i)
	}
	b.consistent()
	b.compress()
	b.barren()
	t.prior = firstMessages(t)
	return t
}

// arrange orders the variables of each node: the separator, then the private ones, then those that the messages of the
// most children are about, so that the additions into one cell of such a message are far apart.
func (b *builder) arrange() {
	b.own = make([]int, len(b.m.states))
	for i := len(b.o.nodes) - 1; i >= 0; i-- {
		for _, v := range b.o.nodes[i].vars.list() {
			b.own[v] = i
		}
	}
	for i := range b.o.nodes {
		o, p := &b.o.nodes[i], &b.plan[i]
		p.vars = o.separator.list()
		p.separator = len(p.vars)
		uses := make(map[int]int)
		for _, c := range o.children {
			for _, v := range b.o.nodes[c].separator.list() {
				uses[v]++
			}
		}
		var rest []int
		for _, v := range o.vars.list() {
			if o.separator.has(v) {
				continue
			}
			rest = append(rest, v)
			if uses[v] == 0 {
				p.private = append(p.private, v)
			}
		}
		slices.SortStableFunc(rest, func(x, y int) int { return cmp.Compare(uses[x], uses[y]) })
		p.vars = append(p.vars, rest...)
	}
}

// assign gives each factor to the node nearest to the root that has all its variables: there it weighs on the fewest
// messages, and a subtree without evidence more often says nothing. As some node has all of them, the top nodes of the
// variables lie on one path, and the lowest of these is the one.
func (b *builder) assign() {
	for f := range b.m.factors {
		at := 0
		for _, v := range b.m.factors[f].vars {
			at = max(at, b.own[v])
		}
		b.plan[at].factors = append(b.plan[at].factors, f)
	}
}

// links makes the maps from the cells of a node to the tables of its children and to its private table, and gives each
// variable its home: the smallest table that has it.
func (b *builder) links(i int) {
	p := &b.plan[i]
	for _, c := range b.o.nodes[i].children {
		p.tables = append(p.tables, c)
		p.maps = append(p.maps, b.project(p.vars, b.separator(c)))
		b.t.tables[c].node, b.t.tables[c].cells = i, b.size(b.separator(c))
		b.house(c, b.separator(c))
	}
	if b.o.nodes[i].parent < 0 {
		b.t.tables[i].node, b.t.tables[i].cells = -1, 1
	}
	if len(p.private) == 0 {
		return
	}
	at := len(b.t.tables)
	b.t.tables = append(b.t.tables, table{node: i, cells: b.size(p.private), unit: true})
	p.tables = append(p.tables, at)
	p.maps = append(p.maps, b.project(p.vars, p.private))
	b.house(at, p.private)
}

func (b *builder) separator(i int) []int { return b.plan[i].vars[:b.plan[i].separator] }

func (b *builder) size(vars []int) int {
	n := 1
	for _, v := range vars {
		n *= b.m.states[v]
	}
	return n
}

// house makes a table the home of those of its variables that have none in a smaller one.
func (b *builder) house(at int, vars []int) {
	for _, v := range vars {
		if v >= len(b.t.homes) {
			continue // auxiliary: no evidence, and nobody asks
		}
		if h := b.t.homes[v].table; h < 0 || b.t.tables[at].cells < b.t.tables[h].cells {
			b.t.homes[v].table = at
		}
	}
}

// project maps the cells over vars to the cells over some of them, which stand in the same or another order.
func (b *builder) project(vars, onto []int) []uint32 {
	stride := make(map[int]int, len(onto))
	size := 1
	for i := len(onto) - 1; i >= 0; i-- {
		stride[onto[i]] = size
		size *= b.m.states[onto[i]]
	}
	out := make([]uint32, b.size(vars))
	n := 1 // cells over the variables done so far, which are repeated for every state of the next
	for i := len(vars) - 1; i >= 0; i-- {
		step := uint32(stride[vars[i]])
		for s := 1; s < b.m.states[vars[i]]; s++ {
			for k := range n {
				out[s*n+k] = out[k] + uint32(s)*step
			}
		}
		n *= b.m.states[vars[i]]
	}
	return out
}

// support multiplies the factors of a node and marks the cells that are not zero.
func (b *builder) support(i int) {
	p := &b.plan[i]
	psi := make([]float64, b.size(p.vars))
	for k := range psi {
		psi[k] = 1
	}
	for _, f := range p.factors {
		factor := &b.m.factors[f]
		for k, x := range b.project(p.vars, factor.vars) {
			psi[k] *= factor.table[x]
		}
	}
	p.alive = make([]bool, len(psi))
	for k, x := range psi {
		p.alive[k] = x > 0
	}
	b.t.nodes[i] = node{parent: b.o.nodes[i].parent, psi: psi}
}

// consistent unmarks the cells that no configuration of the whole network can have: what is possible goes up to the
// roots and down again, as messages do, but with yes and no.
func (b *builder) consistent() {
	for i := len(b.plan) - 1; i >= 0; i-- {
		for l, at := range b.plan[i].tables {
			if at < len(b.plan) {
				b.keep(i, l, b.possible(at))
			}
		}
	}
	for i := range b.plan {
		p := &b.plan[i]
		for l, at := range p.tables {
			if at >= len(b.plan) {
				continue
			}
			seen := make([]bool, b.t.tables[at].cells)
			for k, x := range p.maps[l] {
				seen[x] = seen[x] || p.alive[k]
			}
			child := &b.plan[at]
			run := len(child.alive) / len(seen)
			for k := range child.alive {
				child.alive[k] = child.alive[k] && seen[k/run]
			}
		}
	}
}

// possible says of each cell of a node's separator whether the node has a possible cell with it.
func (b *builder) possible(i int) []bool {
	seen := make([]bool, b.t.tables[i].cells)
	run := len(b.plan[i].alive) / len(seen)
	for k, alive := range b.plan[i].alive {
		seen[k/run] = seen[k/run] || alive
	}
	return seen
}

func (b *builder) keep(i, l int, possible []bool) {
	p := &b.plan[i]
	for k, x := range p.maps[l] {
		p.alive[k] = p.alive[k] && possible[x]
	}
}

// compress leaves out the impossible cells of nodes and tables.
func (b *builder) compress() {
	numbers := make([][]uint32, len(b.t.tables)) // of the possible cells of a table
	for i := range b.plan {
		for l, at := range b.plan[i].tables {
			numbers[at] = b.number(i, l, at)
		}
		if b.o.nodes[i].parent < 0 {
			numbers[i] = []uint32{0}
		}
	}
	for i := range b.plan {
		b.compressNode(i, numbers)
	}
	for v := range b.t.homes {
		b.settle(v, numbers)
	}
}

// gone marks a cell of a table that is impossible.
const gone = ^uint32(0)

// number counts through the possible cells of a table.
func (b *builder) number(i, l, at int) []uint32 {
	numbers := make([]uint32, b.t.tables[at].cells)
	for k := range numbers {
		numbers[k] = gone
	}
	for k, x := range b.plan[i].maps[l] {
		if b.plan[i].alive[k] {
			numbers[x] = 0
		}
	}
	n := uint32(0)
	for k := range numbers {
		if numbers[k] != gone {
			numbers[k] = n
			n++
		}
	}
	b.t.tables[at].cells = int(n)
	return numbers
}

func (b *builder) compressNode(i int, numbers [][]uint32) {
	p, n := &b.plan[i], &b.t.nodes[i]
	cells := 0
	for _, alive := range p.alive {
		if alive {
			cells++
		}
	}
	psi := make([]float64, 0, cells)
	n.vars, n.cells = p.vars, make([]uint32, 0, cells)
	n.links = make([]link, len(p.tables))
	for l, at := range p.tables {
		n.links[l] = link{table: at, index: make([]uint32, 0, cells)}
	}
	n.runs = make([]uint32, 1, b.t.tables[i].cells+1)
	run := len(p.alive) / len(numbers[i])
	for s, number := range numbers[i] {
		if number == gone {
			continue
		}
		for k := s * run; k < (s+1)*run; k++ {
			if !p.alive[k] {
				continue
			}
			psi, n.cells = append(psi, n.psi[k]), append(n.cells, uint32(k))
			for l, at := range p.tables {
				n.links[l].index = append(n.links[l].index, numbers[at][p.maps[l][k]])
			}
		}
		n.runs = append(n.runs, uint32(len(psi)))
	}
	n.psi = psi
	p.maps, p.alive = nil, nil
}

// settle writes down which state a variable has in each cell of its home.
func (b *builder) settle(v int, numbers [][]uint32) {
	at := b.t.homes[v].table
	vars := b.tableVars(at)
	m := member{variable: v, states: make([]uint32, b.t.tables[at].cells)}
	for k, s := range b.project(vars, []int{v}) {
		if x := numbers[at][k]; x != gone {
			m.states[x] = s
		}
	}
	b.t.homes[v].member = len(b.t.tables[at].at)
	b.t.tables[at].at = append(b.t.tables[at].at, m)
}

func (b *builder) tableVars(at int) []int {
	if at < len(b.plan) {
		return b.separator(at)
	}
	return b.plan[b.t.tables[at].node].private
}

// barren finds the messages that say nothing while there is no evidence below: exactly the distributions of the
// variables that only the subtree has are multiplied there, and they sum to one.
func (b *builder) barren() {
	open := make([]int, len(b.plan))    // variables that only the subtree has, less its factors
	highest := make([]int, len(b.plan)) // the highest top node of a variable that the subtree has the distribution of
	for i := len(b.plan) - 1; i >= 0; i-- {
		p := &b.plan[i]
		open[i] += len(p.vars) - p.separator - len(p.factors)
		highest[i] = i
		for _, f := range p.factors {
			highest[i] = min(highest[i], b.own[b.m.factors[f].child()])
		}
		for _, c := range b.o.nodes[i].children {
			open[i] += open[c]
			highest[i] = min(highest[i], highest[c])
		}
		b.t.tables[i].unit = open[i] == 0 && highest[i] == i
	}
}
