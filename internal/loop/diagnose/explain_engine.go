package diagnose

import (
	"github.com/posmedic/posmedic/internal/bayes"
	"github.com/posmedic/posmedic/pack"
)

// What explaining needs of the engine's inside stands here; everything else of it asks the engine as anybody would.

func (e *Engine) fault(id string) *pack.Fault {
	if f, ok := e.faultAt[id]; ok {
		return &e.pack.Faults[f]
	}
	return &pack.Fault{ID: id}
}

// priorOf is the probability of a fault before any evidence.
func (e *Engine) priorOf(fault int) float64 {
	total := 0.0
	for _, w := range e.prior {
		total += w
	}
	return e.prior[fault] / total
}

// believed is the probability of each fault in a case, and the one that leads; nil for a healthy terminal. It is the ranking of
// Diagnose without all else, for trying many answers.
func (e *Engine) believed(in Input) (p []float64, leader int) {
	ev := e.gather(in)
	if e.healthy(ev) {
		return nil, 0
	}
	b := e.believe(ev)
	return b.present, e.order(b.cause)[0]
}

// chances are the probabilities of a variable's states, by what is believed now.
func (e *Engine) chances(s *situation, v *variable) []float64 {
	out := make([]float64, len(v.States))
	for state := range v.States {
		for f, like := range e.model.Likelihood(v.row, state) {
			out[state] += s.p[f] * like
		}
	}
	return out
}

// weigh gives the weight of each finding for a fault against all others.
func (e *Engine) weigh(s *situation, fault int) []EvidenceWeight {
	var out []EvidenceWeight
	for _, it := range s.ev.items {
		f := it.finding
		out = append(out, EvidenceWeight{
			Variable: f.Variable, State: f.State, Source: f.Source, At: f.At, Confidence: s.ev.trust(f),
			Nats: bayes.WeightOfEvidence(s.p, it.log, fault),
		})
	}
	return out
}
