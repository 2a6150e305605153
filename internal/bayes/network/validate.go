package network

import (
	"errors"
	"fmt"
	"math"
)

// The bounds of what is taken for a network. They keep a hostile file from asking for more memory than there is.
const (
	MaxStates = 1 << 12 // of one variable
	MaxTable  = 1 << 24 // cells of one table
	tolerance = 1e-3    // how far a row of a file may be from one by rounding
)

// ErrInvalid is what Validate wraps: the network breaks a rule.
var ErrInvalid = errors.New("network: invalid")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}

// Validate reports the first rule that the network breaks: names are unique, parents exist and make no cycle, tables
// have their size, and every row is a distribution within 1e-3. It does not change the network.
func (n *Network) Validate() error {
	if len(n.Variables) != len(n.Nodes) {
		return invalid("%d variables but %d nodes", len(n.Variables), len(n.Nodes))
	}
	names := make(map[string]bool, len(n.Variables))
	for v := range n.Variables {
		name := n.Variables[v].Name
		if name == "" || names[name] {
			return invalid("variable %d: the name %q is empty or taken", v, name)
		}
		names[name] = true
		if err := n.Variables[v].validate(); err != nil {
			return err
		}
	}
	for v := range n.Nodes {
		if err := n.validateNode(v); err != nil {
			return err
		}
	}
	if order := n.Order(); len(order) < len(n.Nodes) {
		return invalid("%s is on a cycle, or below one", n.Variables[missing(order, len(n.Nodes))].Name)
	}
	return nil
}

// missing is the first of 0..n-1 that is not in the list.
func missing(list []int, n int) int {
	seen := make([]bool, n)
	for _, v := range list {
		seen[v] = true
	}
	for v := range seen {
		if !seen[v] {
			return v
		}
	}
	return -1
}

func (v *Variable) validate() error {
	if len(v.States) == 0 || len(v.States) > MaxStates {
		return invalid("%s has %d states, allowed are 1 to %d", v.Name, len(v.States), MaxStates)
	}
	seen := make(map[string]bool, len(v.States))
	for _, s := range v.States {
		if s == "" || seen[s] {
			return invalid("%s: the state %q is empty or taken", v.Name, s)
		}
		seen[s] = true
	}
	return nil
}

func (n *Network) validateNode(v int) error {
	node, name := &n.Nodes[v], n.Variables[v].Name
	seen := make(map[int]bool, len(node.Parents))
	for _, p := range node.Parents {
		if p < 0 || p >= len(n.Variables) || p == v || seen[p] {
			return invalid("%s: parent %d does not exist or is named twice", name, p)
		}
		seen[p] = true
	}
	if node.Noisy != nil {
		if node.Table != nil {
			return invalid("%s has a table and a noisy gate", name)
		}
		return n.validateNoisy(v)
	}
	cells, ok := n.TableCells(v)
	if !ok || len(node.Table) != cells {
		return invalid("%s: the table has %d numbers, its parents and states ask for %d (at most %d)",
			name, len(node.Table), cells, MaxTable)
	}
	k := n.States(v)
	for i := 0; i < cells; i += k {
		if err := distribution(node.Table[i:i+k], k); err != nil {
			return invalid("%s, row %d: %w", name, i/k, err)
		}
	}
	return nil
}

func (n *Network) validateNoisy(v int) error {
	gate, parents, name := n.Nodes[v].Noisy, n.Nodes[v].Parents, n.Variables[v].Name
	if len(gate.Links) != len(parents) {
		return invalid("%s has %d links for %d parents", name, len(gate.Links), len(parents))
	}
	for i, link := range gate.Links {
		if len(link) != n.States(parents[i]) {
			return invalid("%s: the link of %s has %d rows", name, n.Variables[parents[i]].Name, len(link))
		}
		for s, row := range link {
			if err := distribution(row, n.States(v)); err != nil {
				return invalid("%s: the link of %s, row %d: %w", name, n.Variables[parents[i]].Name, s, err)
			}
		}
	}
	if gate.Leak == nil {
		return nil
	}
	if err := distribution(gate.Leak, n.States(v)); err != nil {
		return invalid("%s: the leak: %w", name, err)
	}
	return nil
}

func distribution(row []float64, states int) error {
	if len(row) != states {
		return fmt.Errorf("%d numbers for %d states", len(row), states)
	}
	sum := 0.0
	for _, p := range row {
		if !(p >= 0 && p <= 1+tolerance) {
			return fmt.Errorf("%v is no probability", p)
		}
		sum += p
	}
	if !(math.Abs(sum-1) <= tolerance) {
		return fmt.Errorf("the sum is %v, not 1", sum)
	}
	return nil
}

// TableCells is the number of cells of the table of a node, whether it is written down or a gate stands for it. It is
// false when that is more than MaxTable; the number is then the bound that was passed on the way.
func (n *Network) TableCells(v int) (cells int, ok bool) {
	cells = n.States(v)
	for _, p := range n.Nodes[v].Parents {
		if cells *= n.States(p); cells > MaxTable {
			return cells, false
		}
	}
	return cells, true
}
