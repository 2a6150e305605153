package jointree

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
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

// first is the smallest member, or -1.
func (s set) first() int {
	for i, w := range s {
		if w != 0 {
			return i<<6 + bits.TrailingZeros64(w)
		}
	}
	return -1
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
// the smaller rank; rank is a permutation that a few tries shuffle. Variables whose neighbours all know each other go
// first: they cost nothing that will not be paid anyway. It gives up with nil when the cost passes limit.
func (g *graph) greedy(by criterion, rank []int, limit float64) *elimination {
	n := len(g.near)
	s := &sweep{g: g.clone(), by: by, rank: rank, left: newSet(n), stale: newSet(n), free: newSet(n),
		fill: make([]float64, n), weight: make([]float64, n)}
	for v := range n {
		s.left.add(v)
		s.stale.add(v)
	}
	e := &elimination{}
	for range n {
		v := s.next()
		cluster := s.g.near[v].clone()
		cluster.add(v)
		if e.append(v, cluster, g); e.cost > limit {
			return nil
		}
		s.eliminate(v)
	}
	return e
}

// sweep is one elimination under way.
type sweep struct {
	g                 *graph // of the variables that are left
	by                criterion
	rank              []int
	left, stale, free set // free: whose neighbours all know each other; stale: whose scores may have changed
	fill, weight      []float64
	members           []int
}

// next chooses a variable. Eliminating a free one adds no edges, so the others stay free.
func (s *sweep) next() int {
	if v := s.free.first(); v >= 0 {
		return v
	}
	s.stale.intersect(s.left)
	s.members = s.stale.appendTo(s.members[:0])
	for _, v := range s.members {
		s.weight[v] = s.g.log[v] + s.g.weight(s.g.near[v])
		if s.fill[v] = s.g.fill(v, s.by == minFillWeight); s.fill[v] == 0 {
			s.free.add(v)
		}
	}
	clear(s.stale)
	if v := s.free.first(); v >= 0 {
		return v
	}
	return s.best()
}

func (s *sweep) best() int {
	first, second := s.fill, s.weight
	if s.by == minWeight {
		first, second = second, first
	}
	s.members = s.left.appendTo(s.members[:0])
	return slices.MinFunc(s.members, func(a, b int) int {
		return cmp.Or(cmp.Compare(first[a], first[b]), cmp.Compare(second[a], second[b]), cmp.Compare(s.rank[a], s.rank[b]))
	})
}

// eliminate joins the neighbours of v and takes v away.
func (s *sweep) eliminate(v int) {
	s.left.remove(v)
	s.free.remove(v)
	near := s.g.near
	s.members = near[v].appendTo(s.members[:0])
	for _, a := range s.members {
		missing := near[v].outside(near[a]) > 1 // a itself is always missing
		near[a].unite(near[v])
		near[a].remove(a)
		near[a].remove(v)
		s.stale.add(a)
		if missing {
			s.stale.unite(near[a])
		}
	}
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

// fill is the number of edges that eliminating v would add, or the sum of their ends' sizes multiplied.
func (g *graph) fill(v int, weighted bool) float64 {
	sum := 0.0
	for i, w := range g.near[v] {
		for ; w != 0; w &= w - 1 {
			a := i<<6 + bits.TrailingZeros64(w)
			missing := 0.0
			for j, x := range g.near[v] {
				x &^= g.near[a][j]
				if !weighted {
					missing += float64(bits.OnesCount64(x))
					continue
				}
				for ; x != 0; x &= x - 1 {
					missing += float64(g.states[j<<6+bits.TrailingZeros64(x)])
				}
			}
			if weighted {
				missing = float64(g.states[a]) * (missing - float64(g.states[a])) // without a itself
			} else {
				missing--
			}
			sum += missing
		}
	}
	return sum / 2 // every edge was counted from both ends
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
