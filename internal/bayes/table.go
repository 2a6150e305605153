package bayes

import "math"

// table is dynamic programming over every state of some chosen actions and questions: which actions have failed (a bit
// each) and what each question brought (a digit each, 0 for not asked). It gives the cost of the best strategy that uses
// the chosen ones and then either calls service or goes through the other actions in one fixed order. Where nothing was
// left out that is the optimum.
//
// Values are not normalised: V(state) is the probability of the state times the cost from there, so that a step's value
// is its cost times the state's mass plus the plain sum of its children, and mass is the sum over the answers. Masses
// are wanted of fully answered states only, by a sum over subsets; all others follow by addition.
type table struct {
	acts  []int // chosen actions, one bit each
	cost  []float64
	home  []int // the clusters that acts stand in
	tests []test
	terms []term
	rest  []float64 // what each cause costs on average when the chosen actions have failed: the fixed order; nil: service only

	mass, value, tail []float64 // rows of 2^len(acts) states
	digits            []int
	base              []float64
	tailed            bool
	service           float64
	free              bool    // no service: the end costs nothing, but comes only when nothing more can be cured
	least             float64 // a mass that counts as nothing

	clusters []Cluster
	open     []bool // before the first step
	inside   []int  // for each cluster, the chosen actions that stand in it or further inside
	entered  []bool // by the questions asked, in the row being computed
}

// test is a chosen question or test step.
type test struct {
	step   int // a question, or an action numbered after the questions
	cost   float64
	home   int
	rows   [][]float64
	stride int
	cures  bool // a test step: the terminal may work afterwards, so its rows do not add up to everything
}

// term is a part of Π(1-p) over subsets of the actions that touch a cause, multiplied out.
type term struct {
	cause, set  int
	coefficient float64
}

// solve fills the table for the weights. The root's value is value[0].
func (t *table) solve(w []float64) {
	n := 1
	for i := range t.tests {
		t.tests[i].stride = n
		n *= 1 + len(t.tests[i].rows)
	}
	width := 1 << len(t.acts)
	t.mass, t.value = grow(t.mass, n*width), grow(t.value, n*width)
	if t.tailed {
		t.tail = grow(t.tail, n*width)
	}
	t.digits, t.base = grow(t.digits, len(t.tests)), grow(t.base, len(w))
	t.least = sum(w) * vanished
	t.group()
	for row := n - 1; row >= 0; row-- {
		if open := t.decode(row); open < 0 {
			t.answered(row*width, width, w)
		} else {
			t.unanswered(row*width, width, open)
		}
		t.row(row*width, width)
	}
}

// answers is the number of rows in which every question is answered.
func (t *table) answers() int {
	n := 1
	for i := range t.tests {
		n *= len(t.tests[i].rows)
	}
	return n
}

// decode writes the digits of a row and returns a question that is not answered in it, or -1.
func (t *table) decode(row int) int {
	open := -1
	copy(t.entered, t.open)
	for i := range t.tests {
		q := &t.tests[i]
		radix := 1 + len(q.rows)
		t.digits[i] = row % radix
		row /= radix
		if t.digits[i] > 0 {
			t.enter(q.home)
		} else if !q.cures {
			open = i
		}
	}
	return open
}

// answered computes the masses of a row in which every question is answered; test steps may be untried.
func (t *table) answered(at, width int, w []float64) {
	copy(t.base, w)
	for i, d := range t.digits {
		if d == 0 {
			continue
		}
		for f, l := range t.tests[i].rows[d-1] {
			t.base[f] *= l
		}
	}
	mass := t.mass[at : at+width]
	clear(mass)
	for _, term := range t.terms {
		mass[term.set] += t.base[term.cause] * term.coefficient
	}
	overSubsets(mass)
	if !t.tailed {
		return
	}
	tail := t.tail[at : at+width]
	clear(tail)
	for _, term := range t.terms {
		tail[term.set] += t.base[term.cause] * term.coefficient * t.rest[term.cause]
	}
	overSubsets(tail)
}

// overSubsets replaces each entry by the sum over the subsets of its index.
func overSubsets(x []float64) {
	for half := 1; half < len(x); half *= 2 {
		for from := 0; from < len(x); from += 2 * half {
			low, high := x[from:from+half], x[from+half:from+2*half]
			for i, y := range low {
				high[i] += y
			}
		}
	}
}

// unanswered adds the masses of the rows in which one more question is answered.
func (t *table) unanswered(at, width, open int) {
	stride, answers := t.tests[open].stride*width, len(t.tests[open].rows)
	addRows(t.mass, at, width, stride, answers)
	if t.tailed {
		addRows(t.tail, at, width, stride, answers)
	}
}

func addRows(x []float64, at, width, stride, answers int) {
	sum := x[at : at+width]
	copy(sum, x[at+stride:at+stride+width])
	for a := 2; a <= answers; a++ {
		for i, y := range x[at+a*stride : at+a*stride+width] {
			sum[i] += y
		}
	}
}

