package bayes_test

import (
	"testing"

	"github.com/posmedic/posmedic/internal/bayes"
)

// measured is how far strategies are from the best ones, as shares of their cost.
type measured struct {
	n            int
	total, worst float64
}

func (m *measured) add(t *testing.T, seed int, cost, optimum, blind float64) {
	t.Helper()
	gap := cost/optimum - 1
	if gap < -1e-9 {
		t.Errorf("seed %d: %v is below the optimum %v", seed, cost, optimum)
	}
	if cost > blind*(1+1e-9) {
		t.Errorf("seed %d: %v is dearer than acting by p/c, %v", seed, cost, blind)
	}
	m.n, m.total, m.worst = m.n+1, m.total+gap, max(m.worst, gap)
}

func (m *measured) within(t *testing.T, mean, worst float64) {
	t.Helper()
	t.Logf("%d problems: mean gap %.4f %%, worst %.3f %%", m.n, 100*m.total/float64(m.n), 100*m.worst)
	if m.n == 0 || m.total/float64(m.n) > mean || m.worst > worst {
		t.Errorf("at most %.4f %% on average and %.3f %% are allowed", 100*mean, 100*worst)
	}
}

// many is mixed with three answers a question.
func many() family {
	f := mixed()
	f.name, f.answers = "three answers", 3
	return f
}

// TestGapToTheOptimum draws problems, solves them by the reference, and follows the planner's strategy: with its own limits,
// which solve these exactly, and with so few states that it has to choose what to plan over.
func TestGapToTheOptimum(t *testing.T) {
	t.Parallel()
	few := bayes.Limits{Exact: 1 << 9, Plan: 1 << 9, Effort: 1_000_000}
	for _, c := range []struct {
		family             family
		actions, questions int
		problems           int
		mean, worst        float64 // allowed with few states
	}{
		{mixed(), 6, 2, 50, 1e-9, 1e-9}, {sharp(), 6, 2, 50, 1e-9, 1e-9}, {many(), 6, 2, 40, 1e-9, 1e-9},
		{mixed(), 8, 4, 15, 0.002, 0.015}, {sharp(), 8, 4, 15, 0.002, 0.015},
		{mixed(), 9, 3, 15, 0.0005, 0.005}, {sharp(), 9, 3, 15, 0.0005, 0.005},
		{mixed(), 6, 6, 8, 0.005, 0.02}, {sharp(), 6, 6, 8, 0.015, 0.04},
	} {
		t.Run(c.family.title(c.actions, c.questions), func(t *testing.T) {
			t.Parallel()
			var wide, tight measured
			for seed := range c.problems {
				w, problem := c.family.draw(uint64(seed), c.actions, c.questions)
				best := optimum(w, problem)
				p := bayes.NewPlanner(len(w), problem, bayes.DefaultLimits())
				wide.add(t, seed, strategy(p, problem, w), best, p.ECR(w))
				tight.add(t, seed, strategy(bayes.NewPlanner(len(w), problem, few), problem, w), best, p.ECR(w))
			}
			wide.within(t, 1e-9, 1e-9)
			tight.within(t, c.mean, c.worst)
		})
	}
}

