package stage

import (
	"context"
	"encoding/json"
	"time"

	"github.com/posmedic/posmedic/internal/loop/diagnose"
)

// Explained is one diagnosis of a case in the words of its readers.
type Explained struct {
	Case        string               `json:"case"`
	Seq         int64                `json:"seq"` // which of the case's diagnoses
	At          time.Time            `json:"at"`
	Engine      int                  `json:"engine"` // revision of the engine that answered then
	Same        Sameness             `json:"same"`   // whether this program gives that answer; what differs is explained as it is now
	Explanation diagnose.Explanation `json:"explanation"`
}

// Explain explains one diagnosis of a case; number 0 is the newest. It fails with casefile.ErrNoGrounds where what it was
// made from was not kept.
func (a Archive) Explain(ctx context.Context, caseID string, seq int64, record diagnose.Record) (Explained, error) {
	if _, err := a.Cases.Get(ctx, caseID); err != nil {
		return Explained{}, err
	}
	g, err := a.Cases.GroundsAt(ctx, caseID, seq)
	if err != nil {
		return Explained{}, err
	}
	basis, err := diagnose.ReadBasis(g.Basis)
	if err != nil {
		return Explained{}, err
	}
	engine, err := a.engine(ctx, basis)
	if err != nil {
		return Explained{}, err
	}
	now, err := json.Marshal(engine.Diagnose(basis.Input))
	if err != nil {
		return Explained{}, err
	}
	out := Explained{Case: g.Case, Seq: g.Seq, At: g.At, Engine: g.Engine}
	out.Same, _ = compare(g.Answer, now)
	out.Explanation = engine.Explain(basis.Input, record)
	return out, nil
}
