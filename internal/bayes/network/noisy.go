package network

// Tabulate writes out the table of a node: a copy of it, or the table that its gate stands for. It is for export and
// tests; inference never needs it. It panics when the table would be larger than MaxTable: ask TableCells first.
func (n *Network) Tabulate(node int) []float64 {
	cells, ok := n.TableCells(node)
	if !ok {
		panic("network: the table of " + n.Variables[node].Name + " is too large to be written out")
	}
	if n.Nodes[node].Noisy == nil {
		return append([]float64(nil), n.Nodes[node].Table...)
	}
	k := n.States(node)
	table := make([]float64, 0, cells)
	config := make([]int, len(n.Nodes[node].Parents))
	row := make([]float64, k)
	for len(table) < cells {
		n.gateRow(row, node, config)
		table = append(table, row...)
		for i := len(config) - 1; i >= 0; i-- {
			if config[i]++; config[i] < n.States(n.Nodes[node].Parents[i]) {
				break
			}
			config[i] = 0
		}
	}
	return table
}

// gateRow writes the distribution of a gate for one configuration of its parents.
func (n *Network) gateRow(row []float64, node int, config []int) {
	gate := n.Nodes[node].Noisy
	clear(row)
	row[0] = 1
	if gate.Leak != nil {
		copy(row, gate.Leak)
	}
	for i, s := range config {
		Max(row, gate.Links[i][s])
	}
}

// Max replaces dst by the distribution of the higher of two independent states, one drawn from dst and one from other.
// It adds products of probabilities and subtracts nothing, so that small numbers keep all their digits.
func Max(dst, other []float64) {
	below, otherUpTo := 0.0, 0.0 // P(first < s), P(second <= s)
	for s, p := range dst {
		otherUpTo += other[s]
		dst[s] = p*otherUpTo + other[s]*below
		below += p
	}
}