// TestGapOnProblemsTooLargeToSolve holds the planner against optima that the reference needs minutes and hundreds of
// megabytes for. They belong to the seeds 0, 1, 2 … of each family; a change of the generator makes them void, which the
// first of them, solved again, would show.
func TestGapOnProblemsTooLargeToSolve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		family             family
		actions, questions int
		optima             []float64
	}{
		{mixed(), 13, 4, []float64{61.528526613618737, 63.833125148404903, 71.10372458277908, 73.502225007194738, 77.590626547281417, 80.614560469884054}},
		{sharp(), 13, 4, []float64{108.51240904992088, 98.581775283735283, 126.50709203358929, 125.99365622152304, 134.07751246832382, 139.38776364966466}},
		{mixed(), 14, 4, []float64{51.688181448890312, 65.90299790110042, 83.519775833309865, 75.659315374243107, 87.625396908576974, 60.905147275265492}},
		{sharp(), 14, 4, []float64{86.128660238187791, 114.79444621269383, 143.54361302448697, 131.81207739470889, 160.0157524336621, 104.57770011468372}},
		{mixed(), 16, 5, []float64{65.156633107368975, 73.613778677331467, 87.77691822522668}},
		{sharp(), 16, 5, []float64{104.75928616257616, 110.07741928736469, 144.07720618908112}},
		{mixed(), 9, 9, []float64{68.27185761719241, 45.397254398340316, 77.947494147142692, 68.871886487861772, 60.722190618910332, 55.753633666185038}},
		{sharp(), 9, 9, []float64{118.69333151136479, 72.091347653455585, 131.43357103198559, 116.16807218744297, 107.71666104372351, 87.888751656699185}},
		{mixed(), 10, 10, []float64{46.737361679417397, 45.92174333153789}},
		{sharp(), 10, 10, []float64{78.609232866956674, 72.25242952564524}},
	} {
		t.Run(c.family.title(c.actions, c.questions), func(t *testing.T) {
			t.Parallel()
			if testing.Short() && c.questions > 4 {
				t.Skip("thousands of steps are planned; left out with -short")
			}
			var m measured
			for seed, best := range c.optima {
				w, problem := c.family.draw(uint64(seed), c.actions, c.questions)
				p := bayes.NewPlanner(len(w), problem, bayes.DefaultLimits())
				m.add(t, seed, strategy(p, problem, w), best, p.ECR(w))
			}
			if c.questions > 5 {
				m.within(t, 0.005, 0.01)
			} else {
				m.within(t, 0.0005, 0.002)
			}
		})
	}
	t.Run("the first of these optima is what the reference finds", func(t *testing.T) {
		t.Parallel()
		w, problem := mixed().draw(0, 13, 4)
		const listed = 61.528526613618737
		if got := optimum(w, problem); got != listed {
			t.Errorf("got %v, listed is %v", got, float64(listed))
		}
	})
}

// outlook draws the largest problem that a step is planned for within the time of an interactive answer.
func outlook() ([]float64, bayes.Problem) {
	f := sharp()
	f.causesPerAction = 100.0 / 60
	return f.draw(1, 60, 80)
}

func TestEffortIsBounded(t *testing.T) {
	t.Parallel()
	limits := bayes.DefaultLimits()
	t.Run("on a hundred causes, sixty actions and eighty questions", func(t *testing.T) {
		t.Parallel()
		w, problem := outlook()
		p := bayes.NewPlanner(len(w), problem, limits)
		if p.Next(w); p.Effort() > 2*limits.Effort {
			t.Errorf("it took %d operations", p.Effort())
		}
	})
	t.Run("where every action touches every cause", func(t *testing.T) {
		t.Parallel()
		w, problem := outlook()
		for a := range problem.Actions {
			for f := range w {
				problem.Actions[a].Fixes = append(problem.Actions[a].Fixes, bayes.Fix{Cause: f, P: 0.01 * float64(1+(a*f)%7)})
			}
		}
		p := bayes.NewPlanner(len(w), problem, limits)
		if p.Next(w); p.Effort() > 4*limits.Effort {
			t.Errorf("it took %d operations", p.Effort())
		}
	})
}

func TestNextDoesNotAllocate(t *testing.T) {
	w, problem := outlook()
	problem.Clusters = []bayes.Cluster{{Cost: 30}}
	problem.Actions[3].Cluster, problem.Questions[5].Cluster = 1, 1
	problem.Actions[4].Undone, problem.Questions[6].Unknown = 0.1, 0.2
	p := bayes.NewPlanner(len(w), problem, bayes.DefaultLimits())
	p.Next(w)
	if n := testing.AllocsPerRun(3, func() { p.Next(w) }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}

func BenchmarkNextOnALargeProblem(b *testing.B) {
	w, problem := outlook()
	p := bayes.NewPlanner(len(w), problem, bayes.DefaultLimits())
	b.ReportAllocs()
	for b.Loop() {
		p.Next(w)
	}
}
