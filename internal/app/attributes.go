package app

import (
	"context"
	"errors"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/learn"
)

// attributes are what the register knows of a terminal that faults may be oftener or rarer by. A terminal that has left
// the register has none.
func (r *rooms) attributes(ctx context.Context, terminal string) (map[string]string, error) {
	l, err := r.fleet.Get(ctx, terminal)
	if errors.Is(err, fleet.ErrNotFound) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, err
	}
	shares := l.Shares()
	out := map[string]string{
		learn.Model: shares[fleet.Model], learn.Carrier: shares[fleet.Carrier], learn.Region: shares[fleet.Area],
		learn.AppVersion: shares[fleet.AppVersion],
	}
	if l.Device != nil {
		out[learn.Age] = inService(r.now().Sub(l.Device.CreatedAt))
	}
	for id, value := range out {
		if value == "" {
			delete(out, id)
		}
	}
	return out, nil
}

// inService words how long a device has been in the register.
func inService(age time.Duration) string {
	const year = 365 * 24 * time.Hour
	switch {
	case age < year:
		return "under_1_year"
	case age < 3*year:
		return "1_to_3_years"
	case age < 6*year:
		return "3_to_6_years"
	default:
		return "over_6_years"
	}
}

// recognise gives the attributes as evidence, where the knowledge in force has learned to tell terminals apart by them.
func (r *rooms) recognise(ctx context.Context, terminal string) ([]finding.Finding, error) {
	p, now := r.knowledge.Pack(), r.now()
	if !learn.TellsApart(p) {
		return nil, nil
	}
	attributes, err := r.attributes(ctx, terminal)
	if err != nil {
		return nil, err
	}
	attributes[learn.Season] = learn.SeasonOf(now)
	return learn.Findings(p, attributes, now), nil
}

// timeline is a case's timeline as far as it is read back.
func (r *rooms) timeline(ctx context.Context, caseID string) ([]casefile.Entry, error) {
	return r.cases.Timeline(ctx, caseID, 0, timelineRead)
}
