package verify

import (
	"time"

	"github.com/posmedic/posmedic/internal/loop/observe"
)

// Rules are the operator's settings for the proof.
type Rules struct {
	Quiet    time.Duration // how long nothing may speak against the repair, counted from the sale
	Settle   time.Duration // how long after a repair old failures may still arrive
	Patience time.Duration // how long a proof is waited for before the case reopens
	Word     time.Duration // how long a terminal that sells again waits for the word of whoever was asked to repair it
}

// DefaultRules suit shops that sell a few times an hour.
func DefaultRules() Rules {
	return Rules{Quiet: 10 * time.Minute, Settle: 30 * time.Second, Patience: 12 * time.Hour, Word: 30 * time.Minute}
}

// Watch is one wait for a proof.
type Watch struct {
	Case     string
	Terminal string
	Attempt  string // the repair attempt that claims success; empty: nobody repaired anything
	Since    time.Time
}

// Result is what a watch has come to.
type Result string

// The results. Only Waiting is not final.
const (
	Waiting   Result = "waiting"
	Confirmed Result = "confirmed"
	Refuted   Result = "refuted" // the terminal still, or again, cannot sell
	Expired   Result = "expired" // no proof in time: nobody knows
)

// Proof is what has been seen since the repair.
type Proof struct {
	SignInAt time.Time `json:"sign_in_at,omitzero"`
	SaleAt   time.Time `json:"sale_at,omitzero"`
	SaleRRN  string    `json:"sale_rrn,omitempty"`
	QuietAt  time.Time `json:"quiet_at,omitzero"` // when the quiet window ends
}

// Judge decides. A sale at the host also proves the session it ran in, but only when its sign-in is not older than
// the terminal's stop: after a change of keys or registration a session from before proves nothing.
func Judge(w Watch, s observe.State, now time.Time, r Rules) (Result, Proof) {
	p := Proof{}
	if s.SignInAt.After(w.Since) {
		p.SignInAt = s.SignInAt
	}
	if s.SaleAt.After(w.Since) {
		p.SaleAt, p.SaleRRN = s.SaleAt, s.SaleRRN
	}
	against := s.Failures > 0 && s.FailSince.After(w.Since.Add(r.Settle)) && s.FailSince.After(s.SaleAt)
	adverse := s.AdverseAt.After(w.Since.Add(r.Settle)) && s.AdverseAt.After(s.SaleAt)
	switch {
	case w.Attempt != "" && (against || adverse):
		return Refuted, p
	case !p.SignInAt.IsZero() && !p.SaleAt.IsZero():
		p.QuietAt = p.SaleAt.Add(r.Quiet)
		if s.Failures == 0 && !adverse && !now.Before(p.QuietAt) {
			return Confirmed, p
		}
		return Waiting, p
	case now.Sub(w.Since) > r.Patience:
		return Expired, p
	default:
		return Waiting, p
	}
}
