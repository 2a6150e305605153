package agentdoor

import (
	"net/http"
	"unicode/utf8"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// Bounds of the smaller messages.
const (
	maxEnrolBytes    = 4 << 10
	maxProgressBytes = 256 << 10 // 64 KiB of logs, escaped as JSON may be
	maxEnrolText     = 64
)

var errEnrol = refusal(problem.Invalid, EnrolShape, "接入请求的内容不对", "the enrolment request is malformed")

// enrol binds the caller's key to a terminal. Only failures are throttled: a depot may enrol a thousand at once.
func (d *Door) enrol(w http.ResponseWriter, r *http.Request, c caller) error {
	if empty, after := d.failures.empty(c.address); empty {
		return tooOften{errGuesses, after}
	}
	enrolled, err := d.redeem(w, r, c)
	if err != nil {
		if kind := problem.Of(err).Kind; kind != problem.Internal && kind != problem.Unavailable {
			d.failures.take(c.address)
		}
		return err
	}
	reply(w, enrolled)
	return nil
}

func (d *Door) redeem(w http.ResponseWriter, r *http.Request, c caller) (wire.Enrolled, error) {
	raw, err := body(w, r, maxEnrolBytes)
	if err != nil {
		return wire.Enrolled{}, err
	}
	e, unknown, err := decode[wire.Enrol](raw)
	if err != nil {
		return wire.Enrolled{}, err
	}
	d.unknownFields(unknown)
	if e.Version != wire.Version {
		return wire.Enrolled{}, refusal(problem.Invalid, WireVersion, "终端程序的报文版本不受支持", "this version of the messages is not supported")
	}
	for _, word := range []string{e.Code, e.Serial, e.Model, e.App} {
		// A serial cannot be masked without becoming another one, so card data refuses the whole request.
		if _, cards := carddata.Scrub(word); cards > 0 || len(word) > maxEnrolText || !utf8.ValidString(word) {
			return wire.Enrolled{}, errEnrol
		}
	}
	if e.Code == "" {
		return wire.Enrolled{}, errEnrol
	}
	return d.Devices.Redeem(r.Context(), e, c.fingerprint)
}

// reports takes a batch and answers after it is durable.
func (d *Door) reports(w http.ResponseWriter, r *http.Request, c caller) error {
	raw, err := body(w, r, wire.MaxBatchBytes)
	if err != nil {
		return err
	}
	batch, malformed, unknown, err := decodeBatch(raw)
	if err != nil {
		return err
	}
	d.unknownFields(unknown)
	d.counts.Add(ReportShape, len(malformed))
	screened, err := Screen(batch, d.Now(), d.Known)
	if err != nil {
		return err
	}
	d.counts.addAll(screened.Tally)
	receipt := wire.Receipt{}
	if len(screened.Batch.Reports) > 0 {
		if receipt, err = d.Intake.Submit(r.Context(), c.from, screened.Batch); err != nil {
			return err
		}
	}
	receipt.Duplicate += screened.Tally[ReportDuplicate]
	receipt.Refused = append(append(receipt.Refused, screened.Refused...), malformed...)
	if receipt.ReportEvery == 0 {
		receipt.ReportEvery = d.cfg.ReportEvery
	}
	receipt.Commands, err = d.Commands.Waiting(r.Context(), c.from.Terminal)
	if err != nil {
		// The batch is durable and must be acknowledged; the commands come with the next one.
		d.Log.WarnContext(r.Context(), "commands cannot be read", "terminal", c.from.Terminal, "err", err)
		receipt.Commands = nil
	}
	reply(w, receipt)
	return nil
}

// progress stores what became of a command and answers after that.
func (d *Door) progress(w http.ResponseWriter, r *http.Request, c caller) error {
	raw, err := body(w, r, maxProgressBytes)
	if err != nil {
		return err
	}
	p, unknown, err := decode[wire.Progress](raw)
	if err != nil {
		return err
	}
	d.unknownFields(unknown)
	if err := d.take(r.Context(), c.from, p); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *Door) unknownFields(unknown bool) {
	if unknown {
		d.counts.Add(BodyUnknown, 1)
	}
}
