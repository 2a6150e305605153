package jointree

import "github.com/posmedic/posmedic/internal/bayes/network"

// factor is a conditional distribution that the tree multiplies in: P(child | the other variables).
type factor struct {
	vars  []int // in the order of the table, the child last and fastest
	table []float64
}

func (f *factor) child() int { return f.vars[len(f.vars)-1] }

// model is a network with every noisy gate taken apart into small tables over auxiliary variables. Auxiliary variables
// follow the network's own.
type model struct {
	states  []int
	factors []factor
}

// shape is one way to take a gate apart.
type shape int

const (
	chain    shape = iota // each parent is added to what the parents before it came to
	balanced              // parents are joined two by two, then the pairs, and so on
)

// unfold makes the model. Normalising rows is the caller's business.
func unfold(n *network.Network, as shape) *model {
	m := &model{states: make([]int, len(n.Variables))}
	for v := range n.Variables {
		m.states[v] = n.States(v)
	}
	for v := range n.Nodes {
		node := &n.Nodes[v]
		if node.Noisy != nil {
			m.unfoldGate(node, v, as)
			continue
		}
		m.factors = append(m.factors, factor{vars: append(append([]int(nil), node.Parents...), v), table: node.Table})
	}
	return m
}

// input is something that drives a gate: a variable and, for each of its states, the distribution of the severity it
// brings. A nil link is a severity itself, which passes unchanged.
type input struct {
	variable int
	link     [][]float64
}

// row is the severity that a state of the input brings.
func (in *input) row(states, state int) []float64 {
	if in.link != nil {
		return in.link[state]
	}
	row := make([]float64, states)
	row[state] = 1
	return row
}

// unfoldGate takes a noisy-MAX gate apart by parent divorcing: auxiliary variables hold the highest severity of some
// of the parents. All numbers are probabilities, so that nothing is ever subtracted (the accumulated form of Díez and Galán
// is smaller, but its differences lose the digits of small posteriors).
func (m *model) unfoldGate(node *network.Node, v int, as shape) {
	inputs := make([]input, len(node.Parents))
	for i, p := range node.Parents {
		inputs[i] = input{variable: p, link: node.Noisy.Links[i]}
	}
	leak := node.Noisy.Leak
	if leak == nil {
		leak = make([]float64, m.states[v])
		leak[0] = 1
	}
	for len(inputs) > 2 {
		if as == chain {
			joined := m.join(inputs[:2], nil, m.add(m.states[v]))
			inputs = append([]input{joined}, inputs[2:]...)
			continue
		}
		var next []input
		for len(inputs) > 1 {
			next, inputs = append(next, m.join(inputs[:2], nil, m.add(m.states[v]))), inputs[2:]
		}
		inputs = append(next, inputs...)
	}
	m.join(inputs, leak, v)
}

// add makes an auxiliary variable.
func (m *model) add(states int) int {
	m.states = append(m.states, states)
	return len(m.states) - 1
}

// join writes the factor of the highest severity among the inputs and the leak into the variable out.
func (m *model) join(inputs []input, leak []float64, out int) input {
	k := m.states[out]
	f := factor{}
	rows := 1
	for i := range inputs {
		f.vars = append(f.vars, inputs[i].variable)
		rows *= m.states[inputs[i].variable]
	}
	f.vars = append(f.vars, out)
	for r := range rows {
		row := make([]float64, k)
		row[0] = 1
		if leak != nil {
			copy(row, leak)
		}
		rest := r
		for i := len(inputs) - 1; i >= 0; i-- {
			states := m.states[inputs[i].variable]
			network.Max(row, inputs[i].row(k, rest%states))
			rest /= states
		}
		f.table = append(f.table, row...)
	}
	m.factors = append(m.factors, f)
	return input{variable: out}
}
