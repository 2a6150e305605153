package diagnose

import (
	"math"

	"github.com/posmedic/posmedic/internal/bayes"
	"github.com/posmedic/posmedic/internal/kernel/finding"
)

// People notice what is wrong sooner than what is right: who stands before a dark adapter knows that it is dark, and who has a
// good one may never have looked. So a question may be answered "don't know", the less often the more the fault at hand
// shows in it. A machine always knows.
const (
	knowsWrong = 0.95 // chance to know of a state that the fault itself brought about
	knowsRest  = 0.45 // chance to know how the rest of it looks
)

// silence is what "don't know" still counts as evidence: people also say it when they are in a hurry.
const silence = 0.5

// answers is P(answer | hypothesis), one row a state of the variable and, where people are asked, a last one for "don't know".
func (e *Engine) answers(v *variable, people bool) [][]float64 {
	rows := make([][]float64, 0, len(v.States)+1)
	if !people {
		for s := range v.States {
			rows = append(rows, e.model.Likelihood(v.row, s))
		}
		return rows
	}
	unknown := make([]float64, e.faults+1)
	for f := range unknown {
		unknown[f] = 1
	}
	for s := range v.States {
		all, brought := e.model.Likelihood(v.row, s), e.model.Brought(v.row, s)
		row := make([]float64, len(all))
		for f := range row {
			row[f] = knowsRest * all[f]
			if !v.States[s].Normal {
				row[f] += (knowsWrong - knowsRest) * brought[f]
			}
			unknown[f] -= row[f]
		}
		rows = append(rows, row)
	}
	return append(rows, unknown)
}

// unanswered takes in what people were asked and could not say.
func (e *Engine) unanswered(ev *evidence, in Input) {
	for _, id := range in.Unknown {
		v, known := e.variables[id]
		if _, told := ev.set[id]; !known || told || v.row < 0 || e.machineOnly(v, in.Audience) {
			continue
		}
		rows := e.answers(v, true)
		it := item{finding: finding.Finding{Variable: id, At: in.Now, Source: finding.Agent}, group: unansweredGroup,
			log: make([]float64, e.faults+1), weight: 1}
		like := rows[len(rows)-1]
		logs(it.log, like)
		for f := range it.log {
			it.log[f] *= silence
		}
		it.together = func(causes []int) float64 { // the fault that shows most in it decides
			least := 1.0
			for _, f := range causes {
				least = min(least, like[f])
			}
			return math.Pow(least, silence)
		}
		ev.items = append(ev.items, it)
	}
}

// unansweredGroup marks what nobody could say; it is no finding and gives no reason to show.
const unansweredGroup = "unanswered"

// machineOnly says whether a variable was left open by a machine and not by a person.
func (e *Engine) machineOnly(v *variable, a Audience) bool { return v.Probe != "" && a.Remote }

// information is how much finding a variable out is expected to tell, in nats.
func (e *Engine) information(s *situation, v *variable) float64 {
	people := !e.machineOnly(v, s.in.Audience)
	return bayes.Information(s.p, e.answers(v, people))
}
