package diagnose_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

// safe are findings that rule out what would forbid a restart.
func safe() []finding.Finding {
	return []finding.Finding{measured("host_connect_test", "ok"), measured("tamper_flag", "clear"), said("terminal_scope", "this_terminal_only"),
		said("status_page", "all_ok"), said("screen_message", "none")}
}

func hung(more ...finding.Finding) diagnose.Input {
	return given(append(append(safe(), said("main_symptom", "frozen"), measured("app_state", "hung")), more...)...)
}

func withheldFor(d diagnose.Diagnosis, step string) string {
	for _, w := range d.Withheld {
		if w.Step == step {
			return w.Hazard
		}
	}
	return ""
}

func TestNext(t *testing.T) {
	t.Parallel()
	e := engine(t)
	t.Run("an app that hangs with the agent in contact is restarted", func(t *testing.T) {
		t.Parallel()
		n := e.Diagnose(hung()).Next
		if n == nil || n.Kind != diagnose.Do || n.ID != "restart_app" || n.Command != "restart_app" || n.By != "remote" || n.Fixes < 0.5 {
			t.Fatalf("got %+v", n)
		}
		if !slices.Contains(n.First, "check_before_charging_again") {
			t.Errorf("first %v, want the check before charging again", n.First)
		}
	})
	t.Run("without an agent the merchant does it", func(t *testing.T) {
		t.Parallel()
		in := hung()
		in.Audience = diagnose.Audience{Merchant: true}
		if n := e.Diagnose(in).Next; n == nil || n.ID != "cure.sw_hang" || n.By != "merchant" {
			t.Fatalf("got %+v", n)
		}
	})
	t.Run("machines are asked before people", func(t *testing.T) {
		t.Parallel()
		if n := e.Diagnose(given(said("main_symptom", "sales_fail"))).Next; n == nil || n.Kind != diagnose.Probe {
			t.Fatalf("got %+v", n)
		}
		in := given(said("main_symptom", "sales_fail"))
		in.Audience.Remote = false
		n := e.Diagnose(in).Next
		if n == nil || n.Kind != diagnose.Ask || n.By != "merchant" || len(n.Choices) == 0 || n.Text.EN == "" {
			t.Fatalf("with no agent in contact: %+v", n)
		}
	})
	t.Run("a fault that nobody present can cure is handed to its party", func(t *testing.T) {
		t.Parallel()
		d := e.Diagnose(given(said("response_code", "03"), said("response_code_set", "unionpay"), said("main_symptom", "sales_fail")))
		if d.Next == nil || d.Next.Kind != diagnose.Handover || d.Next.ID != "handover.acquirer_backoffice" {
			t.Fatalf("got %+v", d.Next)
		}
	})
	t.Run("a failed restart is followed by something else, to the end", func(t *testing.T) {
		t.Parallel()
		in := hung()
		for range 40 {
			d := e.Diagnose(in)
			if d.Next == nil || d.Next.Kind == diagnose.Handover {
				if d.Verdict != diagnose.Over && d.Verdict != diagnose.Clear {
					t.Errorf("ends with %s", d.Verdict)
				}
				return
			}
			switch d.Next.Kind {
			case diagnose.Do:
				if slices.ContainsFunc(in.Tried, func(a diagnose.Attempt) bool { return a.Step == d.Next.ID }) {
					t.Fatalf("%s is proposed twice", d.Next.ID)
				}
				in.Tried = append(in.Tried, diagnose.Attempt{Step: d.Next.ID, At: now()})
			default:
				if slices.Contains(in.Unknown, d.Next.ID) {
					t.Fatalf("%s is asked twice", d.Next.ID)
				}
				in.Unknown = append(in.Unknown, d.Next.ID)
			}
		}
		t.Error("it never ends")
	})
}

func TestTheMerchantIsAskedOnlyWhatHeCanSee(t *testing.T) {
	t.Parallel()
	e, p := engine(t), fixture()
	rapid.Check(t, func(t *rapid.T) {
		in := given()
		in.Audience = diagnose.Audience{Merchant: true}
		for _, v := range p.Variables {
			if len(v.States) > 0 && rapid.Bool().Draw(t, v.ID) {
				in.Findings = append(in.Findings, said(v.ID, rapid.SampledFrom(v.States).Draw(t, "state").ID))
			} else if rapid.Bool().Draw(t, "unknown") {
				in.Unknown = append(in.Unknown, v.ID)
			}
		}
		n := e.Diagnose(in).Next
		if n == nil || n.Kind != diagnose.Ask {
			return
		}
		for _, v := range p.Variables {
			if v.ID == n.ID && !slices.Contains(v.Ask, "merchant") {
				t.Fatalf("asks %s, which only %v can see", n.ID, v.Ask)
			}
		}
		if slices.Contains(in.Unknown, n.ID) {
			t.Fatalf("asks %s again", n.ID)
		}
	})
}

