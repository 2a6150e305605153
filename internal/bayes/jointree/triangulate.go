package jointree

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// set is a set of variables as bits.
type set []uint64

func newSet(n int) set          { return make(set, (n+63)/64) }
func (s set) add(v int)         { s[v>>6] |= 1 << (v & 63) }
func (s set) remove(v int)      { s[v>>6] &^= 1 << (v & 63) }
func (s set) has(v int) bool    { return s[v>>6]>>(v&63)&1 != 0 }
func (s set) clone() set        { return append(set(nil), s...) }
func (s set) intersect(o set)   { s.combine(o, func(a, b uint64) uint64 { return a & b }) }
func (s set) unite(o set)       { s.combine(o, func(a, b uint64) uint64 { return a | b }) }
func (s set) within(o set) bool { return s.outside(o) == 0 }
func (s set) equal(o set) bool  { return s.within(o) && o.within(s) }

func (s set) combine(o set, op func(a, b uint64) uint64) {
	for i := range s {
		s[i] = op(s[i], o[i])
	}
}

// outside counts the members that are not in o.
func (s set) outside(o set) int {
	n := 0
	for i, w := range s {
		n += bits.OnesCount64(w &^ o[i])
	}
	return n
}

func (s set) len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// list is the members in ascending order.
func (s set) list() []int { return s.appendTo(nil) }

func (s set) appendTo(list []int) []int {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			list = append(list, i<<6+bits.TrailingZeros64(w))
		}
	}
	return list
}

// graph is the moral graph: variables that stand in one factor are neighbours.
type graph struct {
	states []int
	log    []float64 // of the number of states
	near   []set
}

func moral(m *model) *graph {
	g := &graph{states: m.states, log: make([]float64, len(m.states)), near: make([]set, len(m.states))}
	for v, k := range m.states {
		g.log[v], g.near[v] = math.Log2(float64(k)), newSet(len(m.states))
	}
	for _, f := range m.factors {
		for _, a := range f.vars {
			for _, b := range f.vars {
				if a != b {
					g.near[a].add(b)
				}
			}
		}
	}
	return g
}

func (g *graph) clone() *graph {
	c := &graph{states: g.states, log: g.log, near: make([]set, len(g.near))}
	for v := range g.near {
		c.near[v] = g.near[v].clone()
	}
	return c
}

// criterion is what a greedy elimination keeps small at every step.
type criterion int

const (
	minFill       criterion = iota // edges to be added
	minWeight                      // size of the table of the new clique
	minFillWeight                  // edges to be added, each by the sizes of its ends
	criteria
)

// elimination is an order in which variables are eliminated, and the clusters this makes: clusters[i] is order[i] with
// its neighbours of that moment.
type elimination struct {
	order    []int
	clusters []set
	cost     float64 // cells of the maximal clusters' tables
}

// greedy eliminates the variable with the smallest score until none is left. Ties go to the other criterion, then to
// the smaller rank; rank is a permutation that a few tries shuffle. It gives up with nil when the cost passes limit.
func (g *graph) greedy(by criterion, rank []int, limit float64) *elimination {
	g = g.clone()
	n := len(g.near)
	e := &elimination{}
	first, second := make([]float64, n), make([]float64, n)
	left, stale := newSet(n), newSet(n)
	for v := range n {
		left.add(v)
		stale.add(v)
	}
	var around, members []int
	for range n {
		members = stale.appendTo(members[:0])
		for _, v := range members {
			if left.has(v) {
				first[v], second[v] = g.score(v, by)
			}
		}
		clear(stale)
		v := g.best(left, first, second, rank)
		around = g.near[v].appendTo(around[:0])
		cluster := g.near[v].clone()
		cluster.add(v)
		if e.append(v, cluster, g); e.cost > limit {
			return nil
		}
		left.remove(v)
		g.eliminate(v, around, stale)
	}
	return e
}

// append adds a step; a cluster that an earlier one contains costs nothing, because it becomes no clique.
func (e *elimination) append(v int, cluster set, g *graph) {
	contained := false
	for i := len(e.order) - 1; i >= 0 && !contained; i-- {
		contained = e.clusters[i].has(v) && cluster.within(e.clusters[i])
	}
	if !contained {
		e.cost += math.Exp2(g.weight(cluster))
	}
	e.order, e.clusters = append(e.order, v), append(e.clusters, cluster)
}

func (g *graph) weight(s set) float64 {
	sum := 0.0
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			sum += g.log[i<<6+bits.TrailingZeros64(w)]
		}
	}
	return sum
}

func (g *graph) best(left set, first, second []float64, rank []int) int {
	best := -1
	for i, w := range left {
		for ; w != 0; w &= w - 1 {
			v := i<<6 + bits.TrailingZeros64(w)
			switch {
			case best < 0, first[v] < first[best]:
				best = v
			case first[v] > first[best]:
			case second[v] < second[best], second[v] == second[best] && rank[v] < rank[best]:
				best = v
			}
		}
	}
	return best
}

// score is what the criterion says of eliminating v next, and what breaks its ties.
func (g *graph) score(v int, by criterion) (first, second float64) {
	weight := g.log[v] + g.weight(g.near[v])
	fill := 0.0
	for i, w := range g.near[v] {
		for ; w != 0; w &= w - 1 {
			a := i<<6 + bits.TrailingZeros64(w)
			for j, x := range g.near[v] {
				for x &^= g.near[a][j]; x != 0; x &= x - 1 {
					b := j<<6 + bits.TrailingZeros64(x)
					switch {
					case b <= a: // every pair once, and a is no neighbour of itself
					case by == minFillWeight:
						fill += float64(g.states[a]) * float64(g.states[b])
					default:
						fill++
					}
				}
			}
		}
	}
	if by == minWeight {
		return weight, fill
	}
	return fill, weight
}

// eliminate joins the neighbours of v and takes v away. Variables whose score may have changed become stale.
func (g *graph) eliminate(v int, around []int, stale set) {
	for _, a := range around {
		missing := g.near[v].outside(g.near[a]) > 1 // a itself is always missing
		g.near[a].unite(g.near[v])
		g.near[a].remove(a)
		g.near[a].remove(v)
		stale.add(a)
		if missing {
			stale.unite(g.near[a])
		}
	}
}

// triangulate tries all criteria, first with ties to the smaller variable, then with shuffled ties from a fixed seed,
// and takes the cheapest order. Equal cost goes to the earlier try, so the outcome is always the same.
func (g *graph) triangulate(tries int) *elimination {
	n := len(g.near)
	rank := make([]int, n)
	for v := range rank {
		rank[v] = v
	}
	var best *elimination
	limit := math.Inf(1)
	random := rand.New(rand.NewPCG(uint64(n), 1))
	for range tries {
		for by := range criteria {
			if e := g.greedy(by, rank, limit); e != nil && e.cost < limit {
				best, limit = e, e.cost
			}
		}
		random.Shuffle(n, func(i, j int) { rank[i], rank[j] = rank[j], rank[i] })
	}
	return best
}
