package diagnose_test

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

var readers = []diagnose.Reader{diagnose.ToMerchant, diagnose.ToAgent, diagnose.ToTechnician}

func noted(step, fault string) (tried, helped int) { return len(step), len(fault) }

func explained(in diagnose.Input) diagnose.Explanation {
	return diagnose.New(cornerShop(), diagnose.Policy{}).Explain(in, noted)
}

// TestExplanations holds what the three readers are told of five diagnoses, in both languages.
func TestExplanations(t *testing.T) {
	t.Parallel()
	for name, in := range situations() {
		for _, l := range []lang.Lang{lang.ZH, lang.EN} {
			t.Run(name+" in "+string(l), func(t *testing.T) {
				t.Parallel()
				var b strings.Builder
				for _, to := range readers {
					b.WriteString("-- " + string(to) + " --\n" + explained(in).Text(to, l))
				}
				file := filepath.Join("testdata", "explain", name+"."+string(l)+".txt")
				if *update {
					if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if b.String() != string(want) {
					t.Errorf("%s says\n%s\nand now\n%s", file, want, b.String())
				}
			})
		}
	}
}

func TestAnExplanationIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	for name, in := range moreSituations() {
		if a, b := explained(in), explained(in); !reflect.DeepEqual(a, b) {
			t.Errorf("%s is explained in two ways", name)
		}
	}
}

func TestTheMerchantIsToldOneThing(t *testing.T) {
	t.Parallel()
	t.Run("no cause is named below 30 %", func(t *testing.T) {
		t.Parallel()
		for name, in := range moreSituations() {
			x := explained(in)
			m, l := x.Merchant, x.Technician.Leading
			if m.Sentence.Empty() || m.Do.Empty() || m.Sentence.ZH == "" || m.Do.ZH == "" || strings.Count(strings.TrimSuffix(m.Sentence.EN, "."), ". ") > 0 {
				t.Errorf("%s: %+v", name, m)
			}
			if named := l != nil && l.P >= 0.3; named != (m.Fault != "" || strings.Contains(m.Sentence.EN, "security lock")) {
				t.Errorf("%s: leading %+v, named %q", name, l, m.Fault)
			}
			if l == nil || l.P >= 0.3 {
				continue
			}
			for _, f := range cornerShop().Faults {
				if strings.Contains(m.Sentence.EN, f.Means.EN) || strings.Contains(m.Sentence.ZH, f.Name.ZH) {
					t.Errorf("%s: %s is named: %+v", name, f.ID, m.Sentence)
				}
			}
		}
	})
	t.Run("he is asked only what he can answer, and told only what he can do", func(t *testing.T) {
		t.Parallel()
		for name, in := range moreSituations() {
			in.Audience.Merchant = false
			m := explained(in).Merchant
			if d := diagnose.New(cornerShop(), diagnose.Policy{}).Diagnose(in); m.Yours && d.Next != nil && d.Next.Kind != diagnose.Handover {
				t.Errorf("%s: nobody is in the shop, and %+v", name, m)
			}
		}
	})
	t.Run("what must not be done is said", func(t *testing.T) {
		t.Parallel()
		m := explained(situations()["tampered"]).Merchant
		never := ""
		for _, n := range m.Never {
			never += n.EN + "; "
		}
		if m.Yours || !strings.Contains(never, "do not restart") || !strings.Contains(never, "do not open") {
			t.Errorf("%+v", m)
		}
	})
	t.Run("two things at once are both named", func(t *testing.T) {
		t.Parallel()
		in := diagnose.Input{Now: now(), Audience: everybody(), Findings: []finding.Finding{
			measured("app_state", "hung"), measured("main_symptom", "frozen"), measured("other_devices_online", "no"),
			measured("host_connect_test", "no_connection"), measured("wifi_icon", "crossed_out"),
		}}
		d := diagnose.New(cornerShop(), diagnose.Policy{}).Diagnose(in)
		if len(d.Together) < 2 {
			t.Fatalf("not together: %+v", d.Ranked)
		}
		m := explained(in).Merchant
		for _, id := range d.Together {
			for _, f := range cornerShop().Faults {
				if f.ID == id && (!strings.Contains(m.Sentence.EN, f.Name.EN) || !strings.Contains(m.Sentence.ZH, f.Name.ZH)) {
					t.Errorf("%s is not in %+v", id, m.Sentence)
				}
			}
		}
	})
}

