package console

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/pack"
)

type answerInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Variable string `json:"variable" minLength:"1" maxLength:"64"`
		State    string `json:"state" maxLength:"128" doc:"empty: nobody knows"`
	}
}

type stepInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Step string `json:"step" minLength:"1" maxLength:"128"`
	}
}

type attemptInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Done bool   `json:"done" doc:"false: it could not be done"`
		Text string `json:"text,omitempty" maxLength:"500"`
	}
}

type caseInput struct {
	ID string `path:"id" maxLength:"64"`
}

var errAnswer = problem.New(problem.Invalid, "console.answer",
	lang.Text{ZH: "这个回答不在可选范围内", EN: "this is not one of the answers"})

func (d *Door) caseRoutes() {
	register(d, huma.Operation{OperationID: "get-case", Method: http.MethodGet, Path: "/api/v1/cases/{id}",
		Summary: "one case, open or closed"}, access.SeeFleet, d.getCase)
	register(d, huma.Operation{OperationID: "answer-case", Method: http.MethodPost, Path: "/api/v1/cases/{id}/answers",
		Summary: "answer a question, or say that nobody knows"}, access.AnswerCase, d.answerCase)
	register(d, huma.Operation{OperationID: "start-step", Method: http.MethodPost, Path: "/api/v1/cases/{id}/steps",
		Summary: "carry out a step; what hazards forbid stays forbidden"}, access.RepairTerminal, d.startStep)
	register(d, huma.Operation{OperationID: "finish-attempt", Method: http.MethodPost, Path: "/api/v1/attempts/{id}",
		Summary: "say that a step was done, or could not be"}, access.RepairTerminal, d.finishAttempt)
}

func (d *Door) getCase(ctx context.Context, in *caseInput) (*struct{ Body CaseView }, error) {
	c, err := d.Cases.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	view, err := d.caseView(ctx, c)
	if err != nil {
		return nil, err
	}
	return &struct{ Body CaseView }{*view}, nil
}

func (d *Door) answerCase(ctx context.Context, in *answerInput) (*struct{}, error) {
	c, err := d.Cases.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !c.Open() {
		return nil, casefile.ErrMove // what is said now belongs to no case, and nobody would ever forget it
	}
	who := callerOf(ctx)
	v, ok := d.Pack().Variable(in.Body.Variable)
	if !ok || (in.Body.State != "" && v.Type == pack.State && !hasState(v, in.Body.State)) {
		return nil, errAnswer
	}
	if v.Type != pack.State {
		in.Body.State, _ = carddata.Scrub(in.Body.State) // free words are kept with the case
	}
	if in.Body.State == "" {
		return &struct{}{}, d.Loop.Skip(ctx, c.ID, v.ID, who.user.Name)
	}
	if err := d.Loop.Say(ctx, c.Terminal, d.answer(v, in.Body.State)); err != nil {
		return nil, err
	}
	return &struct{}{}, d.Cases.Note(ctx, casefile.Entry{
		Case: c.ID, At: d.Now(), Kind: "answered", By: who.user.Name, Text: d.answerText(v, in.Body.State),
	})
}

// answer is what an answer says; free words may say more than one thing, and are kept themselves as well, or words that
// nobody understands would be asked for again and again.
func (d *Door) answer(v *pack.Variable, state string) []finding.Finding {
	source := finding.Agent
	if len(v.Ask) > 0 && v.Ask[0] == string(finding.Merchant) {
		source = finding.Merchant
	}
	if v.Type == pack.Words {
		findings, _ := d.Loop.Read(state, d.Now())
		if slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Variable == v.ID }) {
			return findings
		}
		return append(findings, finding.Finding{Variable: v.ID, State: state, At: d.Now(), Source: source})
	}
	return []finding.Finding{{Variable: v.ID, State: state, At: d.Now(), Source: source}}
}

func (d *Door) answerText(v *pack.Variable, state string) lang.Text {
	words := lang.Text{ZH: state, EN: state}
	for _, s := range v.States {
		if s.ID == state {
			words = s.Words
		}
	}
	return lang.Text{ZH: v.Name.ZH + "：" + words.ZH, EN: v.Name.EN + ": " + words.EN}
}

func hasState(v *pack.Variable, state string) bool {
	for _, s := range v.States {
		if s.ID == state {
			return true
		}
	}
	return false
}