func TestHazards(t *testing.T) {
	t.Parallel()
	e := engine(t)
	everyone := diagnose.Audience{Merchant: true, Remote: true, Desk: true, Engineer: true}
	t.Run("a tampered terminal is replaced and nothing else", func(t *testing.T) {
		t.Parallel()
		for name, sign := range map[string]finding.Finding{
			"flag":    measured("tamper_flag", "set"),
			"message": said("screen_message", "tamper_alert"),
			"text":    said("screen_text", "all keys cleared"),
		} {
			in := given(said("main_symptom", "frozen"), measured("app_state", "hung"), sign)
			in.Audience = everyone
			d := e.Diagnose(in)
			if d.Next == nil || d.Next.Kind != diagnose.Handover || d.Next.By != "depot" || d.Verdict != diagnose.Clear {
				t.Errorf("%s: %s, %+v", name, d.Verdict, d.Next)
			}
			in.Findings = []finding.Finding{sign, said("main_symptom", "no_connection"), said("cable_state", "loose"), measured("host_connect_test", "no_connection")}
			if harmless := e.Diagnose(in); withheldFor(harmless, "cure.net_cable") == "" || harmless.Next.By != "depot" {
				t.Errorf("%s: not even the cable is to be touched: %+v", name, harmless.Withheld)
			}
			if withheldFor(d, "restart_app") == "" {
				t.Errorf("%s: the restart is not named as withheld: %+v", name, d.Withheld)
			}
		}
	})
	t.Run("no restart while the host is out, however the app looks", func(t *testing.T) {
		t.Parallel()
		for name, sign := range map[string]finding.Finding{
			"everybody": said("terminal_scope", "everybody"),
			"page":      said("status_page", "outage_reported"),
			"incident":  {Variable: "host_connect_test", State: "no_connection", At: now(), Source: finding.Incident},
		} {
			d := e.Diagnose(given(said("main_symptom", "frozen"), measured("app_state", "hung"), sign))
			if withheldFor(d, "restart_app") != "do_not_restart" || withheldFor(d, "reset_app") != "do_not_reset" {
				t.Errorf("%s: withheld %+v", name, d.Withheld)
			}
			if d.Next != nil && (d.Next.ID == "restart_app" || d.Next.ID == "cure.sw_hang" || d.Next.ID == "reset_app") {
				t.Errorf("%s: advises %s", name, d.Next.ID)
			}
		}
	})
	t.Run("no reset over unsent sales, and they are secured first", func(t *testing.T) {
		t.Parallel()
		d := e.Diagnose(hung(said("offline_sales", "waiting")))
		if withheldFor(d, "reset_app") != "do_not_reset" {
			t.Errorf("withheld %+v", d.Withheld)
		}
		if d.Next == nil || d.Next.ID != "restart_app" || !slices.Contains(d.Next.First, "keep_unsent_sales") {
			t.Errorf("got %+v", d.Next)
		}
	})
	t.Run("a restart is not even asked about while it is forbidden", func(t *testing.T) {
		t.Parallel()
		in := given(said("terminal_scope", "everybody"), said("main_symptom", "frozen"))
		in.Audience = diagnose.Audience{Merchant: true}
		for range 20 {
			n := e.Diagnose(in).Next
			if n == nil || n.Kind != diagnose.Ask {
				return
			}
			if n.ID == "app_restart_helps" {
				t.Fatal("asked whether a restart helps")
			}
			in.Unknown = append(in.Unknown, n.ID)
		}
	})
}

// TestNoAdviceBreaksAHazard draws situations at random and checks the rule itself.
func TestNoAdviceBreaksAHazard(t *testing.T) {
	t.Parallel()
	e, p := engine(t), fixture()
	steps := map[string]pack.Step{}
	for _, s := range p.Steps {
		steps[s.ID] = s
	}
	rapid.Check(t, func(t *rapid.T) {
		in := given()
		in.Audience = diagnose.Audience{Merchant: rapid.Bool().Draw(t, "m"), Remote: rapid.Bool().Draw(t, "r"), Desk: rapid.Bool().Draw(t, "d"), Engineer: rapid.Bool().Draw(t, "e")}
		for _, v := range p.Variables {
			if len(v.States) > 0 && rapid.Bool().Draw(t, v.ID) {
				in.Findings = append(in.Findings, said(v.ID, rapid.SampledFrom(v.States).Draw(t, "state").ID))
			}
			in.Unknown = append(in.Unknown, v.ID) // nothing left to ask: a step must be advised
		}
		d := e.Diagnose(in)
		if d.Next == nil || d.Next.Kind != diagnose.Do {
			return
		}
		for _, h := range steps[d.Next.ID].Breaks {
			mass := 0.0
			for _, r := range d.Ranked {
				if slices.Contains(r.Hazards, h) {
					mass += r.P
				}
			}
			if hazard, _ := pack.FindHazard(h); hazard.Forbids && mass > 0.02 {
				t.Fatalf("%s breaks %s, which faults of probability %v carry", d.Next.ID, h, mass)
			}
		}
	})
}

