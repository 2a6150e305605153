package learn

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

// Shadow tries candidates beside the knowledge in force: when a case is closed, every candidate in the shadow diagnoses it
// from what was known before the step that helped, as does the revision in force, and both rankings are kept with what the
// cause proved to be. Nobody is shown a candidate's diagnosis and nothing is done by it. It is safe for use by many
// goroutines.
type Shadow struct {
	Store     Store
	Knowledge Knowledge
	Policy    diagnose.Policy

	mu      sync.Mutex
	engines map[string]*diagnose.Engine // by hash of the revision; only those in use
}

// Trial is one case diagnosed by a candidate and by the knowledge in force.
type Trial struct {
	Candidate string    `json:"candidate"`
	Case      string    `json:"case"`
	At        time.Time `json:"at"`
	Truth     string    `json:"truth"`
	Named     bool      `json:"named"` // somebody named it; otherwise it is the most credited
	InForce   pack.Ref  `json:"in_force"`
	Was       Standing  `json:"was"` // by the knowledge in force
	Is        Standing  `json:"is"`  // by the candidate
}

// Standing is how a true fault came out of a diagnosis.
type Standing struct {
	Rank    int     `json:"rank"` // 1 is the first; 0: not ranked
	P       float64 `json:"p"`
	Leads   string  `json:"leads"`   // the fault that was ranked first
	LeadsP  float64 `json:"leads_p"` // and its probability
	Harmful bool    `json:"harmful"` // the step advised breaks a hazard of the true fault
}

// ShadowRule says when a trial is over: by number or by time, whichever comes first.
type ShadowRule struct {
	Cases int           // closed cases with a proof that a candidate must have been tried on
	For   time.Duration // after which it may be decided with the cases there are
}

// DefaultShadowRule is for a fleet with some cases a day.
func DefaultShadowRule() ShadowRule { return ShadowRule{Cases: 30, For: 14 * 24 * time.Hour} }

// none reports whether no trial is asked for.
func (r ShadowRule) none() bool { return r.Cases <= 0 && r.For <= 0 }

// Shadowed sums the trials of a candidate up.
type Shadowed struct {
	Cases  int        `json:"cases"`
	Wanted int        `json:"wanted"` // cases until it may be decided
	Until  time.Time  `json:"until"`  // or this time
	Scores [2]Score   `json:"scores"` // the knowledge in force, the candidate
	Gain   Gain       `json:"gain"`
	Why    ShadowNote `json:"why"`
}

// ShadowNote says how a trial stands.
type ShadowNote string

// How a trial stands.
const (
	Trying       ShadowNote = "trying"
	ShadowHarms  ShadowNote = "harmful_advice"
	ShadowWorse  ShadowNote = "ranks_or_calibrates_worse"
	ShadowPassed ShadowNote = "passed"
)

// ErrShadowed says that a candidate's trial is not over.
var ErrShadowed = problem.New(problem.Conflict, "learn.in_shadow",
	lang.Text{ZH: "这个候选版本还在旁边试跑", EN: "this candidate is still being tried beside the knowledge in force"}).
	WithHint(lang.Text{ZH: "等试跑的已验证案例足够，或到期以后再启用", EN: "promote it once enough proven cases have been tried, or its time is over"})

// watch tries every candidate in the shadow on a closed case. Cases without a proof say nothing.
func (s *Shadow) watch(ctx context.Context, r Record) error {
	if r.Outcome != casefile.Confirmed || r.Truth() == "" {
		return nil
	}
	list, err := s.Store.InState(ctx, InShadow)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(c Candidate) bool {
		return c.Base != s.Knowledge.BuiltIn().Ref || r.OpenedAt.Before(c.At)
	})
	if len(list) == 0 {
		return nil
	}
	inForce := s.Knowledge.Pack()
	was := s.engine(inForce)
	hashes := []string{inForce.Ref.Hash}
	for _, c := range list {
		hashes = append(hashes, c.Result.Hash)
		is, err := s.candidate(c)
		if err != nil {
			return err
		}
		t := Trial{Candidate: c.ID, Case: r.Case, At: r.ClosedAt, Truth: r.Truth(), Named: r.Cause != "", InForce: inForce.Ref,
			Was: stand(was, r), Is: stand(is, r)}
		if err := s.Store.PutTrial(ctx, t); err != nil {
			return err
		}
	}
	s.forget(hashes)
	return nil
}

func (s *Shadow) engine(p *pack.Pack) *diagnose.Engine {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.engines[p.Ref.Hash]; ok {
		return e
	}
	e := diagnose.New(p, s.Policy)
	s.keep(p.Ref.Hash, e)
	return e
}

// candidate gives a candidate's engine; making its revision anew is what costs, so it is kept.
func (s *Shadow) candidate(c Candidate) (*diagnose.Engine, error) {
	s.mu.Lock()
	e, ok := s.engines[c.Result.Hash]
	s.mu.Unlock()
	if ok {
		return e, nil
	}
	p, err := Apply(s.Knowledge.BuiltIn(), c)
	if err != nil {
		return nil, err
	}
	return s.engine(p), nil
}

func (s *Shadow) keep(hash string, e *diagnose.Engine) {
	if s.engines == nil {
		s.engines = map[string]*diagnose.Engine{}
	}
	s.engines[hash] = e
}

// forget drops the engines of revisions that are no longer tried.
func (s *Shadow) forget(but []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash := range s.engines {
		if !slices.Contains(but, hash) {
			delete(s.engines, hash)
		}
	}
}

// blind is what was known of a case before the step that helped.
func blind(r Record) diagnose.Input {
	in := diagnose.Input{Now: r.ClosedAt, Findings: slices.Clone(r.Evidence), Audience: diagnose.Audience{Merchant: true, Remote: true, Desk: true}}
	in.Findings = append(in.Findings, attributeFindings(r)...)
	for _, s := range r.Steps {
		if !s.Helped {
			in.Tried = append(in.Tried, diagnose.Attempt{Step: s.ID, At: s.At})
		}
	}
	return in
}

func stand(e *diagnose.Engine, r Record) Standing {
	d := e.Diagnose(blind(r))
	out := Standing{Harmful: harms(e.Pack(), d, r.Truth())}
	for i, ranked := range d.Ranked {
		if i == 0 {
			out.Leads, out.LeadsP = ranked.Fault, ranked.P
		}
		if ranked.Fault == r.Truth() {
			out.Rank, out.P = i+1, ranked.P
		}
	}
	return out
}

// judgeTrials decides on a candidate by its trials. A single harmful advice ends them at once.
func judgeTrials(c Candidate, rule ShadowRule, trials []Trial, now time.Time) Shadowed {
	out := Shadowed{Cases: len(trials), Wanted: rule.Cases, Until: c.At.Add(rule.For), Why: Trying}
	var was, is tally
	for _, t := range trials {
		was.add(t.Was)
		is.add(t.Is)
	}
	out.Scores, out.Gain = [2]Score{was.score(), is.score()}, gain(was.losses(), is.losses())
	over := (rule.Cases > 0 && len(trials) >= rule.Cases) || (rule.For > 0 && !now.Before(out.Until))
	switch {
	case out.Scores[1].Harmful > 0:
		out.Why = ShadowHarms
	case !over:
	case out.Scores[1].Top1 < out.Scores[0].Top1-shadowTolerance, -out.Gain.Mean > max(shadowTolerance, out.Gain.Error):
		out.Why = ShadowWorse
	default:
		out.Why = ShadowPassed
	}
	return out
}

// shadowTolerance is what chance may take from a candidate on a few dozen cases.
const shadowTolerance = 0.03
