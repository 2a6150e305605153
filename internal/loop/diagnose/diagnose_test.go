package diagnose_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/posmedic/posmedic/internal/bayes"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

func leader(t *testing.T, d diagnose.Diagnosis) diagnose.Ranked {
	t.Helper()
	if len(d.Ranked) == 0 {
		t.Fatal("nothing is ranked")
	}
	return d.Ranked[0]
}

func probability(d diagnose.Diagnosis, fault string) float64 {
	for _, r := range d.Ranked {
		if r.Fault == fault {
			return r.P
		}
	}
	return 0
}

func TestRanking(t *testing.T) {
	t.Parallel()
	e := engine(t)
	t.Run("an app that hangs is found, with its reasons", func(t *testing.T) {
		t.Parallel()
		d := e.Diagnose(given(said("main_symptom", "frozen"), measured("app_state", "hung"), measured("host_connect_test", "ok")))
		r := leader(t, d)
		if r.Fault != "sw_hang" || r.Word != diagnose.VeryLikely || d.Verdict != diagnose.Clear {
			t.Fatalf("got %+v, %s", r, d.Verdict)
		}
		if len(r.For) == 0 || r.For[0].Weight <= 0 {
			t.Errorf("no reasons for it: %+v", r.For)
		}
		if len(d.Evidence) != 3 || d.Pack.ID != "fixture" {
			t.Errorf("evidence %v, pack %v", d.Evidence, d.Pack)
		}
	})
	t.Run("a finding that speaks for another fault is a reason against", func(t *testing.T) {
		t.Parallel()
		d := e.Diagnose(given(said("main_symptom", "frozen"), measured("app_state", "runs")))
		for _, r := range d.Ranked {
			if r.Fault == "sw_hang" && (len(r.Against) == 0 || r.Against[0].Variable != "app_state") {
				t.Fatalf("got %+v", r)
			}
		}
	})
	t.Run("a response code is read in its set", func(t *testing.T) {
		t.Parallel()
		china := e.Diagnose(given(said("response_code", "03"), said("response_code_set", "unionpay")))
		iso := e.Diagnose(given(said("response_code", "03"), said("response_code_set", "iso")))
		either := e.Diagnose(given(said("response_code", "03")))
		if leader(t, china).Fault != "acc_blocked" || leader(t, iso).Fault != "sw_stale" {
			t.Fatalf("got %s and %s", china.Ranked[0].Fault, iso.Ranked[0].Fault)
		}
		if p := probability(either, "acc_blocked"); p >= probability(china, "acc_blocked") || p < 0.2 {
			t.Errorf("with an unknown set acc_blocked has %v", p)
		}
	})
	t.Run("a text on the screen is found inside a longer one, whatever its case and blanks", func(t *testing.T) {
		t.Parallel()
		d := e.Diagnose(given(said("screen_text", "*** ped  Tampered! ***")))
		if leader(t, d).Fault != "sec_tamper" {
			t.Fatalf("got %+v", d.Ranked[0])
		}
	})
	t.Run("the class of a text that was read adds nothing more", func(t *testing.T) {
		t.Parallel()
		alone := e.Diagnose(given(said("screen_text", "PED TAMPERED")))
		both := e.Diagnose(given(said("screen_text", "PED TAMPERED"), said("screen_message", "tamper_alert")))
		if a, b := leader(t, alone).P, leader(t, both).P; math.Abs(a-b) > 1e-12 {
			t.Errorf("alone %v, with its class %v", a, b)
		}
	})
	t.Run("a contradicted only_if all but rules a fault out", func(t *testing.T) {
		t.Parallel()
		p := fixture()
		p.Faults[3].OnlyIf = map[string][]string{"link_type": {"ethernet"}} // net_cable
		e := diagnose.New(p, diagnose.Policy{})
		free := e.Diagnose(given(said("main_symptom", "no_connection")))
		bound := e.Diagnose(given(said("main_symptom", "no_connection"), said("link_type", "cellular")))
		if probability(free, "net_cable") < 0.5 || probability(bound, "net_cable") > 0.05 {
			t.Errorf("unknown link %v, cellular %v", probability(free, "net_cable"), probability(bound, "net_cable"))
		}
	})
	t.Run("evidence that fits no known fault is a surprise", func(t *testing.T) {
		t.Parallel()
		p := fixture()
		for i := range p.Faults { // every fault leaves the shop's report as it is on a healthy terminal
			p.Faults[i].Shows = map[string]map[string]pack.Number{"main_symptom": {"works": number(1)}, "terminal_scope": {"this_terminal_only": number(1)}, "cable_state": {"firm": number(1)}}
		}
		d := diagnose.New(p, diagnose.Policy{}).Diagnose(given(said("main_symptom", "dead"), said("terminal_scope", "everybody"), said("cable_state", "loose")))
		if !d.Surprise {
			t.Errorf("no surprise, leader %+v", d.Ranked[0])
		}
	})
	t.Run("two things that no one fault explains are two faults", func(t *testing.T) {
		t.Parallel()
		p := fixture()
		for i := range p.Variables {
			p.Variables[i].Leak = []float64{0.998, 0.002}
			for len(p.Variables[i].Leak) < len(p.Variables[i].States) {
				p.Variables[i].Leak = append(p.Variables[i].Leak, 0)
			}
		}
		p.Faults = []pack.Fault{
			fault("net_cable", "network", "merchant", 10, shows{"cable_state": {"loose": 0.9}, "host_connect_test": {"fails": 0.9}}),
			fault("sw_hang", "software", "helpdesk_remote", 10, shows{"app_state": {"hung": 0.9}, "main_symptom": {"frozen": 0.9}}),
		}
		e := diagnose.New(p, diagnose.Policy{})
		d := e.Diagnose(given(measured("cable_state", "loose"), measured("app_state", "hung")))
		if !slices.Equal(d.Together, []string{"net_cable", "sw_hang"}) || probability(d, "net_cable") < 0.5 || probability(d, "sw_hang") < 0.5 {
			t.Errorf("together %v, net_cable %v, sw_hang %v", d.Together, probability(d, "net_cable"), probability(d, "sw_hang"))
		}
		if one := e.Diagnose(given(measured("cable_state", "loose"))); one.Together != nil {
			t.Errorf("one finding, and still %v", one.Together)
		}
	})
	t.Run("what people mention tells more than what a machine lists", func(t *testing.T) {
		t.Parallel()
		mentioned := e.Diagnose(given(said("main_symptom", "no_connection"), said("cable_state", "loose")))
		listed := e.Diagnose(given(said("main_symptom", "no_connection"), measured("cable_state", "loose")))
		if a, b := probability(mentioned, "net_cable"), probability(listed, "net_cable"); a <= b {
			t.Errorf("mentioned %v, listed %v", a, b)
		}
	})
	t.Run("findings that contradict each other are named", func(t *testing.T) {
		t.Parallel()
		d := e.Diagnose(given(said("cable_state", "loose"), measured("cable_state", "firm")))
		if !slices.Equal(d.Conflicts, []string{"cable_state"}) {
			t.Errorf("got %v", d.Conflicts)
		}
		agreed := e.Diagnose(given(said("cable_state", "firm"), said("cable_state", "loose")))
		if disputed, sure := probability(agreed, "net_cable"), probability(e.Diagnose(given(said("cable_state", "loose"))), "net_cable"); disputed >= sure-0.01 {
			t.Errorf("disputed %v, undisputed %v: a disputed finding must count less", disputed, sure)
		}
	})
	t.Run("two findings of one group count less than two of different groups", func(t *testing.T) {
		t.Parallel()
		apart, together := fixture(), fixture()
		for i := range together.Variables { // both are told by everybody, so that only the group differs
			together.Variables[i].Group, apart.Variables[i].Group = "report", "report"
			if apart.Variables[i].ID == "cable_state" {
				apart.Variables[i].Group = "screen"
			}
		}
		in := given(said("main_symptom", "no_connection"), said("cable_state", "loose"))
		a := diagnose.New(apart, diagnose.Policy{}).Diagnose(in)
		b := diagnose.New(together, diagnose.Policy{}).Diagnose(in)
		if probability(b, "net_cable") >= probability(a, "net_cable") {
			t.Errorf("together %v, apart %v", probability(b, "net_cable"), probability(a, "net_cable"))
		}
	})
}

