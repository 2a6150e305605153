package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/diagnose/stage"
)

// ExplanationView is one diagnosis of a case for one reader, or for all three.
type ExplanationView struct {
	Case       string                  `json:"case"`
	Seq        int64                   `json:"seq" doc:"which of the case's diagnoses, from 1"`
	At         time.Time               `json:"at"`
	Engine     int                     `json:"engine" doc:"revision of the engine that answered then"`
	Same       stage.Sameness          `json:"same" enum:"same,rounded,differs" doc:"whether the answer made again is the one of then"`
	Merchant   *diagnose.ForMerchant   `json:"merchant,omitempty"`
	Agent      *diagnose.ForAgent      `json:"agent,omitempty"`
	Technician *diagnose.ForTechnician `json:"technician,omitempty"`
}

type explanationInput struct {
	ID  string          `path:"id" maxLength:"64"`
	For diagnose.Reader `query:"for" enum:"merchant,agent,technician" doc:"absent: all three"`
	At  int64           `query:"at" minimum:"0" doc:"which of the case's diagnoses, from 1; absent: the newest"`
}

func (d *Door) explanationRoutes() {
	register(d, huma.Operation{OperationID: "explain-case", Method: http.MethodGet, Path: "/api/v1/cases/{id}/explanation",
		Summary: "why a case is diagnosed as it is, for a merchant, an agent or a technician"}, access.SeeFleet, d.explainCase)
}

func (d *Door) explainCase(ctx context.Context, in *explanationInput) (*struct{ Body ExplanationView }, error) {
	e, err := d.Explain(ctx, in.ID, in.At)
	if err != nil {
		return nil, err
	}
	view := ExplanationView{Case: e.Case, Seq: e.Seq, At: e.At, Engine: e.Engine, Same: e.Same}
	if in.For == "" || in.For == diagnose.ToMerchant {
		view.Merchant = &e.Explanation.Merchant
	}
	if in.For == "" || in.For == diagnose.ToAgent {
		view.Agent = &e.Explanation.Agent
	}
	if in.For == "" || in.For == diagnose.ToTechnician {
		view.Technician = &e.Explanation.Technician
	}
	return &struct{ Body ExplanationView }{view}, nil
}
