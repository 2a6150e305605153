package diagnose

import (
	"cmp"
	"math"
	"slices"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/pack"
)

func (x *explainer) technician(record Record) ForTechnician {
	t := ForTechnician{
		Leading: x.leading(), Weights: []EvidenceWeight{},
		Model: ModelRevision{Pack: x.e.pack.Ref, Engine: Revision, Faults: x.e.faults, Act: x.e.policy.Act, HazardMass: x.e.policy.HazardMass},
	}
	if x.s == nil {
		return t
	}
	leader := x.s.leader()
	t.Prior, t.Now = oddsOf(x.e.priorOf(leader)), oddsOf(x.d.Ranked[0].P)
	t.Weights = x.weights(leader)
	if x.d.Next != nil {
		t.Cost = x.costing(x.d.Next)
		t.Record = x.track(x.d.Next, record)
	}
	return t
}

// Decibans turns a weight of evidence in nats into tenths of a factor of ten.
func Decibans(nats float64) float64 { return nats * 10 / math.Ln10 }

// oddsOf bounds the odds, so that certainty stays printable.
func oddsOf(p float64) Odds {
	const bound = 150
	db := 10 * math.Log10(p/(1-p))
	return Odds{P: p, Decibans: max(-bound, min(bound, db))}
}

// weights are those of all findings on one fault, strongest first.
func (x *explainer) weights(fault int) []EvidenceWeight {
	out := []EvidenceWeight{}
	for _, w := range x.e.weigh(x.s, fault) {
		w.Text, w.Decibans = x.e.stateText(w.Variable, w.State), Decibans(w.Nats)
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b EvidenceWeight) int {
		return cmp.Or(cmp.Compare(abs(b.Nats), abs(a.Nats)), cmp.Compare(a.Variable, b.Variable))
	})
	return out
}

// costing takes the cost of the next step apart. Its sum is what the planner went by.
func (x *explainer) costing(n *Next) *Costing {
	w, cost := x.e.policy.Weights, n.Cost
	parts := []CostPart{
		{ID: "merchant", Name: lang.Text{ZH: "店里的时间（分钟）", EN: "minutes of the shop's people"}, Amount: cost.MerchantMin, Weight: w.Merchant},
		{ID: "desk", Name: lang.Text{ZH: "客服或后台的时间（分钟）", EN: "minutes of help desk or back office"}, Amount: cost.DeskMin, Weight: w.Desk},
		{ID: "downtime", Name: lang.Text{ZH: "不能收款的时间（分钟）", EN: "minutes without sales"}, Amount: min(cost.DowntimeMin, standIn), Weight: w.Downtime},
		{ID: "truck", Name: lang.Text{ZH: "上门（次）", EN: "truck rolls"}, Amount: cost.Truck, Weight: w.Truck},
		{ID: "money", Name: lang.Text{ZH: "配件和费用（元）", EN: "parts and fees (CNY)"}, Amount: cost.Money, Weight: w.Money},
		{ID: "risk", Name: lang.Text{ZH: "弄得更糟的可能", EN: "chance to make it worse"}, Amount: cost.Risk, Weight: w.Risk},
		{ID: "insult", Name: lang.Text{ZH: "让人觉得多余", EN: "how foolish it feels"}, Amount: cost.Insult, Weight: w.Insult},
	}
	if (n.Kind == Do || n.Kind == Handover) && n.By != "remote" {
		parts = append(parts, CostPart{ID: "attempt", Name: lang.Text{ZH: "请人动手（次）", EN: "a repair asked of a person"}, Amount: 1, Weight: w.Attempt})
	}
	if n.Kind == Ask {
		parts = append(parts, CostPart{ID: "question", Name: lang.Text{ZH: "提问（次）", EN: "a question"}, Amount: 1, Weight: w.Question})
	}
	c := &Costing{}
	for _, p := range parts {
		p.Minutes = p.Amount * p.Weight
		c.Minutes += p.Minutes
		c.Parts = append(c.Parts, p)
	}
	if patience := x.e.tired(x.s) - 1; n.Kind == Ask && patience > 0 {
		more := CostPart{ID: "patience", Name: lang.Text{ZH: "问过答不上来的，耐心变少", EN: "patience lost on what could not be answered"}, Amount: patience, Weight: c.Minutes}
		more.Minutes = more.Amount * more.Weight
		c.Minutes += more.Minutes
		c.Parts = append(c.Parts, more)
	}
	return c
}

func (x *explainer) track(n *Next, record Record) *TrackRecord {
	if record == nil || (n.Kind != Do && n.Kind != Handover) {
		return nil
	}
	t := &TrackRecord{Step: n.ID, Fault: x.d.Ranked[0].Fault, Name: n.Text}
	t.Tried, t.Helped = record(t.Step, t.Fault)
	return t
}

// without is the expected cost of repair if the next step could not be taken: the same question put to an engine whose
// knowledge lacks it. 0 where nothing would be weighed then, and where the two lie within the planner's own error: doing
// without can never truly cost less, since whoever may do a thing may leave it.
func (x *explainer) without(n *Next) float64 {
	p := *x.e.pack
	switch n.Kind {
	case Ask:
		p.Variables = slices.Clone(p.Variables)
		for i := range p.Variables {
			if p.Variables[i].ID == n.ID {
				p.Variables[i].Question, p.Variables[i].Ask = lang.Text{}, nil
			}
		}
	case Do, Handover:
		p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s pack.Step) bool { return s.ID == n.ID })
	default:
		return 0
	}
	other := New(&p, x.e.policy).Diagnose(x.in).Next
	if other == nil || other.Expected < n.Expected {
		return 0
	}
	return other.Expected
}