func (d *Door) startStep(ctx context.Context, in *stepInput) (*struct{ Body repair.Attempt }, error) {
	c := callerOf(ctx)
	a, err := d.Loop.Start(ctx, in.ID, in.Body.Step, c.user.Name)
	if err != nil {
		return nil, err
	}
	return &struct{ Body repair.Attempt }{a}, d.audit(ctx, "repair.start", a.ID)
}

func (d *Door) finishAttempt(ctx context.Context, in *attemptInput) (*struct{ Body repair.Attempt }, error) {
	text, _ := carddata.Scrub(in.Body.Text)
	if err := d.Loop.Finish(ctx, in.ID, callerOf(ctx).user.Name, in.Body.Done, text); err != nil {
		return nil, err
	}
	if err := d.audit(ctx, "repair.finish", in.ID); err != nil {
		return nil, err
	}
	a, err := d.Loop.Attempt(ctx, in.ID)
	return &struct{ Body repair.Attempt }{a}, err
}

func (d *Door) audit(ctx context.Context, what, target string) error {
	return d.Access.Audit(ctx, callerOf(ctx).actor(), what, target)
}

// caseView joins a case with its words.
func (d *Door) caseView(ctx context.Context, c casefile.Case) (*CaseView, error) {
	view := &CaseView{
		CaseFacts: factsOf(c), Words: map[string]Words{}, Steps: map[string]StepView{}, Hazards: map[string]lang.Text{},
	}
	var err error
	if view.Attempts, err = d.Loop.Attempts(ctx, c.ID); err != nil {
		return nil, err
	}
	if view.Timeline, err = d.Cases.Timeline(ctx, c.ID, 0, 200); err != nil {
		return nil, err
	}
	for _, a := range view.Attempts {
		d.step(view.Steps, a.Step)
		d.word(view.Words, a.Step) // a probe is named by what it reads
	}
	if len(c.Diagnosis) > 0 {
		var diagnosis diagnose.Diagnosis
		if err := json.Unmarshal(c.Diagnosis, &diagnosis); err != nil {
			return nil, err
		}
		for i, r := range diagnosis.Ranked {
			diagnosis.Ranked[i].Word = diagnose.WordFor(r.P) // an older program had other words
		}
		view.Diagnosis = &diagnosis
		d.wordsOf(view, diagnosis)
	}
	return view, nil
}

func factsOf(c casefile.Case) CaseFacts {
	return CaseFacts{
		ID: c.ID, Terminal: c.Terminal, State: string(c.State), OpenedAt: c.OpenedAt, OpenedBy: c.OpenedBy,
		ClosedAt: when(c.ClosedAt), Outcome: string(c.Outcome), Incident: c.Incident, Reopened: c.Reopened, Revision: c.Revision,
	}
}

func (d *Door) wordsOf(view *CaseView, g diagnose.Diagnosis) {
	for _, r := range g.Ranked {
		for _, reason := range append(append([]diagnose.Reason(nil), r.For...), r.Against...) {
			d.word(view.Words, reason.Variable)
		}
		d.hazards(view, r.Hazards...)
	}
	for _, f := range g.Evidence {
		d.word(view.Words, f.Variable)
	}
	for _, v := range g.Unlooked {
		d.word(view.Words, v)
	}
	for _, w := range g.Withheld {
		d.step(view.Steps, w.Step)
		d.hazards(view, w.Hazard)
	}
	if g.Next != nil {
		d.step(view.Steps, g.Next.ID)
		d.word(view.Words, g.Next.ID)
		d.hazards(view, append(append([]string(nil), g.Next.First...), g.Next.Hazards...)...)
	}
}

func (d *Door) word(into map[string]Words, id string) {
	v, ok := d.Pack().Variable(id)
	if !ok {
		return
	}
	w := Words{Name: v.Name, States: map[string]lang.Text{}}
	for _, s := range v.States {
		w.States[s.ID] = s.Words
	}
	into[id] = w
}

func (d *Door) step(into map[string]StepView, id string) {
	if s, ok := d.Pack().Step(id); ok {
		into[id] = StepView{Name: s.Name, By: s.By, Do: s.Do, SideEffects: s.SideEffects, Remote: s.By == "remote"}
	}
}

func (d *Door) hazards(view *CaseView, ids ...string) {
	for _, id := range ids {
		if h, ok := pack.FindHazard(id); ok {
			view.Hazards[id] = h.Words
		}
	}
}