func BenchmarkDiagnose(b *testing.B) {
	e := diagnose.New(large(130, 60, 80), diagnose.Policy{})
	in := given(said("v00", "s1"), said("v07", "s2"), said("v13", "s1"))
	in.Audience = diagnose.Audience{Merchant: true}
	b.ReportAllocs()
	for b.Loop() {
		e.Diagnose(in)
	}
}

func TestAStepThatCouldDoHarmIsNotTakenOnTheOffChance(t *testing.T) {
	t.Parallel()
	p := fixture()
	p.Faults[5].Shows["main_symptom"]["dead"] = number(0.03) // now and then a hung app looks dead
	e := diagnose.New(p, diagnose.Policy{})
	in := given(append(safe(), said("main_symptom", "dead"))...)
	in.Audience = diagnose.Audience{Remote: true}
	for _, v := range p.Variables {
		if v.Probe != "" {
			in.Unknown = append(in.Unknown, v.ID)
		}
	}
	if n := e.Diagnose(in).Next; n == nil || n.Kind != diagnose.Handover {
		t.Fatalf("got %+v", n)
	}
	for i := range p.Steps { // the same restart where it can harm nobody is worth its half minute
		p.Steps[i].Breaks = nil
	}
	if n := diagnose.New(p, diagnose.Policy{}).Diagnose(in).Next; n == nil || n.Kind != diagnose.Do {
		t.Fatalf("harmless: got %+v", n)
	}
}

func TestWording(t *testing.T) {
	t.Parallel()
	e := engine(t)
	for name, c := range map[string]struct {
		seen finding.Finding
		asks string
	}{
		"a code is asked for where the screen shows one":     {said("screen_message", "response_code"), "response_code"},
		"the exact words are asked for where there are some": {said("screen_message", "host_unavailable"), "screen_text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := given(c.seen)
			in.Audience = diagnose.Audience{Merchant: true}
			if n := e.Diagnose(in).Next; n == nil || n.Kind != diagnose.Ask || n.ID != c.asks {
				t.Fatalf("got %+v", n)
			}
			in.Unknown = []string{c.asks}
			if n := e.Diagnose(in).Next; n != nil && n.ID == c.asks {
				t.Error("asked again")
			}
		})
	}
	t.Run("which set a code is from is asked of the desk, never of the shop", func(t *testing.T) {
		t.Parallel()
		in := given(said("response_code", "03"))
		in.Audience = diagnose.Audience{Merchant: true}
		if n := e.Diagnose(in).Next; n != nil && n.ID == "response_code_set" {
			t.Error("asked the shop")
		}
		in.Audience.Desk = true
		if n := e.Diagnose(in).Next; n == nil || n.ID != "response_code_set" || n.By != "agent" {
			t.Errorf("got %+v", n)
		}
	})
}

func TestPeopleAreNotAskedForEver(t *testing.T) {
	t.Parallel()
	in := given(said("main_symptom", "sales_fail"))
	in.Audience = diagnose.Audience{Merchant: true}
	in.Unknown = []string{"cable_state", "app_restart_helps"}
	if n := diagnose.New(fixture(), diagnose.Policy{}).Diagnose(in).Next; n == nil || n.Kind != diagnose.Ask {
		t.Fatalf("two unknown answers stop it: %+v", n)
	}
	if n := diagnose.New(fixture(), diagnose.Policy{Unknowns: 2}).Diagnose(in).Next; n != nil && n.Kind == diagnose.Ask {
		t.Fatalf("asks on: %+v", n)
	}
}

func TestWhatNobodyCouldSayIsEvidenceToo(t *testing.T) {
	t.Parallel()
	e := engine(t)
	in := given(said("main_symptom", "no_connection"))
	before := probability(e.Diagnose(in), "net_cable")
	in.Unknown = []string{"cable_state"} // who has a loose cable in his hand knows it sooner than who has a firm one
	asked := e.Diagnose(in)
	if after := probability(asked, "net_cable"); after >= before || after < before/4 {
		t.Errorf("net_cable %v, then %v: a little less, and no more than that", before, after)
	}
	for _, r := range asked.Ranked {
		for _, reason := range append(r.For, r.Against...) {
			if reason.Variable == "cable_state" {
				t.Errorf("shown as a finding: %+v", reason)
			}
		}
	}
}

func TestWeightsAreSetByName(t *testing.T) {
	t.Parallel()
	w, ok := diagnose.DefaultWeights().With("truck", 600)
	if !ok || w.Truck != 600 || w.Merchant != diagnose.DefaultWeights().Merchant {
		t.Errorf("got %+v, %v", w, ok)
	}
	for name, value := range map[string]float64{"lorry": 1, "truck": -1, "money": math.NaN(), "risk": math.Inf(1)} {
		if _, ok := diagnose.DefaultWeights().With(name, value); ok {
			t.Errorf("%s=%v was taken", name, value)
		}
	}
}
