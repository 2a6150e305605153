package explain

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/posmedic/posmedic/internal/bayes/jointree"
	"github.com/posmedic/posmedic/internal/bayes/network"
)

// What a parameter is part of, where it is not the link of a parent.
const (
	InTable = -1
	InLeak  = -2
)

// Parameter is one number of a network: in the table of a node, or in its gate.
type Parameter struct {
	Node  int
	Part  int // InTable, InLeak, or the index of the parent whose link it is in
	Row   int // of the table: configuration of the parents, the last fastest; of a link: state of the parent; of a leak: 0
	State int // of the node
}

// Sensitivity is an answer, P(target | evidence), as a function of one number of the network. The other numbers of the
// row change in proportion, so that the row still sums to one (Coupé and van der Gaag; Chan and Darwiche); where they
// are all zero they change alike. The answer is then a ratio of two linear functions of the number, and monotone.
type Sensitivity struct {
	Parameter
	Value      float64 // of the number today
	Answer     float64 // today
	Derivative float64 // of the answer by the number, today

	joint, evidence line // P(target, evidence) and P(evidence), up to a common factor
}

// line is a linear function on the numbers from 0 to 1, kept by its ends: both are probabilities, so that nothing between
// them is ever a small difference of large numbers.
type line struct{ zero, one float64 }

func (l line) at(value float64) float64 { return (1-value)*l.zero + value*l.one }

// At is the answer if the number were another one, from 0 to 1. It is NaN where the evidence would be impossible.
func (s Sensitivity) At(value float64) float64 {
	if !(value >= 0 && value <= 1) || s.evidence.at(value) == 0 {
		return math.NaN()
	}
	return min(1, s.joint.at(value)/s.evidence.at(value))
}

// rounding is how much smaller than what it is the difference of a difference may be and still be told from nothing.
const rounding = 1e-14

// Reaching is the value of the number at which the answer is the threshold. It is false when no value from 0 to 1 gives
// that answer, and when every value does.
func (s Sensitivity) Reaching(threshold float64) (value float64, ok bool) {
	above := line{s.joint.zero - threshold*s.evidence.zero, s.joint.one - threshold*s.evidence.one}
	flatZero := math.Abs(above.zero) <= rounding*s.evidence.zero
	flatOne := math.Abs(above.one) <= rounding*s.evidence.one
	switch {
	case flatZero && flatOne:
		return 0, false
	case flatZero:
		value = 0
	case flatOne:
		value = 1
	case (above.zero > 0) == (above.one > 0):
		return 0, false
	default:
		value = above.zero / (above.zero - above.one)
	}
	return value, s.evidence.at(value) > 0
}

// solve makes the answer of both lines.
func solve(p Parameter, value float64, joint, evidence line) Sensitivity {
	s := Sensitivity{Parameter: p, Value: value, joint: joint, evidence: evidence}
	s.Answer = s.At(value)
	today := evidence.at(value)
	s.Derivative = (joint.one*evidence.zero - joint.zero*evidence.one) / today / today
	return s
}

// row finds the numbers that a parameter stands among.
func (p Parameter) row(n *network.Network) ([]float64, error) {
	if p.Node < 0 || p.Node >= len(n.Nodes) || p.State < 0 || p.State >= n.States(p.Node) || p.Row < 0 {
		return nil, ErrQuestion
	}
	node, k := &n.Nodes[p.Node], n.States(p.Node)
	gate := node.Noisy
	switch {
	case p.Part == InTable && gate == nil && p.Row < len(node.Table)/k:
		return node.Table[p.Row*k : (p.Row+1)*k], nil
	case p.Part == InLeak && gate != nil && gate.Leak != nil && p.Row == 0:
		return gate.Leak, nil
	case p.Part >= 0 && gate != nil && p.Part < len(gate.Links) && p.Row < len(gate.Links[p.Part]):
		return gate.Links[p.Part][p.Row], nil
	default:
		return nil, ErrQuestion
	}
}

// shares are how the other numbers of a row divide what one of them gives away.
func shares(row []float64, state int) []float64 {
	out, others := slices.Clone(row), 0.0
	out[state] = 0 // keeps nothing for itself
	for _, p := range out {
		others += p
	}
	for s := range out {
		switch {
		case s == state:
		case others > 0:
			out[s] /= others
		default:
			out[s] = 1 / float64(len(row)-1)
		}
	}
	return out
}

