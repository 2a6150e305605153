// Package jointree computes exact posteriors in discrete Bayesian networks. Compile turns a network once into a tree of
// cliques, which is immutable and may be shared; each goroutine asks through a Query of its own, which allocates
// nothing once it is warm.
//
// Evidence comes as likelihood vectors, hard evidence being a vector with a single one, so that no observation changes
// the tree. Messages go up to the roots when evidence is propagated, and down only to where a posterior is asked for.
// Only the messages that changed evidence can have changed are computed again. All numbers are non-negative and only
// multiplied, added and divided, and every message is scaled by a power of two, so that the answers keep nearly all
// their digits and the probability of the evidence cannot underflow.
//
// The same evidence gives the same bits, whatever was observed or asked before.
package jointree

import (
	"errors"
	"fmt"

	"github.com/posmedic/posmedic/internal/bayes/network"
)

// The bounds of what is compiled; at the largest it takes some 300 MB.
const (
	MaxVariables = 1 << 14 // with the auxiliary ones of gates
	MaxCells     = 1 << 23 // of the tables of all cliques, before impossible cells are left out
)

// ErrTooLarge says that exact inference would need more memory than the bounds allow.
var ErrTooLarge = errors.New("jointree: the network is too densely connected for exact inference")

// Tree is a compiled network. It is read-only.
type Tree struct {
	states  []int // of the network's own variables
	all     []int // the same, and of the auxiliary ones
	offsets []int // of a variable's states in a list of all states; one more than variables
	nodes   []node
	tables  []table
	homes   []home // of the network's own variables
	prior   messages
}

// node is a clique, or a separator on which several messages meet. Its cells are the configurations of its variables
// that are possible at all, those with the same separator configuration in one run.
type node struct {
	parent int // -1 for a root
	psi    []float64
	runs   []uint32 // where the run of each separator cell begins; one more than separator cells
	links  []link
	vars   []int    // with the auxiliary ones
	cells  []uint32 // the number of each cell if all configurations were kept, the last variable fastest
}

// link leads from the cells of a node to the cells of a smaller table: the separator of a child, or the node's private
// variables.
type link struct {
	table int
	index []uint32
}

// table is a separator or the private variables of a node. Table i is the separator of node i towards its parent;
// private tables follow.
type table struct {
	node  int // that computes its belief: for a separator, the parent
	cells int
	at    []member
	unit  bool // without evidence its message is one everywhere
}

// member is a variable whose evidence enters and whose posterior is read at a table.
type member struct {
	variable int
	states   []uint32 // of the variable, for each cell
}

// home is the place of a variable.
type home struct {
	table, member int
}

// Compile makes the tree of a network. It answers network.ErrInvalid when the network breaks a rule and ErrTooLarge
// when exact inference is out of reach.
func Compile(n *network.Network) (*Tree, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	if size := len(unfold(n, chain).states); size > MaxVariables {
		return nil, fmt.Errorf("%w: with its gates taken apart it has %d variables", ErrTooLarge, size)
	}
	m, g, e := plan(n)
	if e.cost > MaxCells {
		return nil, fmt.Errorf("%w: it needs %.3g cells", ErrTooLarge, e.cost)
	}
	o := cliques(g, e)
	o.refine()
	return build(n, m, o), nil
}

// plan takes noisy gates apart in both ways and takes the cheaper.
func plan(n *network.Network) (*model, *graph, *elimination) {
	m := unfold(n, chain)
	g := moral(m)
	e := g.triangulate(tries(g))
	if len(m.states) == len(n.Variables) {
		return m, g, e
	}
	other := unfold(n, balanced)
	h := moral(other)
	if f := h.triangulate(tries(h)); f.cost < e.cost {
		return other, h, f
	}
	return m, g, e
}

// tries is how often the triangulation of a graph is tried: often for the small ones, where it costs nothing.
func tries(g *graph) int {
	return max(3, min(30, 6000/(len(g.near)+1)))
}

// Cells is the number of cells in the cliques, the measure of a tree's size.
func (t *Tree) Cells() int {
	n := 0
	for i := range t.nodes {
		n += len(t.nodes[i].psi)
	}
	return n
}

// Variables is the number of variables of the network.
func (t *Tree) Variables() int { return len(t.states) }

// States is the number of states of a variable.
func (t *Tree) States(v int) int { return t.states[v] }
