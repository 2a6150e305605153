package bayes

// compile brings the problem into the form that planning needs. Chances that the answers to a question are written with
// few digits are brought to a sum of one, so that masses add up.
func (p *Planner) compile() {
	n := len(p.problem.Questions)
	p.fixes, p.tests = zero(p.fixes, len(p.problem.Actions)), zero(p.tests, n+len(p.problem.Actions))
	p.touches = zero(p.touches, p.causes)
	for q := range p.problem.Questions {
		p.tests[q] = p.answers(&p.problem.Questions[q])
	}
	for a := range p.problem.Actions {
		action := &p.problem.Actions[a]
		p.cheap[a] = 1 / max(action.Cost, free)
		p.fixes[a] = together(action)
		for _, fix := range p.fixes[a] {
			p.touches[fix.Cause] = append(p.touches[fix.Cause], touch{a, fix.P})
		}
		if action.Undone > 0 || action.Tells != nil {
			p.tests[n+a] = p.outcomes(action)
		}
	}
}

// answers are the rows of a question, "don't know" last where that may happen.
func (p *Planner) answers(q *Question) [][]float64 {
	if q.Unknown == 0 && exact(q.Answers, p.causes) {
		return q.Answers
	}
	rows := make([][]float64, 0, len(q.Answers)+1)
	for _, answer := range q.Answers {
		rows = append(rows, scaled(answer, q.Answers, 1-q.Unknown))
	}
	if q.Unknown > 0 {
		rows = append(rows, constant(p.causes, q.Unknown))
	}
	return rows
}

// outcomes are the rows of an action that was carried out and did not cure, one for each thing seen, and of one that could
// not be carried out.
func (p *Planner) outcomes(a *Action) [][]float64 {
	tells := a.Tells
	if tells == nil {
		tells = [][]float64{constant(p.causes, 1)}
	}
	rows := make([][]float64, 0, len(tells)+1)
	for _, told := range tells {
		row := scaled(told, tells, 1-a.Undone)
		for _, fix := range a.Fixes {
			row[fix.Cause] *= 1 - fix.P
		}
		rows = append(rows, row)
	}
	if a.Undone > 0 {
		rows = append(rows, constant(p.causes, a.Undone))
	}
	return rows
}

// exact reports whether answers sum to one without any correction.
func exact(answers [][]float64, causes int) bool {
	for f := range causes {
		if column(answers, f) != 1 {
			return false
		}
	}
	return true
}

func column(answers [][]float64, f int) float64 {
	total := 0.0
	for _, answer := range answers {
		total += answer[f]
	}
	return total
}

// scaled is an answer times a factor, with all answers brought to a sum of one.
func scaled(answer []float64, all [][]float64, factor float64) []float64 {
	row := make([]float64, len(answer))
	for f, l := range answer {
		row[f] = factor * l / column(all, f)
	}
	return row
}

func constant(n int, x float64) []float64 {
	row := make([]float64, n)
	for f := range row {
		row[f] = x
	}
	return row
}

// together are the chances of an action with one entry a cause: several mechanisms that cure a cause work independently, and
// none of them if the action cannot be carried out.
func together(a *Action) []Fix {
	fixes := make([]Fix, 0, len(a.Fixes))
	for i, fix := range a.Fixes {
		fails, first := 1.0, true
		for j, other := range a.Fixes {
			if other.Cause == fix.Cause {
				fails *= 1 - other.P
				first = first && j >= i
			}
		}
		if first && fails < 1 {
			fixes = append(fixes, Fix{Cause: fix.Cause, P: (1 - fails) * (1 - a.Undone)})
		}
	}
	return fixes
}
