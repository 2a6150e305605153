package bayes_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/posmedic/posmedic/internal/bayes"
)

// family says how problems of a kind are drawn. The two kinds are the ones that separate planners: in the mixed one costs
// of actions and questions overlap; in the sharp one, which is how card terminals are, looking is cheap and repairing dear.
type family struct {
	name             string
	action, question [2]float64 // from, to
	service          float64
	clear            float64 // chance that an answer under a cause is nearly certain; otherwise it is even
	overlap          float64 // how many further causes an action touches on average
	certain          float64 // chance that a cure is sure
	causesPerAction  float64
	answers          int
}

func mixed() family {
	return family{
		name: "mixed", action: [2]float64{1, 30}, question: [2]float64{0.5, 10}, service: 100,
		clear: 0.8, overlap: 0.7, certain: 0.4, causesPerAction: 1.5, answers: 2,
	}
}

func sharp() family {
	f := mixed()
	f.name, f.action, f.question, f.service = "sharp", [2]float64{5, 60}, [2]float64{0.2, 2}, 200
	return f
}

func (k family) title(actions, questions int) string {
	return fmt.Sprintf("%s, %d actions and %d questions", k.name, actions, questions)
}

func (k family) draw(seed uint64, actions, questions int) ([]float64, bayes.Problem) {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	causes := int(math.Ceil(k.causesPerAction * float64(actions)))
	between := func(b [2]float64) float64 { return b[0] + (b[1]-b[0])*r.Float64() }
	problem := bayes.Problem{Service: k.service}
	for a := range actions {
		fixes := map[int]float64{a % causes: k.chance(r)}
		for r.Float64() < k.overlap/(1+k.overlap) {
			fixes[r.IntN(causes)] = k.chance(r)
		}
		action := bayes.Action{Cost: between(k.action)}
		for f := range causes {
			if p, ok := fixes[f]; ok {
				action.Fixes = append(action.Fixes, bayes.Fix{Cause: f, P: p})
			}
		}
		problem.Actions = append(problem.Actions, action)
	}
	for range questions {
		problem.Questions = append(problem.Questions, bayes.Question{Cost: between(k.question), Answers: k.answer(r, causes)})
	}
	return distribution(r, causes), problem
}

func (k family) chance(r *rand.Rand) float64 {
	if r.Float64() < k.certain {
		return 1
	}
	return 0.6 + 0.4*r.Float64()
}

// answer draws P(answer | cause): the right answer is nearly certain, or all are even.
func (k family) answer(r *rand.Rand, causes int) [][]float64 {
	answers := make([][]float64, k.answers)
	for a := range answers {
		answers[a] = make([]float64, causes)
	}
	for f := range causes {
		right, slip := r.IntN(k.answers), 0.13*r.Float64()
		for a := range answers {
			answers[a][f] = slip / float64(k.answers-1)
		}
		answers[right][f] = 1 - slip
		if r.Float64() >= k.clear {
			for a := range answers {
				answers[a][f] = 1 / float64(k.answers)
			}
		}
	}
	return answers
}

func distribution(r *rand.Rand, n int) []float64 {
	w, total := make([]float64, n), 0.0
	for f := range w {
		w[f] = r.ExpFloat64()
		total += w[f]
	}
	for f := range w {
		w[f] /= total
	}
	return w
}
