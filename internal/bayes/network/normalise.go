package network

// Normalise divides every row by its own sum, in place. Public files are off by about 1e-7, because their numbers were
// rounded when they were written. A row without mass stays as it is; Validate refuses it.
func (n *Network) Normalise() {
	for v := range n.Nodes {
		node, k := &n.Nodes[v], n.States(v)
		for i := 0; k > 0 && i+k <= len(node.Table); i += k {
			normalise(node.Table[i : i+k])
		}
		if node.Noisy == nil {
			continue
		}
		for _, link := range node.Noisy.Links {
			for _, row := range link {
				normalise(row)
			}
		}
		normalise(node.Noisy.Leak)
	}
}

func normalise(row []float64) {
	sum := 0.0
	for _, p := range row {
		sum += p
	}
	if !(sum > 0) {
		return
	}
	for i := range row {
		row[i] /= sum
	}
}
