package diagnose

import (
	"cmp"
	"math"

	"github.com/posmedic/posmedic/internal/bayes"
	"github.com/posmedic/posmedic/pack"
)

// Policy is what an operator may decide about how the engine acts. The zero value takes every default.
type Policy struct {
	Act        float64 // act on the leading fault from this probability on; 0 means 0.8
	HazardMass float64 // withhold a step when the faults it could harm together exceed this probability; 0 means 0.02
	Unknowns   int     // after so many "don't know" no person is asked any more; 0 means 10
	Weights    Weights // zero means DefaultWeights
	Limits     bayes.Limits
}

// Weights turn the components of a cost into minutes of a person's work.
type Weights struct {
	Merchant float64 // a minute of the shop's people
	Desk     float64 // a minute of the help desk
	Downtime float64 // a minute without sales
	Truck    float64 // a truck roll
	Money    float64 // one CNY
	Risk     float64 // making things worse for certain
	Insult   float64 // a step that feels foolish
	Attempt  float64 // every repair asked of a person, for the explaining and the hope that is lost when it fails
	Question float64 // every question, beside the minutes to find the answer
}

// DefaultWeights are judgements: a lost minute of sales counts half a minute of work because trade at a counter is not
// dense; a truck roll is four hours of travel and work; one CNY is a minute of a desk agent.
func DefaultWeights() Weights {
	return Weights{Merchant: 1, Desk: 1, Downtime: 0.5, Truck: 240, Money: 1, Risk: 240, Insult: 15, Attempt: 8, Question: 0.5}
}

// With gives the weights with one of them set by its name (merchant, desk, downtime, truck, money, risk, insult, attempt, question);
// false where there is no such weight or the value cannot be one.
func (w Weights) With(name string, value float64) (Weights, bool) {
	field, known := map[string]*float64{
		"merchant": &w.Merchant, "desk": &w.Desk, "downtime": &w.Downtime, "truck": &w.Truck, "money": &w.Money,
		"risk": &w.Risk, "insult": &w.Insult, "attempt": &w.Attempt, "question": &w.Question,
	}[name]
	if !known || !(value >= 0) || math.IsInf(value, 1) {
		return w, false
	}
	*field = value
	return w, true
}

// standIn is how many minutes of downtime count: after a working day the shop has found another way to take money.
const standIn = 480

func (p Policy) withDefaults() Policy {
	p.Act = cmp.Or(p.Act, 0.8)
	p.HazardMass = cmp.Or(p.HazardMass, 0.02)
	p.Unknowns = cmp.Or(p.Unknowns, 10)
	p.Weights = cmp.Or(p.Weights, DefaultWeights())
	p.Limits = cmp.Or(p.Limits, bayes.DefaultLimits())
	return p
}

// minutes weighs a cost; at least a tenth of a minute, since nothing is free.
func (w Weights) minutes(c pack.Cost) float64 {
	total := w.Merchant*c.MerchantMin + w.Desk*c.DeskMin + w.Downtime*min(c.DowntimeMin, standIn) +
		w.Truck*c.Truck + w.Money*c.Money + w.Risk*c.Risk + w.Insult*c.Insult
	return max(total, 0.1)
}
