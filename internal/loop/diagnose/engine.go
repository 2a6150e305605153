package diagnose

import (
	"fmt"
	"math"
	"sync"

	"github.com/posmedic/posmedic/internal/bayes"
	"github.com/posmedic/posmedic/internal/knowledge/words/screens"
	"github.com/posmedic/posmedic/pack"
)

// Engine diagnoses with one pack under one policy. It is immutable and may be shared.
//
// # The model
//
// One fault at a time: prior = rate × contexts × only_if, times the likelihood of each finding. One more hypothesis,
// "none of the known faults", shows nothing but leaks; when it wins, the diagnosis says Surprise. Findings of one
// group of variables often say the same thing twice (a message, its class, its code), and naive Bayes would count it
// twice; see temper.
type Engine struct {
	pack   *pack.Pack
	policy Policy

	faults    int // number of faults; the hypothesis with this index is "none of the known faults"
	faultAt   map[string]int
	stepAt    map[string]int
	variables map[string]*variable
	model     *bayes.Model
	prior     []float64
	onlyIf    []condition
	contexts  []context
	texts     []screenText
	unseen    *screens.Classifier // for texts that are none of them
	codes     map[string][]code   // by code; one entry a set
	steps     []step
	planners  *sync.Pool     // of *bayes.Planner, whose tables are worth keeping
	handover  map[string]int // party → index of its hand-over step
}

// variable is a compiled variable: where it stands in the pack and in the model.
type variable struct {
	*pack.Variable
	row    int // row of the model, -1 for free values
	states map[string]int
}

type condition struct {
	fault    int
	variable string
	states   []string
}

type context struct {
	when   []condition
	factor map[int]float64
}

type step struct {
	*pack.Step
	fixes   []bayes.Fix
	minutes float64 // its cost as weighed by the policy, without what opening its cluster costs
	opening float64 // what opening its cluster costs, paid once however many of its steps follow
}

// rateTrust is the power to which rates are raised. Rates are judgements of orders of magnitude, and people call for help when
// the everyday remedy did not work, so rare faults are commoner among calls than among stops.
const rateTrust = 0.7

// Prior weight of "none of the known faults", as a share of all rates: what a pack does not know is rare, but not
// impossible.
const unknownShare = 0.02

// notOnly multiplies a fault whose only_if is contradicted. Not zero, since people misname what they have.
const notOnly = 1e-3

// New compiles a pack for diagnosis. The pack must have been checked (pack.Load does); New panics where its numbers are no
// probabilities, because that is a mistake of the program.
func New(p *pack.Pack, policy Policy) *Engine {
	e := &Engine{pack: p, policy: policy.withDefaults(), faults: len(p.Faults)}
	e.indexFaults()
	e.compileVariables()
	e.compileConditions()
	e.compileCodes()
	e.compileTexts()
	e.compileSteps()
	e.planners = &sync.Pool{New: func() any { return bayes.NewPlanner(0, bayes.Problem{}, e.policy.Limits) }}
	return e
}

// Pack is the knowledge the engine decides with.
func (e *Engine) Pack() *pack.Pack { return e.pack }

func (e *Engine) indexFaults() {
	e.faultAt = make(map[string]int, e.faults)
	e.prior = make([]float64, e.faults+1)
	total := 0.0
	for i := range e.pack.Faults {
		e.faultAt[e.pack.Faults[i].ID] = i
		e.prior[i] = math.Pow(max(e.pack.Faults[i].Rate.Mean, 1e-6), rateTrust)
		total += e.prior[i]
	}
	e.prior[e.faults] = unknownShare * max(total, 1e-6)
}

func (e *Engine) compileVariables() {
	e.variables = make(map[string]*variable, len(e.pack.Variables))
	var rows []bayes.Variable
	for i := range e.pack.Variables {
		v := &variable{Variable: &e.pack.Variables[i], row: -1, states: map[string]int{}}
		e.variables[v.ID] = v
		if v.Type != pack.State {
			continue
		}
		for s := range v.States {
			v.states[v.States[s].ID] = s
		}
		v.row = len(rows)
		rows = append(rows, bayes.Variable{Leak: v.Leak, Links: e.links(v)})
	}
	model, err := bayes.NewModel(e.faults+1, rows)
	if err != nil {
		panic(fmt.Sprintf("diagnose: pack %s was not checked: %v", e.pack.Ref.ID, err))
	}
	e.model = model
}

// doubt is the experience, in cases, of the belief that a fault leaves a variable alone. A number worth n cases counts
// n/(n+doubt) and leaves the rest to the leak, as a Dirichlet prior around the leak would have it: an elicited table is never
// complete, and one odd finding must not rule a fault out.
const doubt = 0.5

func (e *Engine) links(v *variable) []bayes.Link {
	var links []bayes.Link
	for f := range e.pack.Faults {
		shows := e.pack.Faults[f].Shows[v.ID]
		for s := range v.States {
			if n, ok := shows[v.States[s].ID]; ok {
				links = append(links, bayes.Link{Cause: f, State: s, P: n.Mean * n.Experience / (n.Experience + doubt)})
			}
		}
	}
	return links
}

func (e *Engine) compileConditions() {
	for f := range e.pack.Faults {
		for _, v := range sortedKeys(e.pack.Faults[f].OnlyIf) {
			e.onlyIf = append(e.onlyIf, condition{f, v, e.pack.Faults[f].OnlyIf[v]})
		}
	}
	for _, c := range e.pack.Contexts {
		compiled := context{factor: map[int]float64{}}
		for _, v := range sortedKeys(c.When) {
			compiled.when = append(compiled.when, condition{variable: v, states: c.When[v]})
		}
		for fault, n := range c.Multiply {
			if f, ok := e.faultAt[fault]; ok && n.Mean > 0 {
				compiled.factor[f] = n.Mean
			}
		}
		e.contexts = append(e.contexts, compiled)
	}
}

func (e *Engine) compileSteps() {
	e.stepAt, e.handover = map[string]int{}, map[string]int{}
	for i := range e.pack.Steps {
		s := step{Step: &e.pack.Steps[i]}
		own := s.Cost
		if s.Cluster != "" {
			s.opening, own.Truck = e.policy.Weights.Truck*own.Truck, 0
		}
		s.minutes = e.policy.Weights.minutes(own)
		if s.By != "remote" {
			s.minutes += e.policy.Weights.Attempt
		}
		for _, fault := range sortedKeys(s.Fixes) {
			if f, ok := e.faultAt[fault]; ok && s.Fixes[fault].Mean > 0 {
				s.fixes = append(s.fixes, bayes.Fix{Cause: f, P: min(s.Fixes[fault].Mean, 1)})
			}
		}
		e.stepAt[s.ID] = i
		if s.Kind == pack.Handover {
			if _, known := e.handover[s.By]; !known {
				e.handover[s.By] = i
			}
		}
		e.steps = append(e.steps, s)
	}
}