// Parameters lists the numbers of a node in the order of their places. A node with one state has none that can change.
func (x *Explainer) Parameters(node int) []Parameter {
	var out []Parameter
	if node < 0 || node >= len(x.network.Nodes) || x.network.States(node) < 2 {
		return nil
	}
	rows := func(part, count int) {
		for row := range count {
			for state := range x.network.States(node) {
				out = append(out, Parameter{Node: node, Part: part, Row: row, State: state})
			}
		}
	}
	gate := x.network.Nodes[node].Noisy
	if gate == nil {
		rows(InTable, len(x.network.Nodes[node].Table)/x.network.States(node))
		return out
	}
	for i, link := range gate.Links {
		rows(i, len(link))
	}
	if gate.Leak != nil {
		rows(InLeak, 1)
	}
	return out
}

// Sensitivity answers for one number.
func (x *Explainer) Sensitivity(evidence []Finding, target network.Observation, p Parameter) (Sensitivity, error) {
	list, err := x.sensitivities(evidence, target, []Parameter{p})
	if err != nil {
		return Sensitivity{}, err
	}
	return list[0], nil
}

// Sensitivities answers for all numbers of a node, in the order of Parameters. A table costs at most one compilation and
// two propagations for each of its rows, and may have jointree.MaxJoint numbers; every number of a gate costs up to two
// compilations.
func (x *Explainer) Sensitivities(evidence []Finding, target network.Observation, node int) ([]Sensitivity, error) {
	if node < 0 || node >= len(x.network.Nodes) {
		return nil, ErrQuestion
	}
	return x.sensitivities(evidence, target, x.Parameters(node))
}

// sensitivities answers for numbers of one node.
func (x *Explainer) sensitivities(evidence []Finding, target network.Observation, list []Parameter) ([]Sensitivity, error) {
	if err := x.check(evidence); err != nil || !x.has(target) {
		return nil, errors.Join(err, errUnless(x.has(target)))
	}
	for _, p := range list {
		if row, err := p.row(x.network); err != nil || len(row) < 2 {
			return nil, ErrQuestion
		}
	}
	q, err := x.ask(x.tree, evidence)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	today := q.LogEvidence()
	lines := x.gateLines(evidence, target, today)
	if list[0].Part == InTable {
		if lines, err = x.tableLines(evidence, target, list[0].Node, today); err != nil {
			return nil, err
		}
	}
	out := make([]Sensitivity, len(list))
	for i, p := range list {
		joint, all, err := lines(p)
		if err != nil {
			return nil, err
		}
		row, err := p.row(x.network)
		if err != nil {
			return nil, err
		}
		out[i] = solve(p, row[p.State], joint, all)
	}
	return out, nil
}

// weights are the probabilities of the evidence with and without the target. Both are divided by the probability of the
// evidence in the network of today, so that neither underflows.
type weights struct{ joint, evidence float64 }

// weigh asks a tree for them; logToday is the logarithm of what they are divided by.
func (x *Explainer) weigh(tree *jointree.Tree, evidence []Finding, target network.Observation, logToday float64) (weights, error) {
	q, err := x.ask(tree, evidence)
	if errors.Is(err, jointree.ErrContradiction) {
		return weights{}, nil
	}
	if err != nil {
		return weights{}, err
	}
	all := math.Exp(q.LogEvidence() - logToday)
	return weights{joint: all * q.Posterior(target.Variable)[target.State], evidence: all}, nil
}

// lines says what P(target, evidence) and P(evidence) are as functions of a number.
type lines func(p Parameter) (joint, all line, err error)

// gateLines compiles the network with the number at either end. Ends that are the same are compiled once: with two
// states, those of one number are the other's.
func (x *Explainer) gateLines(evidence []Finding, target network.Observation, logToday float64) lines {
	known := map[string]weights{}
	end := func(p Parameter, value float64) (weights, error) {
		n, row, err := x.with(p, value)
		if err != nil {
			return weights{}, err
		}
		key := fmt.Sprint(p.Part, p.Row, row)
		if w, ok := known[key]; ok {
			return w, nil
		}
		tree, err := jointree.Compile(n)
		if err != nil {
			return weights{}, err
		}
		w, err := x.weigh(tree, evidence, target, logToday)
		known[key] = w
		return w, err
	}
	return func(p Parameter) (joint, all line, err error) {
		zero, err := end(p, 0)
		if err != nil {
			return line{}, line{}, err
		}
		one, err := end(p, 1)
		return line{zero.joint, one.joint}, line{zero.evidence, one.evidence}, err
	}
}

