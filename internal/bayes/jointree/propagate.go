package jointree

import (
	"math"
	"slices"
)

// firstMessages computes the messages of a tree without evidence.
func firstMessages(t *Tree) messages {
	q := newQuery(t)
	for i := len(t.tables) - 1; i >= 0; i-- {
		if i < len(t.nodes) {
			q.collect(i)
		} else {
			fill(q.own.raw[i], 1)
			q.up.raw[i] = q.own.raw[i]
		}
		if t.tables[i].unit && one(q.up.raw[i], q.up.exponent[i]) {
			fill(q.up.raw[i], 1)
			q.up.exponent[i] = 0
		} else {
			t.tables[i].unit = false
		}
		q.message[i], q.exponents[i] = q.up.raw[i], q.up.exponent[i]
	}
	return q.up
}

func fill(values []float64, with float64) {
	for i := range values {
		values[i] = with
	}
}

// one reports whether a message that should be one everywhere is so within the rounding of its rows. It is not in a
// network whose rows do not quite sum to one.
func one(values []float64, exponent int) bool {
	for _, v := range values {
		if !(math.Abs(math.Ldexp(v, exponent)-1) <= 1e-13) {
			return false
		}
	}
	return true
}

// Propagate takes in what was observed since the last time. Only messages that this can have changed are computed. It
// answers a *Contradiction when the evidence is impossible, ErrEvidence when something observed cannot be, and
// ErrUnderflow.
func (q *Query) Propagate() error {
	if q.propagated {
		return q.failure
	}
	q.propagated = true
	q.conflict, q.collected = conflict{}, 0
	if q.failure = q.takeIn(); q.failure == nil {
		q.failure = q.collectAll()
	}
	return q.failure
}

// takeIn moves what was observed to where the messages take it from.
func (q *Query) takeIn() error {
	for _, v := range q.touched {
		if q.wanted[v].bad {
			return ErrEvidence
		}
	}
	for _, v := range q.touched {
		q.isTouched[v] = false
		from, to := q.t.offsets[v], q.t.offsets[v+1]
		if q.wanted[v] == q.applied[v] && slices.Equal(q.wantedLike[from:to], q.appliedLike[from:to]) {
			continue
		}
		at := q.t.homes[v].table
		q.again[at] = true
		q.count[at] += given(q.wanted[v]) - given(q.applied[v])
		q.applied[v] = q.wanted[v]
		copy(q.appliedLike[from:to], q.wantedLike[from:to])
	}
	q.touched = q.touched[:0]
	return nil
}

func given(o observation) int {
	if o.given {
		return 1
	}
	return 0
}

// collectAll brings the messages up to date, from the leaves to the roots.
func (q *Query) collectAll() error {
	changed := q.epoch == 0
	nodes := len(q.t.nodes)
	for at := nodes; at < len(q.t.tables); at++ {
		if q.again[at] {
			q.weigh(at) // whatever is impossible about it shows in its node
			q.stale[q.t.tables[at].node] = true
		}
	}
	for i := nodes - 1; i >= 0; i-- {
		if !q.stale[i] && !q.again[i] {
			continue
		}
		changed = true
		if q.stale[i] && !q.collect(i) || !q.weigh(i) {
			q.stale[i] = true // its message is of no use; later evidence starts from here
			return q.impossible()
		}
		q.stale[i] = false
		if parent := q.t.nodes[i].parent; parent >= 0 {
			q.stale[parent] = true
		}
	}
	if changed {
		q.epoch++
		q.total()
	}
	return nil
}

// collect computes what a node knows together with what comes from below, and its sums for the separator. It is false
// when nothing is possible any more.
func (q *Query) collect(i int) bool {
	n, t := &q.t.nodes[i], q.t
	q.collected++
	live, exponent := t.prior.raw == nil, 0
	q.active = q.active[:0]
	for l := range n.links {
		at := n.links[l].table
		exponent += q.exponents[at]
		if q.below[at] {
			live = true
		} else if t.tables[at].unit {
			continue
		}
		q.active = append(q.active, factorIn{values: q.message[at], index: n.links[l].index})
	}
	q.live[i] = live
	if !live {
		q.up.product[i], q.up.raw[i], q.up.exponent[i] = t.prior.product[i], t.prior.raw[i], t.prior.exponent[i]
		return true
	}
	q.up.product[i], q.up.raw[i] = q.own.product[i], q.own.raw[i]
	power, ok := q.absorb(n, i)
	q.up.exponent[i] = exponent + power
	return ok
}

