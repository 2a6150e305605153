package pack

import "fmt"

// Revision is a pack while its numbers are being changed.
type Revision struct {
	pack *Pack
	err  error
}

// Revise makes a new revision of a pack: a copy with another version, some numbers changed, and its own hash. The pack
// itself stays as it is. What a revision may change are numbers that cases can teach; the structure stays the authors'.
func Revise(p *Pack, version string, change func(*Revision)) (*Pack, error) {
	raw, err := Encode(p)
	if err != nil {
		return nil, err
	}
	next, err := Decode(raw)
	if err != nil {
		return nil, err
	}
	r := &Revision{pack: next}
	change(r)
	if r.err != nil {
		return nil, r.err
	}
	next.Ref.Version = version
	next.Ref.Hash, err = contentHash(next)
	return next, err
}

// SetRate changes the base rate of a fault; it must stay above zero, or nothing could ever bring the fault back.
func (r *Revision) SetRate(fault string, n Number) {
	i, ok := r.pack.fault[fault]
	if !ok || !(n.Mean > 0) {
		r.refuse("rate of %s: %v", fault, n.Mean)
		return
	}
	r.pack.Faults[i].Rate = n
}

// SetFix changes the probability that a step cures a fault it already cures.
func (r *Revision) SetFix(step, fault string, n Number) {
	i, ok := r.pack.step[step]
	if ok {
		_, ok = r.pack.Steps[i].Fixes[fault]
	}
	if !ok || !(n.Mean >= 0 && n.Mean <= 1) {
		r.refuse("fix of %s by %s: %v", fault, step, n.Mean)
		return
	}
	r.pack.Steps[i].Fixes[fault] = n
}

func (r *Revision) refuse(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("revise pack %s: "+format, append([]any{r.pack.Ref.ID}, args...)...)
	}
}
