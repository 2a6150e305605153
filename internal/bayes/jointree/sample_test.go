package jointree_test

import (
	"math/rand/v2"

	"github.com/posmedic/posmedic/internal/bayes/network"
)

// samples draws sets of hard evidence that are possible: each is part of a configuration drawn from the network itself,
// up to a quarter of its variables. Elements are variable and state.
func samples(n *network.Network, count int) [][][2]int {
	random := rand.New(rand.NewPCG(7, 11))
	order := n.Order()
	sets := make([][][2]int, count)
	for i := range sets {
		states := draw(n, order, random)
		share := random.Float64() / 4
		for v, s := range states {
			if random.Float64() < share {
				sets[i] = append(sets[i], [2]int{v, s})
			}
		}
	}
	return sets
}

// draw is one configuration of a network of tables.
func draw(n *network.Network, order []int, random *rand.Rand) []int {
	states := make([]int, len(order))
	for _, v := range order {
		row := 0
		for _, p := range n.Nodes[v].Parents {
			row = row*n.States(p) + states[p]
		}
		k := n.States(v)
		at := random.Float64()
		for s, p := range n.Nodes[v].Table[row*k : (row+1)*k] {
			if p > 0 {
				states[v] = s
			}
			if at -= p; at < 0 {
				break
			}
		}
	}
	return states
}
