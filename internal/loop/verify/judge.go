package verify

import (
	"cmp"
	"time"

	"github.com/posmedic/posmedic/internal/loop/observe"
)

// Rules are the operator's settings for the proof.
type Rules struct {
	Quiet    time.Duration // how long nothing may speak against the repair, counted from the first sale
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
	SoldAt   time.Time // first sale of the row that the quiet window counts from; zero: there is none yet
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
	QuietAt  time.Time `json:"quiet_at,omitzero"` // when the quiet window ends; zero: it has not begun
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
	against := s.Failures > 0 && s.FailAt.After(w.Since.Add(r.Settle)) && s.FailAt.After(s.SaleAt)
	adverse := s.AdverseAt.After(w.Since.Add(r.Settle)) && s.AdverseAt.After(s.SaleAt)
	proven, calm := !p.SignInAt.IsZero() && !p.SaleAt.IsZero(), s.Failures == 0 && !adverse
	if proven && calm {
		p.QuietAt = cmp.Or(w.SoldAt, p.SaleAt).Add(r.Quiet)
	}
	switch {
	case w.Attempt != "" && (against || adverse):
		return Refuted, p
	case p.QuietAt.IsZero() && now.Sub(w.Since) > r.Patience:
		return Expired, p
	case p.QuietAt.IsZero() || now.Before(p.QuietAt):
		return Waiting, p
	default:
		return Confirmed, p
	}
}

// sold is the sale that the quiet window counts from, as far as it is known: a busy shop has no minute without a sale, so
// the newest will not do, and a failure in between begins a new row.
func (p Proof) sold(w Watch) time.Time {
	if p.QuietAt.IsZero() {
		return time.Time{}
	}
	return cmp.Or(w.SoldAt, p.SaleAt)
}