// batch is how many messages may be multiplied before the product is scaled.
const batch = 16

// absorb runs the loops for as many messages as there are.
func (q *Query) absorb(n *node, i int) (exponent int, ok bool) {
	src, dst, out, in := n.psi, q.up.product[i], q.up.raw[i], q.active
	for left := batch; len(in) > 2; in = in[2:] {
		multiply2(dst, src, in[0], in[1])
		src = dst
		if left -= 2; left == 0 {
			left = batch
			power, ok := q.tidy(dst)
			if !ok {
				return 0, false
			}
			exponent += power
		}
	}
	switch len(in) {
	case 0:
		q.up.product[i] = src
		absorb0(src, n.runs, out)
	case 1:
		absorb1(dst, src, in[0], n.runs, out)
	case 2:
		absorb2(dst, src, in[0], in[1], n.runs, out)
	}
	power, ok := q.tidy(out)
	return exponent + power, ok
}

// tidy brings numbers into range. It is false when nothing is possible any more.
func (q *Query) tidy(values []float64) (exponent int, ok bool) {
	if q.logical {
		return 0, possible(values)
	}
	return scale(values)
}

// weigh multiplies the evidence at a table into its message. It is false when nothing is possible any more.
func (q *Query) weigh(at int) bool {
	q.again[at] = false
	raw, separator := q.up.raw[at], at < len(q.t.nodes)
	q.below[at] = q.count[at] > 0 || separator && q.live[at]
	q.message[at], q.exponents[at] = raw, q.up.exponent[at]
	if q.count[at] == 0 {
		return true
	}
	out := q.weighted[at]
	copy(out, raw)
	for m := range q.t.tables[at].at {
		member := &q.t.tables[at].at[m]
		if !q.applied[member.variable].given {
			continue
		}
		like := q.appliedLike[q.t.offsets[member.variable]:q.t.offsets[member.variable+1]]
		for k, s := range member.states {
			out[k] *= like[s]
		}
		q.exponents[at] += q.applied[member.variable].exponent
	}
	q.message[at] = out
	power, ok := q.tidy(out)
	q.exponents[at] += power
	return ok
}

// possible turns numbers into yes (1) and no (0), and reports whether there is a yes.
func possible(values []float64) bool {
	found := false
	for i, v := range values {
		if v > 0 {
			values[i], found = 1, true
		}
	}
	return found
}

// total multiplies the probabilities of the parts of the network.
func (q *Query) total() {
	q.mass, q.exponent = 1, 0
	for i := range q.t.nodes {
		if q.t.nodes[i].parent < 0 {
			mass, power := math.Frexp(q.mass * q.message[i][0])
			q.mass, q.exponent = mass, q.exponent+power+q.exponents[i]
		}
	}
}

// reach computes the beliefs of a node, and before it those of the nodes on the way from the root that lack them.
func (q *Query) reach(node int) {
	q.path = q.path[:0]
	for ; node >= 0 && q.reached[node] != q.epoch; node = q.t.nodes[node].parent {
		q.path = append(q.path, node)
	}
	for i := len(q.path) - 1; i >= 0; i-- {
		q.distribute(q.path[i])
	}
}

// distribute computes the beliefs of the tables below a node: what it knows and what came from below, with what comes
// from above. That is the table's own message times what everybody else says, and divided by the message it is what
// goes down. Where the message is zero, so is the belief, and nothing goes down.
func (q *Query) distribute(i int) {
	n := &q.t.nodes[i]
	q.reached[i] = q.epoch
	down := q.down[i]
	if n.parent < 0 {
		down[0] = 1
	} else {
		for s, raw := range q.up.raw[i] {
			if down[s] = 0; raw > 0 {
				down[s] = q.belief[i][s] / raw
			}
		}
	}
	product, links := q.up.product[i], n.links
	for ; len(links) > 1; links = links[2:] {
		scatter2(product, down, n.runs, q.into(&links[0]), q.into(&links[1]))
	}
	if len(links) > 0 {
		scatter1(product, down, n.runs, q.into(&links[0]))
	}
	for l := range n.links {
		q.tidy(q.belief[n.links[l].table])
	}
}

func (q *Query) into(l *link) factorIn {
	return factorIn{values: q.belief[l.table], index: l.index}
}
