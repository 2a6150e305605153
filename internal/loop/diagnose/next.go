package diagnose

import (
	"slices"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/pack"
)

// leastTold is the information, in nats, below which a probe or question is not worth anybody's while.
const leastTold = 0.02

// next chooses the next step: what a machine can find out, then what the expected cost of repair prefers among
// questions and steps of those present, and else a hand-over.
func (e *Engine) next(s *situation) *Next {
	if s.dangers.lockdown {
		return e.handOver(s, "depot")
	}
	if s.p[s.leader()] >= e.policy.Act {
		if n := e.act(s); n != nil {
			return n
		}
	}
	if n := e.probe(s); n != nil {
		return n
	}
	if n := e.wording(s); n != nil {
		return n
	}
	if n := e.plan(s); n != nil {
		return n
	}
	return e.takeOver(s)
}

// wording asks for the free values that no table of states can weigh in advance, and that tell more than any other answer where
// the pack knows them: the code, the set it is from, the exact words on the screen. It asks only where there is something
// to read.
func (e *Engine) wording(s *situation) *Next {
	class, classed := s.ev.set[screenMessageID]
	code, coded := s.ev.set[codeID]
	var want string
	switch {
	case coded && len(e.codes[fold(code.State)]) > 1:
		want = codeSetID
	case classed && class.State == codeClass && len(e.codes) > 0:
		want = codeID
	case len(e.texts) > 0 && ((classed && e.abnormal(class)) || (!classed && s.ev.set.Is("main_symptom", "error_message"))):
		want = screenTextID
	}
	v, known := e.variables[want]
	if _, told := s.ev.set[want]; !known || told || slices.Contains(s.in.Unknown, want) || !e.askable(s, v) {
		return nil
	}
	return e.ask(s, v, 0)
}

// act does the best that those present can do about the leading fault, or hands it to the party that can. It gives nil
// where every such step is withheld because of other faults that are not ruled out: then more must be found out.
func (e *Engine) act(s *situation) *Next {
	fault := &e.pack.Faults[s.leader()]
	best, ratio := -1, 0.0
	barred := false
	for i := range e.steps {
		gain := e.gain(s, i)
		if !e.cures(i, s.leader()) || !e.doable(s, i) || e.offChance(s, i) || gain <= 0 {
			continue
		}
		if s.dangers.forbids(e.steps[i]) != "" {
			barred = true
			continue
		}
		if r := gain / e.steps[i].minutes; r > ratio {
			best, ratio = i, r
		}
	}
	switch {
	case best >= 0:
		return e.do(s, best, 0)
	case barred:
		return nil
	}
	for _, party := range append([]string{fault.Who}, fault.Also...) {
		if !s.in.Audience.performs(party) {
			return e.handOver(s, party)
		}
	}
	return nil // those present could, but have tried everything they can do
}

// decent is the chance of curing a fault below which a step is no answer to it.
const decent = 0.3

func (e *Engine) cures(step, fault int) bool {
	for _, fix := range e.steps[step].fixes {
		if fix.Cause == fault {
			return fix.P >= decent
		}
	}
	return false
}

// gain is the probability that a step cures.
func (e *Engine) gain(s *situation, step int) float64 {
	sum := 0.0
	for _, fix := range e.steps[step].fixes {
		sum += s.p[fix.Cause] * fix.P
	}
	return min(sum, 1)
}

// leastVenture is the chance to cure from which on a step may be taken that would do harm to another fault.
const leastVenture = 0.25

// offChance says that a step could do harm (it breaks a forbidding hazard of some fault) and would probably not help. Such
// a step is not taken on the off chance, although the harmful faults are improbable: improbable is what they always are
// when little is known.
func (e *Engine) offChance(s *situation, step int) bool {
	return slices.ContainsFunc(e.steps[step].Breaks, forbidding) && e.gain(s, step) < leastVenture
}

// doable says whether somebody present can take a step now that was not tried yet; hazards are another matter.
func (e *Engine) doable(s *situation, step int) bool {
	st := e.steps[step]
	if st.Kind == pack.Handover || !s.in.Audience.performs(st.By) {
		return false
	}
	for _, a := range s.in.Tried {
		if a.Step == st.ID {
			return false
		}
	}
	for variable, states := range st.Needs {
		if f, known := s.ev.set[variable]; known && !slices.Contains(states, f.State) {
			return false
		}
	}
	return true
}

// probe is the reading by a machine that tells most, as long as it tells something.
func (e *Engine) probe(s *situation) *Next {
	if !s.in.Audience.Remote {
		return nil
	}
	for _, c := range s.unseen {
		if c.nats < leastTold {
			break
		}
		if c.v.Probe != "" && s.dangers.mayFindOut(c.v.ID) {
			return &Next{Kind: Probe, ID: c.v.ID, By: "remote", Text: c.v.Name, Cost: pack.Cost{DeskMin: c.v.Minutes},
				Minutes: c.v.Minutes, Hazards: e.leadingHazards(s)}
		}
	}
	return nil
}

