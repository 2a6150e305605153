package jointree_test

import (
	"fmt"

	"github.com/posmedic/posmedic/internal/bayes/network"
	"pgregory.net/rapid"
)

// brute is the whole joint distribution of a small network written out, times likelihoods.
type brute struct {
	states []int
	joint  []float64 // the last variable fastest
}

// enumerate multiplies, for every configuration, what the nodes say of it and the likelihoods.
func enumerate(n *network.Network, likes map[int][]float64) *brute {
	b := &brute{}
	cells := 1
	tables := make([][]float64, len(n.Nodes))
	for v := range n.Nodes {
		b.states = append(b.states, n.States(v))
		cells *= n.States(v)
		tables[v] = n.Tabulate(v)
	}
	config := make([]int, len(b.states))
	for range cells {
		p := 1.0
		for v := range n.Nodes {
			row := 0
			for _, parent := range n.Nodes[v].Parents {
				row = row*b.states[parent] + config[parent]
			}
			p *= tables[v][row*b.states[v]+config[v]]
			if l := likes[v]; l != nil {
				p *= l[config[v]]
			}
		}
		b.joint = append(b.joint, p)
		step(config, b.states)
	}
	return b
}

// step goes to the next configuration.
func step(config, states []int) {
	for i := len(config) - 1; i >= 0; i-- {
		if config[i]++; config[i] < states[i] {
			return
		}
		config[i] = 0
	}
}

func (b *brute) mass() float64 {
	sum := 0.0
	for _, p := range b.joint {
		sum += p
	}
	return sum
}

// marginal is the distribution over some variables, the last of them fastest.
func (b *brute) marginal(vars ...int) []float64 {
	size := 1
	for _, v := range vars {
		size *= b.states[v]
	}
	out := make([]float64, size)
	config := make([]int, len(b.states))
	mass := b.mass()
	for _, p := range b.joint {
		at := 0
		for _, v := range vars {
			at = at*b.states[v] + config[v]
		}
		out[at] += p / mass
		step(config, b.states)
	}
	return out
}

// row draws a distribution of whole sixteenths, so that zeros and ones are common.
func row(t *rapid.T, states int) []float64 {
	out := make([]float64, states)
	left := 16
	for s := range states - 1 {
		n := rapid.IntRange(0, left).Draw(t, "sixteenths")
		out[s], left = float64(n)/16, left-n
	}
	out[states-1] = float64(left) / 16
	return out
}

// smallNetwork draws a network of at most seven variables, with tables and noisy gates.
func smallNetwork(t *rapid.T) *network.Network {
	n := &network.Network{}
	count := rapid.IntRange(1, 7).Draw(t, "variables")
	for v := range count {
		states := rapid.IntRange(1, 3).Draw(t, "states")
		variable := network.Variable{Name: fmt.Sprint("v", v)}
		for s := range states {
			variable.States = append(variable.States, fmt.Sprint("s", s))
		}
		n.Variables = append(n.Variables, variable)
		n.Nodes = append(n.Nodes, drawNode(t, n, v))
	}
	return n
}

func drawNode(t *rapid.T, n *network.Network, v int) network.Node {
	node := network.Node{}
	for p := range v {
		if len(node.Parents) < 5 && rapid.IntRange(0, 2).Draw(t, "is a parent") == 0 {
			node.Parents = append(node.Parents, p)
		}
	}
	if rapid.Bool().Draw(t, "gate") {
		node.Noisy = drawGate(t, n, node.Parents, n.States(v))
		return node
	}
	if len(node.Parents) > 3 {
		node.Parents = node.Parents[:3]
	}
	rows := 1
	for _, p := range node.Parents {
		rows *= n.States(p)
	}
	for range rows {
		node.Table = append(node.Table, row(t, n.States(v))...)
	}
	return node
}

func drawGate(t *rapid.T, n *network.Network, parents []int, states int) *network.Noisy {
	gate := &network.Noisy{}
	for _, p := range parents {
		var link [][]float64
		for range n.States(p) {
			link = append(link, row(t, states))
		}
		gate.Links = append(gate.Links, link)
	}
	if rapid.Bool().Draw(t, "leak") {
		gate.Leak = row(t, states)
	}
	return gate
}

// drawEvidence draws hard and soft observations of some variables.
func drawEvidence(t *rapid.T, n *network.Network) map[int][]float64 {
	likes := map[int][]float64{}
	for v := range n.Variables {
		states := n.States(v)
		switch rapid.IntRange(0, 4).Draw(t, "kind of evidence") {
		case 0:
			likes[v] = make([]float64, states)
			likes[v][rapid.IntRange(0, states-1).Draw(t, "state")] = 1
		case 1:
			for range states {
				likes[v] = append(likes[v], float64(rapid.IntRange(0, 5).Draw(t, "likelihood"))/4)
			}
		}
	}
	return likes
}
