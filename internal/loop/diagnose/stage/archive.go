package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

// Kept is what an archive reads of the case file.
type Kept interface {
	Get(ctx context.Context, id string) (casefile.Case, error)
	Grounds(ctx context.Context, caseID string) ([]casefile.Grounds, error)
	GroundsAt(ctx context.Context, caseID string, seq int64) (casefile.Grounds, error)
	Timeline(ctx context.Context, caseID string, after int64, limit int) ([]casefile.Entry, error)
}

// Archive makes diagnoses again from what was kept of them, and changes nothing.
type Archive struct {
	Cases  Kept
	Packs  func(ctx context.Context, hash string) (*pack.Pack, error)
	Engine func() *diagnose.Engine // one that stands ready, used where it is the right one; nil: none does
}

// Sameness says how a diagnosis that was made again compares with the one that was stored.
type Sameness string

// The four ends of a replay.
const (
	Same       Sameness = "same"       // to the bit
	Rounded    Sameness = "rounded"    // numbers differ beyond the ninth digit, as they may on another kind of processor
	Differs    Sameness = "differs"    // something else is said
	Impossible Sameness = "impossible" // what it needs is not there or cannot be read
)

// Replay is a case diagnosed again.
type Replay struct {
	Case     string     `json:"case"`
	Terminal string     `json:"terminal"`
	Engine   int        `json:"engine"`  // revision of the engine that answers now
	Made     int        `json:"made"`    // diagnoses that the timeline tells of
	Missing  int        `json:"missing"` // of these, how many were not kept and cannot be made again
	Steps    []Replayed `json:"steps"`   // the others, oldest first
}

// Faithful reports whether there was something to make again, and all of it came out as it was.
func (r Replay) Faithful() bool {
	for _, s := range r.Steps {
		if s.Same != Same && s.Same != Rounded {
			return false
		}
	}
	return len(r.Steps) > 0
}

// Replayed is one diagnosis of a case, made again.
type Replayed struct {
	Seq         int64        `json:"seq"`
	At          time.Time    `json:"at"`
	Pack        pack.Ref     `json:"pack"`
	Engine      int          `json:"engine"` // revision of the engine that answered then
	Verdict     string       `json:"verdict,omitempty"`
	Leading     *Leading     `json:"leading,omitempty"` // then
	Next        string       `json:"next,omitempty"`    // then
	Same        Sameness     `json:"same"`
	Differences []Difference `json:"differences,omitempty"`
	Why         *lang.Text   `json:"why,omitempty"` // unless it is the same
}

// Leading is the fault that a diagnosis put first.
type Leading struct {
	Fault string    `json:"fault"`
	Name  lang.Text `json:"name"`
	P     float64   `json:"p"`
}

// timelineRead bounds how many lines of a case are read to count its diagnoses.
const timelineRead = 1000

// Replay makes the diagnoses of a case again: one of them, or all where seq is 0.
func (a Archive) Replay(ctx context.Context, caseID string, seq int64) (Replay, error) {
	c, err := a.Cases.Get(ctx, caseID)
	if err != nil {
		return Replay{}, err
	}
	r := Replay{Case: c.ID, Terminal: c.Terminal, Engine: diagnose.Revision, Steps: []Replayed{}}
	list, err := a.Cases.Grounds(ctx, caseID)
	if err != nil {
		return r, err
	}
	if r.Made, err = a.made(ctx, caseID); err != nil {
		return r, err
	}
	r.Missing = max(r.Made-len(list), 0)
	if seq != 0 {
		g, err := a.Cases.GroundsAt(ctx, caseID, seq)
		if err != nil {
			return r, err
		}
		list = []casefile.Grounds{g}
	}
	ready := ready{archive: a}
	for _, g := range list {
		r.Steps = append(r.Steps, a.again(ctx, g, &ready))
	}
	return r, ctx.Err()
}

