package learning

import "math"

// Reader is a model compiled to probabilities, for reading cases: it gives the distribution over causes. Read-only.
type Reader struct {
	causes int
	rates  []float64 // logarithms
	states []int
	tables [][]float64 // P(state | cause): tables[v][s*causes+f]
	links  [][]float64 // the part of it that comes by the link
	helps  [][]float64 // P(an action seems to help | cause)
	cures  [][]float64 // P(it cures | cause)
	rowOf  [][]int32   // rowOf[v][f]: row of the variable, -1 for none
	slotOf [][]int32   // slotOf[v][row*states+s]: place of the state among the row's links, -1 for none
	fixOf  [][]int32
	logs   map[reading][][]float64 // logarithms of what report tables hold; see prepare
}

// reading is how a report came to be: two observations that are equal in it are read with the same table.
type reading struct{ trust, unsaid float64 }

// Compile makes a reader of a model that was checked.
func Compile(m *Model) *Reader {
	n := len(m.Rates)
	r := &Reader{causes: n, rates: make([]float64, n)}
	for f, p := range m.Rates.Means() {
		r.rates[f] = math.Log(p)
	}
	for i := range m.Variables {
		r.variable(&m.Variables[i])
	}
	for _, a := range m.Actions {
		r.action(a)
	}
	return r
}

func (r *Reader) variable(v *Variable) {
	k := len(v.Leak)
	table, links, rowOf, slotOf := make([]float64, k*r.causes), make([]float64, k*r.causes), fill(r.causes), fill(len(v.Rows)*k)
	for s, leak := range v.Leak {
		for f := range r.causes {
			table[s*r.causes+f] = leak
		}
	}
	for i, row := range v.Rows {
		rowOf[row.Cause] = int32(i)
		leak, mean := v.Leak, row.Counts.Means()
		if row.Leak != nil {
			leak = row.Leak
		}
		for s := range k {
			table[s*r.causes+row.Cause] = mean[len(row.States)] * leak[s]
		}
		for j, s := range row.States {
			slotOf[i*k+s] = int32(j)
			table[s*r.causes+row.Cause] += mean[j]
			links[s*r.causes+row.Cause] = mean[j]
		}
	}
	r.states, r.tables, r.links = append(r.states, k), append(r.tables, table), append(r.links, links)
	r.rowOf, r.slotOf = append(r.rowOf, rowOf), append(r.slotOf, slotOf)
}

func (r *Reader) action(a Action) {
	seems := a.Seems.Mean(0)
	helps, cures, fixOf := make([]float64, r.causes), make([]float64, r.causes), fill(r.causes)
	for f := range helps {
		helps[f] = seems
	}
	for i, fix := range a.Fixes {
		p := fix.Counts.Mean(0)
		fixOf[fix.Cause] = int32(i)
		cures[fix.Cause], helps[fix.Cause] = p, p+(1-p)*seems
	}
	r.helps, r.cures, r.fixOf = append(r.helps, helps), append(r.cures, cures), append(r.fixOf, fixOf)
}

func fill(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = -1
	}
	return out
}

// Causes is the number of causes.
func (r *Reader) Causes() int { return r.causes }

// P is P(variable in state | cause) for every cause; read only.
func (r *Reader) P(variable, state int) []float64 {
	return r.tables[variable][state*r.causes : (state+1)*r.causes]
}

// Brought is P(the cause brings the variable into the state by a link) for every cause, the part of P that no leak made;
// read only.
func (r *Reader) Brought(variable, state int) []float64 {
	return r.links[variable][state*r.causes : (state+1)*r.causes]
}

// Read writes the distribution over causes given the case into dst, and returns the logarithm of the case's probability.
// What no cause can explain is minus infinity and leaves dst at the rates.
func (r *Reader) Read(dst []float64, c *Case) float64 {
	copy(dst, r.rates)
	for _, o := range c.Evidence {
		r.observe(dst, o)
	}
	for _, o := range c.Outcomes {
		for f, p := range r.helps[o.Action] {
			if !o.Helped {
				p = 1 - p
			}
			dst[f] += math.Log(p)
		}
	}
	for f, l := range c.Lift {
		dst[f] += math.Log(l)
	}
	if c.Cause != Latent {
		named(dst, c)
	}
	total := softmax(dst)
	if math.IsInf(total, -1) {
		copy(dst, r.rates)
		softmax(dst)
	}
	return total
}

func (r *Reader) observe(log []float64, o Observation) {
	weight := 1 - o.Less
	if tables, ready := r.logs[reading{o.Trust, o.Unsaid}]; ready {
		for f, l := range tables[o.Variable][o.State*r.causes : (o.State+1)*r.causes] {
			log[f] += weight * l
		}
		return
	}
	said, rest, links := 1-o.Unsaid, (1-o.Trust)/float64(r.states[o.Variable]), r.Brought(o.Variable, o.State)
	for f, p := range r.P(o.Variable, o.State) {
		log[f] += weight * math.Log(o.Trust*links[f]+said*(o.Trust*(p-links[f])+rest))
	}
}

// mostReadings bounds how many tables of logarithms a reader keeps. Sources are few and most reports are worth what their
// source is.
const mostReadings = 4

// prepare takes the logarithms that reading these cases needs often, once. To be called before the reader is shared.
func (r *Reader) prepare(cases []Case) {
	r.logs = map[reading][][]float64{}
	for i := range cases {
		for _, o := range cases[i].Evidence {
			how := reading{o.Trust, o.Unsaid}
			if _, ready := r.logs[how]; ready || len(r.logs) == mostReadings {
				continue
			}
			tables := make([][]float64, len(r.tables))
			for v, table := range r.tables {
				rest := (1 - o.Trust) / float64(r.states[v])
				tables[v] = make([]float64, len(table))
				for at, p := range table {
					link := r.links[v][at]
					tables[v][at] = math.Log(o.Trust*link + (1-o.Unsaid)*(o.Trust*(p-link)+rest))
				}
			}
			r.logs[how] = tables
		}
	}
}

func named(log []float64, c *Case) {
	other := math.Log((1 - c.Sure) / float64(len(log)))
	for f := range log {
		if f == c.Cause {
			log[f] += math.Log(c.Sure + (1-c.Sure)/float64(len(log)))
		} else {
			log[f] += other
		}
	}
}

// softmax turns logarithms into a distribution and returns the logarithm of their sum.
func softmax(log []float64) float64 {
	top := math.Inf(-1)
	for _, l := range log {
		top = max(top, l)
	}
	if math.IsInf(top, -1) {
		return top
	}
	sum := 0.0
	for f, l := range log {
		log[f] = math.Exp(l - top)
		sum += log[f]
	}
	for f := range log {
		log[f] /= sum
	}
	return top + math.Log(sum)
}