// row computes the values of one row, whose children in other rows are known.
func (t *table) row(at, width int) {
	t.stop(at, width)
	for i, d := range t.digits {
		if d == 0 {
			t.ask(at, width, &t.tests[i])
		}
	}
	t.act(t.value[at:at+width], t.mass[at:at+width], len(t.acts), 0)
}

// stop values the end of the plan: the fixed order of the actions that were not chosen, then service. Without service
// there is no end while a chosen action can cure anything.
func (t *table) stop(at, width int) {
	value := t.value[at : at+width]
	if !t.free {
		for i, m := range t.mass[at : at+width] {
			value[i] = m * t.service
		}
		if t.tailed {
			for i, x := range t.tail[at : at+width] {
				value[i] = min(value[i], x)
			}
		}
		return
	}
	for i := range value {
		switch {
		case t.curable(at, i, width):
			value[i] = math.Inf(1)
		case t.tailed:
			value[i] = t.tail[at+i]
		default:
			value[i] = 0
		}
	}
}

// curable reports whether an untried action may cure in a state of the row at hand, in which some actions are done.
func (t *table) curable(at, done, width int) bool {
	state := at + done
	for bit := 1; bit < width; bit *= 2 {
		if done&bit == 0 && t.mass[state]-t.mass[state|bit] > t.least {
			return true
		}
	}
	for i, d := range t.digits {
		q := &t.tests[i]
		if d != 0 || !q.cures {
			continue
		}
		left := 0.0
		for a := 1; a <= len(q.rows); a++ {
			left += t.mass[state+a*q.stride*width]
		}
		if t.mass[state]-left > t.least {
			return true
		}
	}
	return false
}

// ask considers a question or a test step in every state of a row.
func (t *table) ask(at, width int, q *test) {
	value, mass := t.value[at:at+width], t.mass[at:at+width]
	stride := q.stride * width
	first := t.value[at+stride:][:width]
	if closed := t.closed(q.home); len(q.rows) != 2 || closed {
		for i, m := range mass {
			v := (q.cost + t.opening(q.home, i)) * m
			for a := 1; a <= len(q.rows); a++ {
				v += t.value[at+a*stride+i]
			}
			value[i] = min(value[i], v)
		}
		return
	}
	second := t.value[at+2*stride:][:width]
	for i, m := range mass {
		if v := q.cost*m + first[i] + second[i]; v < value[i] {
			value[i] = v
		}
	}
}

// act goes through the states so that those in which an action has failed come before those in which it is untried. done
// are the higher actions that have failed in the states at hand.
func (t *table) act(value, mass []float64, actions, done int) {
	if actions == 0 {
		return
	}
	half := len(value) / 2
	a := actions - 1
	t.act(value[half:], mass[half:], a, done|half)
	low, high, m := value[:half], value[half:], mass[:half]
	cost := t.cost[a]
	if t.closed(t.home[a]) {
		for i, x := range m {
			low[i] = min(low[i], (cost+t.opening(t.home[a], done|i))*x+high[i])
		}
	} else {
		for i, x := range m {
			if v := cost*x + high[i]; v < low[i] {
				low[i] = v
			}
		}
	}
	t.act(low, m, a, done)
}

// group notes which chosen actions open which cluster.
func (t *table) group() {
	t.inside, t.entered = zero(t.inside, len(t.clusters)), grow(t.entered, len(t.clusters))
	for bit, home := range t.home {
		for k := home; k > 0; k = t.clusters[k-1].Within {
			t.inside[k-1] |= 1 << bit
		}
	}
}

func (t *table) enter(home int) {
	for k := home; k > 0; k = t.clusters[k-1].Within {
		t.entered[k-1] = true
	}
}

// closed reports whether a cluster may have to be opened in the row at hand.
func (t *table) closed(home int) bool { return home > 0 && !t.entered[home-1] }

// opening is what opening a cluster costs in the row at hand after the actions done. A cluster is open when something
// in it or further inside was done, so what an open one stands in is open too.
func (t *table) opening(home, done int) float64 {
	cost := 0.0
	for k := home; k > 0 && !t.entered[k-1] && t.inside[k-1]&done == 0; k = t.clusters[k-1].Within {
		cost += t.clusters[k-1].Cost
	}
	return cost
}

// vanished is the share of a probability that rounding may leave behind where nothing is.
const vanished = 1e-14

// expand multiplies out Π(1-p) for each possible cause over the chosen actions.
func (t *table) expand(w []float64, touches [][]touch, bit []int) {
	t.terms = t.terms[:0]
	for f, x := range w {
		if x == 0 {
			continue
		}
		from := len(t.terms)
		t.terms = append(t.terms, term{cause: f, coefficient: 1})
		for _, touch := range touches[f] {
			if bit[touch.action] < 0 {
				continue
			}
			for _, old := range t.terms[from:] {
				t.terms = append(t.terms, term{f, old.set | 1<<bit[touch.action], old.coefficient * -touch.p})
			}
		}
	}
}
