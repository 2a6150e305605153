package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/knowledge"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/pack"
)

// Knowledge is what the door asks about what was learned. Nothing of it happens unless a person asks for it.
type Knowledge interface {
	BuiltIn() *pack.Pack
	Revisions(ctx context.Context) ([]knowledge.Entry, error)
	Candidates(ctx context.Context) ([]learn.Candidate, error)
	Propose(ctx context.Context) (learn.Candidate, error)
	Promote(ctx context.Context, id string) (learn.Candidate, error)
	RollBack(ctx context.Context) error
}

// KnowledgeView says which knowledge is in force and what waits for a decision.
type KnowledgeView struct {
	Active     pack.Ref        `json:"active"`
	BuiltIn    pack.Ref        `json:"built_in"`
	Revisions  []RevisionView  `json:"revisions"` // beside the built-in one, newest first
	Candidates []CandidateView `json:"candidates"`
}

// RevisionView is a revision that is, or was, in force.
type RevisionView struct {
	Ref    pack.Ref  `json:"ref"`
	At     time.Time `json:"at"`
	Active bool      `json:"active"`
}

// CandidateView is a candidate with the gate's report and names for what it changes.
type CandidateView struct {
	learn.Candidate
	State learn.CandidateState `json:"state" enum:"rejected,shadow,passed,promoted,rolled_back"`
	May   bool                 `json:"may_promote"` // the gate let it pass, and nothing has changed since
	Names map[string]lang.Text `json:"names"`       // of the faults and steps in the changes
	Words map[string]Words     `json:"words"`       // of the variables in the changes
}

// mostChanges is how many of a candidate's changes a page gets; there may be thousands.
const mostChanges = 100

type candidateInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (d *Door) knowledgeRoutes() {
	register(d, huma.Operation{OperationID: "get-knowledge", Method: http.MethodGet, Path: "/api/v1/knowledge",
		Summary: "the knowledge in force, and candidates with the gate's report"}, access.SeeFleet, d.getKnowledge)
	register(d, huma.Operation{OperationID: "propose-candidate", Method: http.MethodPost, Path: "/api/v1/knowledge/candidates",
		Summary: "learn from proven cases and have the gate judge it; changes nothing in force"}, access.PromoteKnowledge, d.propose)
	register(d, huma.Operation{OperationID: "promote-candidate", Method: http.MethodPost, Path: "/api/v1/knowledge/candidates/{id}/promote",
		Summary: "bring a candidate that passed into force"}, access.PromoteKnowledge, d.promote)
	register(d, huma.Operation{OperationID: "roll-back-knowledge", Method: http.MethodPost, Path: "/api/v1/knowledge/rollback",
		Summary: "go back to the built-in knowledge"}, access.PromoteKnowledge, d.rollBack)
}

func (d *Door) getKnowledge(ctx context.Context, _ *struct{}) (*struct{ Body KnowledgeView }, error) {
	revisions, err := d.Knowledge.Revisions(ctx)
	if err != nil {
		return nil, err
	}
	candidates, err := d.Knowledge.Candidates(ctx)
	if err != nil {
		return nil, err
	}
	view := KnowledgeView{
		Active: d.Pack().Ref, BuiltIn: d.Knowledge.BuiltIn().Ref, Revisions: make([]RevisionView, 0, len(revisions)),
		Candidates: make([]CandidateView, 0, len(candidates)),
	}
	for _, e := range revisions {
		view.Revisions = append(view.Revisions, RevisionView(e))
	}
	for _, c := range candidates {
		view.Candidates = append(view.Candidates, d.candidate(c))
	}
	return &struct{ Body KnowledgeView }{view}, nil
}

func (d *Door) candidate(c learn.Candidate) CandidateView {
	c.Changes = c.Most(mostChanges)
	names, words := map[string]lang.Text{}, map[string]Words{}
	for _, change := range c.Changes {
		if f, ok := d.Pack().Fault(change.Fault); ok {
			names[f.ID] = f.Name
		}
		if s, ok := d.Pack().Step(change.Step); ok {
			names[s.ID] = s.Name
		}
		d.word(words, change.Variable)
	}
	may := c.State.May(learn.Promoted) && c.Base == d.Knowledge.BuiltIn().Ref && c.Against == d.Pack().Ref
	return CandidateView{Candidate: c, State: c.State, May: may, Names: names, Words: words}
}

func (d *Door) propose(ctx context.Context, _ *struct{}) (*struct{ Body CandidateView }, error) {
	c, err := d.Knowledge.Propose(ctx)
	if err != nil {
		return nil, err
	}
	return &struct{ Body CandidateView }{d.candidate(c)}, d.audit(ctx, "knowledge.proposed", c.ID)
}

func (d *Door) promote(ctx context.Context, in *candidateInput) (*struct{ Body CandidateView }, error) {
	c, err := d.Knowledge.Promote(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &struct{ Body CandidateView }{d.candidate(c)}, d.audit(ctx, "knowledge.promoted", c.ID+" "+c.Result.Hash)
}

func (d *Door) rollBack(ctx context.Context, _ *struct{}) (*struct{ Body AboutView }, error) {
	if err := d.Knowledge.RollBack(ctx); err != nil {
		return nil, err
	}
	return &struct{ Body AboutView }{AboutView{Version: d.Version, Pack: d.Pack().Ref}}, d.audit(ctx, "knowledge.rolled_back", d.Pack().Ref.Hash)
}