// takeOver hands the case to the party of the leading fault; where that party is present and knows no more, to whoever can
// judge the next fault on the list.
func (e *Engine) takeOver(s *situation) *Next {
	for _, f := range s.order {
		fault := &e.pack.Faults[f]
		for _, party := range append([]string{fault.Who}, fault.Also...) {
			if s.in.Audience.performs(party) || e.handedOver(s, party) {
				continue
			}
			if n := e.handOver(s, party); n != nil {
				return n
			}
		}
	}
	return nil
}

func (e *Engine) handedOver(s *situation, party string) bool {
	i, ok := e.handover[party]
	return ok && slices.ContainsFunc(s.in.Tried, func(a Attempt) bool { return a.Step == e.steps[i].ID })
}

func (e *Engine) handOver(s *situation, party string) *Next {
	i, ok := e.handover[party]
	if !ok {
		return nil
	}
	return e.do(s, i, 0)
}

// do words a step.
func (e *Engine) do(s *situation, i int, expected float64) *Next {
	st := e.steps[i]
	n := &Next{Kind: Do, ID: st.ID, By: st.By, Text: st.Name, Do: st.Do, Cost: st.Cost, Minutes: stepMinutes(st.Cost),
		Command: st.Command, Hazards: e.leadingHazards(s), Expected: expected, Fixes: e.gain(s, i)}
	if st.Kind == pack.Handover {
		n.Kind = Handover
	}
	n.First = s.dangers.first(st, e.carried(s, i))
	n.Hazards = slices.DeleteFunc(n.Hazards, func(h string) bool { return slices.Contains(n.First, h) }) // said once
	return n
}

func stepMinutes(c pack.Cost) float64 { return max(c.MerchantMin, c.DeskMin, c.DowntimeMin) }

// carried are the hazards of the faults a step is meant for, most probable first.
func (e *Engine) carried(s *situation, i int) []string {
	var out []string
	for _, f := range s.order[:min(len(s.order), MaxRanked)] {
		if !e.cures(i, f) {
			continue
		}
		for _, h := range e.pack.Faults[f].Hazards {
			if !slices.Contains(out, h) {
				out = append(out, h)
			}
		}
	}
	return out
}

// leadingShare is the probability from which on a fault's hazards are shown beside every step.
const leadingShare = 0.1

func (e *Engine) leadingHazards(s *situation) []string {
	var out []string
	for i, f := range s.order {
		if i > 0 && s.p[f] < leadingShare {
			break
		}
		for _, h := range e.pack.Faults[f].Hazards {
			if !slices.Contains(out, h) {
				out = append(out, h)
			}
		}
	}
	return out
}

// withheld names the steps that somebody would naturally take against the leading faults and must not.
func (e *Engine) withheld(s *situation) []Withheld {
	var out []Withheld
	for i := range e.steps {
		if !e.doable(s, i) || !e.natural(s, i) {
			continue
		}
		if h := s.dangers.forbids(e.steps[i]); h != "" {
			out = append(out, Withheld{Step: e.steps[i].ID, Name: e.steps[i].Name, Hazard: h, Fault: s.dangers.carrier[h]})
		}
	}
	return out
}

const naturalFaults = 5

func (e *Engine) natural(s *situation, i int) bool {
	for _, f := range s.order[:min(len(s.order), naturalFaults)] {
		if e.cures(i, f) && s.p[f] >= e.policy.HazardMass {
			return true
		}
	}
	return false
}

func (e *Engine) ask(s *situation, v *variable, expected float64) *Next {
	n := &Next{Kind: Ask, ID: v.ID, By: s.in.Audience.answers(v.Ask), Text: v.Question, Cost: askCost(s, v), Minutes: v.Minutes,
		Hazards: e.leadingHazards(s), Expected: expected}
	for _, state := range v.States {
		n.Choices = append(n.Choices, Choice{State: state.ID, Text: lang.Text(state.Words)})
	}
	return n
}

func askCost(s *situation, v *variable) pack.Cost {
	if s.in.Audience.answers(v.Ask) == "merchant" {
		return pack.Cost{MerchantMin: v.Minutes, DowntimeMin: v.Minutes}
	}
	return pack.Cost{DeskMin: v.Minutes, DowntimeMin: v.Minutes}
}

// askable says whether somebody present can be asked for a variable.
func (e *Engine) askable(s *situation, v *variable) bool {
	return !v.Question.Empty() && e.unknowns(s) < e.policy.Unknowns && s.in.Audience.answers(v.Ask) != "" && s.dangers.mayFindOut(v.ID)
}

// unknowns counts what the shop was asked and could not say. What a machine could not read, or the desk could not look up, is
// no sign of the shop's patience.
func (e *Engine) unknowns(s *situation) int {
	n := 0
	for _, id := range s.in.Unknown {
		v, known := e.variables[id]
		if !known || (!e.machineOnly(v, s.in.Audience) && s.in.Audience.answers(v.Ask) == "merchant") {
			n++
		}
	}
	return n
}

// tired grows with what people could not answer: who did not know the last three things is half as likely to know the next.
func (e *Engine) tired(s *situation) float64 { return 1 + float64(e.unknowns(s))/3 }