// TestTurnsAreTrue gives each answer that is said to change the mind, and sees whether it does.
func TestTurnsAreTrue(t *testing.T) {
	t.Parallel()
	found := 0
	for name, in := range moreSituations() {
		x := explained(in)
		for _, turn := range x.Agent.Turns {
			found++
			source := finding.Agent
			for _, v := range cornerShop().Variables {
				switch {
				case v.ID != turn.Variable:
				case v.Probe != "" && in.Audience.Remote:
					source = finding.Probe
				default:
					source = finding.Source(v.Ask[0])
				}
			}
			told := in
			told.Findings = append(told.Findings[:len(told.Findings):len(told.Findings)],
				finding.Finding{Variable: turn.Variable, State: turn.State, At: in.Now, Source: source})
			d := diagnose.New(cornerShop(), diagnose.Policy{}).Diagnose(told)
			if len(d.Ranked) == 0 || d.Ranked[0].Fault != turn.Then.Fault || math.Abs(d.Ranked[0].P-turn.Then.P) > 1e-12 ||
				turn.Then.Fault == x.Agent.Leading.Fault {
				t.Errorf("%s: %+v, but it gives %+v", name, turn, d.Ranked)
			}
			for _, f := range in.Findings {
				if f.Variable == turn.Variable {
					t.Errorf("%s: %s is known already", name, turn.Variable)
				}
			}
			if turn.Chance <= 0 || turn.Chance >= 1 {
				t.Errorf("%s: chance %v", name, turn.Chance)
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d turns in all situations", found)
	}
}

func TestTheNextStepIsJustified(t *testing.T) {
	t.Parallel()
	asked := 0
	for name, in := range moreSituations() {
		w := explained(in).Agent.Next
		d := diagnose.New(cornerShop(), diagnose.Policy{}).Diagnose(in)
		if d.Next == nil || len(d.Ranked) == 0 {
			if w != nil {
				t.Errorf("%s: nothing is next, and %+v", name, w)
			}
			continue
		}
		if w == nil || w.ID != d.Next.ID || w.Reason.ZH == "" || w.Reason.EN == "" {
			t.Fatalf("%s: next %+v, why %+v", name, d.Next, w)
		}
		if w.Kind != diagnose.Ask && w.Kind != diagnose.Probe {
			continue
		}
		asked++
		total := 0.0
		for _, c := range w.Leads {
			total += c.Chance
			if c.Text.Empty() || c.Next.Empty() {
				t.Errorf("%s: %+v", name, c)
			}
		}
		if len(w.Leads) > 0 && (total > 1+1e-6 || total < 0.97) { // answers below half a percent are left out
			t.Errorf("%s: the answers' chances sum to %v", name, total)
		}
		if w.With > 0 && w.Without > 0 && w.Without < w.With-1e-9 {
			t.Errorf("%s: it is asked at %v although without it costs %v", name, w.With, w.Without)
		}
	}
	if asked == 0 {
		t.Error("no situation asks anything")
	}
}

// TestTheCostIsThePlanners compares the parts with the policy's own sum.
func TestTheCostIsThePlanners(t *testing.T) {
	t.Parallel()
	in := situations()["offline"]
	in.Findings = append(in.Findings, said("other_devices_online", "no"))
	c := explained(in).Technician.Cost
	// Restarting the router: 4 min of the shop, 6 min without sales at half, an insult of 0.1 at 15, and 8 for the asking.
	if c == nil || math.Abs(c.Minutes-(4+3+1.5+8)) > 1e-9 {
		t.Fatalf("%+v", c)
	}
	sum := 0.0
	for _, p := range c.Parts {
		sum += p.Minutes
		if p.Name.ZH == "" || p.Name.EN == "" || math.Abs(p.Amount*p.Weight-p.Minutes) > 1e-9 {
			t.Errorf("%+v", p)
		}
	}
	if math.Abs(sum-c.Minutes) > 1e-9 {
		t.Errorf("the parts sum to %v of %v", sum, c.Minutes)
	}
	// A question after one that could not be answered: (1 + 1/2 without sales + 0.5) × 4/3.
	unknown := situations()["unsure"]
	unknown.Unknown = []string{"other_devices_online"}
	q := explained(unknown)
	if q.Agent.Next.Kind != diagnose.Ask || math.Abs(q.Technician.Cost.Minutes-2*4./3) > 1e-9 || q.Technician.Record != nil {
		t.Errorf("%+v: %+v", q.Agent.Next, q.Technician.Cost)
	}
}

func TestTheTechnicianSeesTheNumbers(t *testing.T) {
	t.Parallel()
	in := situations()["hung"]
	x := explained(in).Technician
	d := diagnose.New(cornerShop(), diagnose.Policy{}).Diagnose(in)
	if len(x.Weights) != len(d.Evidence) || x.Model.Pack != cornerShop().Ref || x.Model.Engine != diagnose.Revision || x.Now.P != d.Ranked[0].P {
		t.Errorf("%+v", x)
	}
	for _, r := range append(d.Ranked[0].For, d.Ranked[0].Against...) {
		found := false
		for _, w := range x.Weights {
			found = found || w.Variable == r.Variable && w.Nats == r.Weight && math.Abs(w.Decibans-4.342944819*w.Nats) < 1e-6
		}
		if !found {
			t.Errorf("%+v is not among %+v", r, x.Weights)
		}
	}
	if x.Prior.P <= 0 || x.Prior.P >= x.Now.P || x.Prior.Decibans >= 0 || x.Now.Decibans <= 0 {
		t.Errorf("prior %+v, now %+v", x.Prior, x.Now)
	}
	if r := x.Record; r == nil || r.Step != d.Next.ID || r.Fault != d.Ranked[0].Fault || r.Tried != len(r.Step) || r.Helped != len(r.Fault) {
		t.Errorf("record %+v", r)
	}
	if none := diagnose.New(cornerShop(), diagnose.Policy{}).Explain(in, nil); none.Technician.Record != nil {
		t.Error("a record that nobody keeps")
	}
}

func TestThereIsAnExplanationForEverything(t *testing.T) {
	t.Parallel()
	empty := diagnose.New(&pack.Pack{}, diagnose.Policy{}).Explain(diagnose.Input{Now: now()}, nil)
	healthy := explained(moreSituations()["healthy"])
	for name, x := range map[string]diagnose.Explanation{"a pack without faults": empty, "a healthy terminal": healthy} {
		for _, to := range readers {
			for _, l := range []lang.Lang{lang.ZH, lang.EN} {
				if x.Text(to, l) == "" {
					t.Errorf("%s: the %s is told nothing in %s", name, to, l)
				}
			}
		}
	}
	if healthy.Merchant.Sentence.EN != "The terminal takes payments; no fault was found." || healthy.Merchant.Yours {
		t.Errorf("%+v", healthy.Merchant)
	}
}