func TestVerdictHealthy(t *testing.T) {
	t.Parallel()
	e := engine(t)
	proof := finding.Finding{Variable: "sales_possible", State: "all", At: now(), Source: finding.Host}
	if d := e.Diagnose(given(proof, measured("app_state", "runs"))); d.Verdict != diagnose.Healthy || d.Next != nil {
		t.Errorf("a sale seen by the host and nothing odd: %s", d.Verdict)
	}
	if d := e.Diagnose(given(said("sales_possible", "all"))); d.Verdict == diagnose.Healthy {
		t.Error("somebody's word is no proof of sale")
	}
	if d := e.Diagnose(given(proof, said("cable_state", "loose"))); d.Verdict == diagnose.Healthy {
		t.Error("something looks wrong")
	}
	if d := e.Diagnose(given()); d.Verdict == diagnose.Healthy {
		t.Error("no findings prove nothing")
	}
}

func TestWhatWasTriedIsEvidence(t *testing.T) {
	t.Parallel()
	e := engine(t)
	in := given(said("main_symptom", "frozen"), measured("app_state", "hung"))
	before := e.Diagnose(in)
	t.Run("a restart that did not help drops the hung app", func(t *testing.T) {
		t.Parallel()
		in := in
		in.Tried = []diagnose.Attempt{{Step: "restart_app", At: now().Add(-time.Minute)}}
		after := e.Diagnose(in)
		odds := func(p float64) float64 { return p / (1 - p) }
		if got, want := odds(probability(after, "sw_hang")), odds(probability(before, "sw_hang"))*0.1; got < want || got > 1.2*want {
			t.Errorf("odds %v, want a tenth: %v, and a little for a second fault that kept it down", got, want)
		}
		if after.Next == nil || after.Next.ID == "restart_app" {
			t.Errorf("proposed again: %+v", after.Next)
		}
	})
	t.Run("a restart that nobody carried out tells nothing, and is not proposed again", func(t *testing.T) {
		t.Parallel()
		in := in
		in.Tried = []diagnose.Attempt{{Step: "restart_app", At: now().Add(time.Minute), Undone: true}}
		after := e.Diagnose(in)
		if a, b := probability(after, "sw_hang"), probability(before, "sw_hang"); a != b {
			t.Errorf("%v, then %v", b, a)
		}
		if len(after.Evidence) != len(before.Evidence) || (after.Next != nil && after.Next.ID == "restart_app") {
			t.Errorf("evidence %v, next %+v", after.Evidence, after.Next)
		}
	})
	t.Run("findings from before the repair are forgotten unless they last", func(t *testing.T) {
		t.Parallel()
		in := given(said("main_symptom", "frozen"), said("link_type", "cellular"))
		in.Tried = []diagnose.Attempt{{Step: "restart_app", At: now().Add(time.Minute)}}
		d := e.Diagnose(in)
		if len(d.Evidence) != 1 || d.Evidence[0].Variable != "link_type" {
			t.Errorf("got %v", d.Evidence)
		}
	})
	t.Run("the result of a step is not counted again as an answer", func(t *testing.T) {
		t.Parallel()
		in := in
		in.Tried = []diagnose.Attempt{{Step: "restart_app", At: now().Add(-time.Minute)}}
		once := e.Diagnose(in)
		in.Findings = append(slices.Clone(in.Findings), said("app_restart_helps", "no"))
		twice := e.Diagnose(in)
		if a, b := probability(once, "sw_hang"), probability(twice, "sw_hang"); math.Abs(a-b) > 1e-12 {
			t.Errorf("%v, then %v", a, b)
		}
	})
}

func TestTheSameInputGivesTheSameAnswer(t *testing.T) {
	t.Parallel()
	e, again := engine(t), engine(t)
	p := fixture()
	rapid.Check(t, func(t *rapid.T) {
		in := given()
		for _, v := range p.Variables {
			if len(v.States) > 0 && rapid.Bool().Draw(t, v.ID) {
				in.Findings = append(in.Findings, said(v.ID, rapid.SampledFrom(v.States).Draw(t, "state").ID))
			}
		}
		first := e.Diagnose(in)
		in.Findings = rapid.Permutation(in.Findings).Draw(t, "order")
		second := again.Diagnose(in)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("differs (-first +second):\n%s", diff)
		}
		total := 0.0
		for _, r := range first.Ranked {
			if math.IsNaN(r.P) {
				t.Fatal("NaN")
			}
			if r.P > 1+1e-9 {
				t.Fatalf("probability %v", r.P)
			}
			total += r.P
		}
		if total > bayes.MaxTogether {
			t.Fatalf("%v faults are expected at once", total)
		}
	})
}
