// Package network holds discrete Bayesian networks: variables with named states, and for each the distribution over its
// states given its parents, as a table or as a noisy-MAX gate. It reads and writes text, never files, and infers
// nothing: package jointree does.
package network

// Variable is one question with a fixed list of answers.
type Variable struct {
	Name   string
	States []string
}

// Node is the distribution of one variable given its parents. Exactly one of Table and Noisy is set.
type Node struct {
	// Parents are indices into Network.Variables.
	Parents []int
	// Table is P(state | parents): one row a configuration of the parents, the last parent fastest, and within a row
	// the states of the child.
	Table []float64
	// Noisy stands in place of a table that would be too large to write down.
	Noisy *Noisy
}

// Noisy is a noisy-MAX gate: every parent by itself brings the child into a state drawn from its link, so does the
// leak, and the child takes the highest of these states. State 0 is the normal one, higher states are worse. With two
// states it is noisy-OR.
type Noisy struct {
	// Links holds for every parent, for every state of it, a distribution over the states of the child.
	Links [][][]float64
	// Leak is the distribution over the states of the child from causes that are not in the network; nil is none.
	Leak []float64
}

// Network is a Bayesian network. Nodes[i] is the distribution of Variables[i]. Whoever changes one calls Validate
// before compiling it.
type Network struct {
	Variables []Variable
	Nodes     []Node
}

// States is the number of states of a variable.
func (n *Network) States(v int) int { return len(n.Variables[v].States) }

// Index is the variable of that name, or -1. It looks through all of them.
func (n *Network) Index(name string) int {
	for v := range n.Variables {
		if n.Variables[v].Name == name {
			return v
		}
	}
	return -1
}

// State is the state of that name of a variable, or -1.
func (n *Network) State(v int, name string) int {
	for s, state := range n.Variables[v].States {
		if state == name {
			return s
		}
	}
	return -1
}

// Order lists the variables so that parents come before children, smaller indices first where there is a choice. It is
// shorter than the number of variables when there is a cycle; then it lacks the variables on cycles and below them.
func (n *Network) Order() []int {
	waits := make([]int, len(n.Nodes)) // parents that are not in the order yet
	children := make([][]int, len(n.Nodes))
	for v := range n.Nodes {
		waits[v] = len(n.Nodes[v].Parents)
		for _, p := range n.Nodes[v].Parents {
			children[p] = append(children[p], v)
		}
	}
	order := make([]int, 0, len(n.Nodes))
	for v, w := range waits {
		if w == 0 {
			order = append(order, v)
		}
	}
	for i := 0; i < len(order); i++ {
		for _, c := range children[order[i]] {
			if waits[c]--; waits[c] == 0 {
				order = append(order, c)
			}
		}
	}
	return order
}