// with is the network with one number of a gate changed, and its row with it. It shares the rest.
func (x *Explainer) with(p Parameter, value float64) (*network.Network, []float64, error) {
	old := x.network.Nodes[p.Node].Noisy
	gate := &network.Noisy{Links: slices.Clone(old.Links), Leak: slices.Clone(old.Leak)}
	if p.Part >= 0 {
		gate.Links[p.Part] = slices.Clone(gate.Links[p.Part])
		gate.Links[p.Part][p.Row] = slices.Clone(gate.Links[p.Part][p.Row])
	}
	n := &network.Network{Variables: x.network.Variables, Nodes: slices.Clone(x.network.Nodes)}
	n.Nodes[p.Node].Noisy = gate
	row, err := p.row(n)
	if err != nil {
		return nil, nil, err
	}
	for s, share := range shares(row, p.State) {
		row[s] = share * (1 - value)
	}
	row[p.State] = value
	return n, row, nil
}

// tableLines finds out, for every cell of a table, by how much the probability of the evidence grows with it. That does
// not depend on the table itself, so where the table has zeros, behind which nothing can be seen, an even one stands in.
func (x *Explainer) tableLines(evidence []Finding, target network.Observation, node int, logToday float64) (lines, error) {
	tree, table, k := x.tree, x.network.Nodes[node].Table, x.network.States(node)
	if slices.Min(table) == 0 {
		n := &network.Network{Variables: x.network.Variables, Nodes: slices.Clone(x.network.Nodes)}
		table = slices.Repeat([]float64{1 / float64(k)}, len(table))
		n.Nodes[node] = network.Node{Parents: n.Nodes[node].Parents, Table: table}
		var err error
		if tree, err = jointree.Compile(n); err != nil {
			return nil, err
		}
	}
	all, err := x.growth(tree, evidence, node, table, logToday)
	if err != nil {
		return nil, err
	}
	joint, err := x.growth(tree, x.supposing(evidence, target), node, table, logToday)
	if err != nil {
		return nil, err
	}
	today := x.network.Nodes[node].Table
	return func(p Parameter) (line, line, error) {
		share := shares(today[p.Row*k:(p.Row+1)*k], p.State)
		return through(today, joint, p, share), through(today, all, p, share), nil
	}, nil
}

// through adds up what every row of a table gives to the probability of the evidence, with one row at either end.
func through(table, growth []float64, p Parameter, share []float64) line {
	k, rest := len(share), 0.0
	from := p.Row * k
	for i, g := range growth {
		if i < from || i >= from+k {
			rest += table[i] * g
		}
	}
	l := line{rest, rest + growth[from+p.State]}
	for s, w := range share {
		l.zero += w * growth[from+s]
	}
	return l
}

// supposing adds the target to the evidence.
func (x *Explainer) supposing(evidence []Finding, target network.Observation) []Finding {
	likelihood := make([]float64, x.network.States(target.Variable))
	likelihood[target.State] = 1
	out := make([]Finding, 0, len(evidence)+1)
	for _, f := range evidence {
		switch {
		case f.Variable != target.Variable:
			out = append(out, f)
		case f.Likelihood != nil:
			likelihood[target.State] = f.Likelihood[target.State]
		case f.State != target.State:
			likelihood[target.State] = 0
		}
	}
	return append(out, Finding{Variable: target.Variable, Likelihood: likelihood})
}

// growth is, for each cell of a table, the derivative of the probability of the evidence by it, in today's scale.
func (x *Explainer) growth(tree *jointree.Tree, evidence []Finding, node int, table []float64, logToday float64) ([]float64, error) {
	q, err := x.ask(tree, evidence)
	if errors.Is(err, jointree.ErrContradiction) {
		return make([]float64, len(table)), nil
	}
	if err != nil {
		return nil, err
	}
	family := append(slices.Clone(x.network.Nodes[node].Parents), node)
	joint, err := q.Joint(family)
	if err != nil {
		return nil, err
	}
	scale := math.Exp(q.LogEvidence() - logToday)
	out := make([]float64, len(table))
	for i, p := range joint {
		out[i] = p * scale / table[i]
	}
	return out, nil
}