// made counts the diagnoses that the timeline tells of.
func (a Archive) made(ctx context.Context, caseID string) (n int, err error) {
	for after := int64(0); ; {
		lines, err := a.Cases.Timeline(ctx, caseID, after, timelineRead)
		for _, e := range lines {
			if e.Kind == "diagnosed" {
				n++
			}
			after = e.Seq
		}
		if err != nil || len(lines) < timelineRead {
			return n, err
		}
	}
}

// again makes one diagnosis again and compares the answers.
func (a Archive) again(ctx context.Context, g casefile.Grounds, engines *ready) Replayed {
	r := Replayed{Seq: g.Seq, At: g.At, Engine: g.Engine, Pack: pack.Ref{Hash: g.PackHash}}
	var then diagnose.Diagnosis
	if err := json.Unmarshal(g.Answer, &then); err == nil {
		r.describe(then)
	}
	basis, err := diagnose.ReadBasis(g.Basis)
	if err != nil {
		return r.impossible(err)
	}
	engine, err := engines.of(ctx, basis)
	if err != nil {
		return r.impossible(err)
	}
	now, err := json.Marshal(engine.Diagnose(basis.Input))
	if err != nil {
		return r.impossible(err)
	}
	r.Same, r.Differences = compare(g.Answer, now)
	if r.Same != Same {
		r.Why = reason(r)
	}
	return r
}

func (r *Replayed) describe(d diagnose.Diagnosis) {
	r.Pack, r.Verdict = d.Pack, string(d.Verdict)
	if len(d.Ranked) > 0 {
		r.Leading = &Leading{Fault: d.Ranked[0].Fault, Name: d.Ranked[0].Name, P: d.Ranked[0].P}
	}
	if d.Next != nil {
		r.Next = string(d.Next.Kind) + " " + d.Next.ID
	}
}

func (r Replayed) impossible(err error) Replayed {
	text := problem.Of(err).Text
	r.Same, r.Why = Impossible, &text
	return r
}

// reason says why an answer is another one.
func reason(r Replayed) *lang.Text {
	switch {
	case r.Same == Rounded:
		return &lang.Text{ZH: "只有舍入误差，可能是另一种处理器", EN: "only rounding, as on another kind of processor"}
	case r.Engine != diagnose.Revision:
		return &lang.Text{ZH: "推理程序的版本不同", EN: "another revision of the engine"}
	default:
		return &lang.Text{
			ZH: "版本号相同但答案不同：记录被改动，或程序改动后没有提高版本号",
			EN: "the same revision and another answer: the record was altered, or the engine without raising its revision",
		}
	}
}

// ready holds the engine that was needed last: the diagnoses of a case mostly share one.
type ready struct {
	archive Archive
	pack    pack.Ref
	policy  diagnose.Policy
	engine  *diagnose.Engine
}

func (r *ready) of(ctx context.Context, b diagnose.Basis) (*diagnose.Engine, error) {
	if r.engine != nil && r.pack == b.Pack && reflect.DeepEqual(r.policy, b.Policy) {
		return r.engine, nil
	}
	engine, err := r.archive.engine(ctx, b)
	if err != nil {
		return nil, err
	}
	r.engine, r.pack, r.policy = engine, b.Pack, b.Policy
	return engine, nil
}

func (a Archive) engine(ctx context.Context, b diagnose.Basis) (*diagnose.Engine, error) {
	if a.Engine != nil {
		if e := a.Engine(); e.Answers(b) {
			return e, nil
		}
	}
	p, err := a.Packs(ctx, b.Pack.Hash)
	if err != nil {
		return nil, err
	}
	return b.Runs(p)
}

// compare tells two answers apart.
func compare(then, now []byte) (Sameness, []Difference) {
	if bytes.Equal(then, now) {
		return Same, nil
	}
	list, real := differences(then, now)
	switch {
	case real:
		return Differs, list
	case len(list) > 0:
		return Rounded, list
	default:
		return Same, nil // written differently, and the same
	}
}
