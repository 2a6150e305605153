package checkup_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/acquirer"
	"github.com/posmedic/posmedic/internal/agent/checkup"
	"github.com/posmedic/posmedic/internal/agent/probe"
	"github.com/posmedic/posmedic/internal/agent/probe/probetest"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

var update = flag.Bool("update", false, "write the golden reports anew")

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func fixture(t *testing.T) *pack.Pack {
	t.Helper()
	p, err := pack.Load(os.DirFS("testdata/pack"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bench is a check-up whose writers a test can read.
type bench struct {
	checkup.Config
	out, progress bytes.Buffer
}

func set(t *testing.T, change func(*checkup.Config)) *bench {
	t.Helper()
	b := &bench{}
	b.Config = checkup.Config{Engine: diagnose.New(fixture(t), diagnose.Policy{}), Lang: lang.EN, Out: &b.out, Progress: &b.progress,
		Now: func() time.Time { return noon }}
	if change != nil {
		change(&b.Config)
	}
	return b
}

func (b *bench) run(t *testing.T) checkup.Outcome {
	t.Helper()
	outcome, err := checkup.Run(t.Context(), b.Config)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// report runs with --json and reads what it prints.
func (b *bench) report(t *testing.T) (checkup.Report, checkup.Outcome) {
	t.Helper()
	b.JSON = true
	outcome := b.run(t)
	var r checkup.Report
	decoder := json.NewDecoder(&b.out)
	if err := decoder.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if decoder.More() || r.Exit != int(outcome) || r.Outcome != outcome.Name() {
		t.Fatalf("exit %d, outcome %s, returned %d", r.Exit, r.Outcome, outcome)
	}
	return r, outcome
}

func said(variable, state string) finding.Finding {
	return finding.Finding{Variable: variable, State: state, At: noon.Add(-2 * time.Hour), Source: finding.Merchant}
}

// deaf is a machine on which nothing can be read, whose name server says that the host does not exist.
func deaf(target probe.Target) *probe.Env {
	return &probe.Env{
		Target: target, Root: "/nonexistent", Now: func() time.Time { return noon }, Resolver: nowhere{},
		Dial:       func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no network") },
		Interfaces: func() ([]probe.Interface, error) { return nil, errors.New("not allowed") },
		DiskFree:   func(context.Context, string) (uint64, uint64, error) { return 0, 0, errors.New("not allowed") },
	}
}

type nowhere struct{}

func (nowhere) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func TestReportReadsAsApproved(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*checkup.Config){
		"host_down_for_all": func(c *checkup.Config) {
			c.Given = []finding.Finding{said("main_symptom", "sales_fail"), said("terminal_scope", "everybody"), said("host_connect_test", "no_connection"),
				said("sales_possible", "none")}
		},
		"name_not_found": func(c *checkup.Config) { c.Machine = deaf(probe.Target{Address: "pos.example:443"}) },
		"nothing_known":  func(c *checkup.Config) { c.Machine = deaf(probe.Target{}) },
	} {
		for _, l := range []lang.Lang{lang.ZH, lang.EN} {
			t.Run(name+" in "+string(l), func(t *testing.T) {
				t.Parallel()
				b := set(t, change)
				b.Lang = l
				b.run(t)
				golden := filepath.Join("testdata", name+"."+string(l)+".txt")
				if *update {
					if err := os.WriteFile(golden, b.out.Bytes(), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), b.out.String()); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	a := probetest.NewAuthority(t)
	healthy := func(t *testing.T, host *probetest.Host, sale int64) *probe.Env {
		t.Helper()
		host.Cert = a.Issue(t, "pos.example", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
		env := probe.ThisMachine(probe.Target{Address: host.Start(t), TID: "88888888", MID: "100000000000001", Roots: a.Pool(), TestCents: sale})
		env.Root = t.TempDir()
		env.DiskFree = func(context.Context, string) (uint64, uint64, error) { return 1 << 40, 2 << 40, nil }
		return &env
	}
	t.Run("a sign-in is a proof of sign-in, kept for the next time, and not of a sale", func(t *testing.T) {
		t.Parallel()
		state := t.TempDir()
		b := set(t, func(c *checkup.Config) {
			c.Machine, c.StateDir, c.Now = healthy(t, &probetest.Host{}, 0), state, time.Now
		})
		r, outcome := b.report(t)
		if outcome != checkup.Healthy || r.Money.Can != checkup.SignedIn || r.Money.Proof == nil || r.Money.Proof.Kind != "sign_in" {
			t.Fatalf("%v %+v", outcome, r.Money)
		}
		again := set(t, func(c *checkup.Config) {
			c.Machine, c.StateDir = deaf(probe.Target{Address: r.Money.Proof.Host, TID: "88888888", MID: "100000000000001"}), state
		})
		if later, outcome := again.report(t); outcome != checkup.Fault || later.Money.Can != checkup.No || later.Money.Proof == nil || !later.Money.Proof.At.Equal(r.Money.Proof.At) {
			t.Fatalf("%v %+v", outcome, later.Money)
		}
		other := set(t, func(c *checkup.Config) { c.Machine, c.StateDir = deaf(probe.Target{Address: "pos.example:1"}), state })
		if elsewhere, _ := other.report(t); elsewhere.Money.Proof != nil {
			t.Fatal("a proof at another host counts for nothing")
		}
	})
	t.Run("a test sale proves that it can take money", func(t *testing.T) {
		t.Parallel()
		b := set(t, func(c *checkup.Config) { c.Machine = healthy(t, &probetest.Host{}, 1) })
		r, outcome := b.report(t)
		if outcome != checkup.Healthy || r.Money.Can != checkup.Yes || r.Money.Proof.Kind != "sale" || r.Diagnosis.Verdict != diagnose.Healthy {
			t.Fatalf("%v %+v %s", outcome, r.Money, r.Diagnosis.Verdict)
		}
	})
	t.Run("a sign-in that is refused is a fault, and its code ranks the cause", func(t *testing.T) {
		t.Parallel()
		b := set(t, func(c *checkup.Config) {
			c.Machine = healthy(t, &probetest.Host{Code: func(acquirer.Kind) string { return "97" }}, 0)
		})
		r, outcome := b.report(t)
		if outcome != checkup.Fault || r.Money.Can != checkup.No || r.Diagnosis.Ranked[0].Fault != "acc_unregistered" || r.Money.Proof != nil {
			t.Fatalf("%v %+v %+v", outcome, r.Money, r.Diagnosis.Ranked)
		}
	})
	t.Run("a damaged proof is no proof", func(t *testing.T) {
		t.Parallel()
		state := t.TempDir()
		if err := os.WriteFile(filepath.Join(state, "last-proof.json"), []byte(`{"kind":`), 0o600); err != nil {
			t.Fatal(err)
		}
		b := set(t, func(c *checkup.Config) { c.Machine, c.StateDir = deaf(probe.Target{Address: "pos.example:1"}), state })
		if r, outcome := b.report(t); r.Money.Proof != nil || outcome != checkup.Fault {
			t.Fatalf("%v %+v", outcome, r.Money)
		}
	})
	t.Run("a complaint about a terminal that signs in is not brushed aside", func(t *testing.T) {
		t.Parallel()
		b := set(t, func(c *checkup.Config) {
			c.Machine, c.Given = healthy(t, &probetest.Host{}, 0), []finding.Finding{said("main_symptom", "frozen_or_crashes")}
		})
		if r, outcome := b.report(t); outcome != checkup.Fault || r.Diagnosis.Ranked[0].Fault != "sw_hang" {
			t.Fatalf("%v %+v", outcome, r.Diagnosis.Ranked)
		}
	})
	t.Run("nothing known is not a fault and not healthy", func(t *testing.T) {
		t.Parallel()
		b := set(t, func(c *checkup.Config) { c.Machine = deaf(probe.Target{}) })
		if r, outcome := b.report(t); outcome != checkup.Unclear || r.Money.Can != checkup.NotProven {
			t.Fatalf("%v %+v", outcome, r.Money)
		}
	})
}

func TestConversation(t *testing.T) {
	t.Parallel()
	talk := func(t *testing.T, answers string, given ...finding.Finding) *bench {
		t.Helper()
		return set(t, func(c *checkup.Config) { c.Ask, c.In, c.Given = true, strings.NewReader(answers), given })
	}
	t.Run("it asks in plain words with numbers until a fault is clear, and says when an answer is none", func(t *testing.T) {
		t.Parallel()
		b := talk(t, "9\nwhat?\n3\n1\n1\n1\n1\n1\n")
		r, outcome := b.report(t)
		if outcome != checkup.Fault || r.Diagnosis.Ranked[0].Fault != "sw_hang" {
			t.Fatalf("%v %+v\n%s", outcome, r.Diagnosis.Ranked, b.progress.String())
		}
		asked := b.progress.String()
		if !strings.Contains(asked, "What is the main trouble?") || !strings.Contains(asked, "  3  it freezes") || strings.Count(asked, "Please type one of the numbers") != 2 {
			t.Fatal(asked)
		}
	})
	t.Run("don't know is accepted and not asked again", func(t *testing.T) {
		t.Parallel()
		b := talk(t, strings.Repeat("0\n", 30))
		r, outcome := b.report(t)
		asked := b.progress.String()
		if outcome != checkup.Unclear || len(r.Unknown) < 2 || strings.Count(asked, "What is the main trouble?") != 1 {
			t.Fatalf("%v %v\n%s", outcome, r.Unknown, asked)
		}
	})
	t.Run("back takes the last answer back", func(t *testing.T) {
		t.Parallel()
		b := talk(t, "2\nb\n3\n0\n0\n0\n0\n")
		r, _ := b.report(t)
		if got := finding.Collect(r.Diagnosis.Evidence...); !got.Is("main_symptom", "frozen_or_crashes") {
			t.Fatalf("%+v\n%s", r.Diagnosis.Evidence, b.progress.String())
		}
	})
	t.Run("an end of the answers, or q, ends the questions and not the report", func(t *testing.T) {
		t.Parallel()
		for _, answers := range []string{"", "q\n3\n"} {
			b := talk(t, answers)
			if _, outcome := b.report(t); outcome != checkup.Unclear || strings.Count(b.progress.String(), ">") != 1 {
				t.Fatalf("%v\n%s", outcome, b.progress.String())
			}
		}
	})
	t.Run("nobody is asked when nobody is there", func(t *testing.T) {
		t.Parallel()
		b := set(t, nil)
		if outcome := b.run(t); outcome != checkup.Unclear || b.progress.Len() != 0 {
			t.Fatalf("%v %q", outcome, b.progress.String())
		}
	})
}

func TestReadCase(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	t.Run("a case is read, also as a line of a collection, and card numbers in it are removed", func(t *testing.T) {
		t.Parallel()
		c, err := checkup.ReadCase(strings.NewReader(`{"id":"x","cause_id":"y","report":"card 6250947000000014 refused","evidence":{"main_symptom":"sales_fail"}}` + "\n{}\n"))
		if err != nil || strings.Contains(c.Report, "6250947") {
			t.Fatalf("%+v, %v", c, err)
		}
		list, err := c.Findings(p, noon)
		if err != nil || len(list) != 1 || list[0].Source != finding.Merchant || !list[0].At.Equal(noon) {
			t.Fatalf("%+v, %v", list, err)
		}
	})
	for what, text := range map[string]string{"nothing": "", "no JSON": "hello", "another shape": `{"evidence":[1]}`, "an empty case": "{}", "too much": strings.Repeat(" ", 2<<20)} {
		t.Run(what+" is refused", func(t *testing.T) {
			t.Parallel()
			if c, err := checkup.ReadCase(strings.NewReader(text)); err == nil {
				t.Fatalf("%+v", c)
			}
		})
	}
	t.Run("words that the pack does not know are refused", func(t *testing.T) {
		t.Parallel()
		for _, evidence := range []map[string]string{{"no_such": "x"}, {"main_symptom": "no_such"}} {
			if _, err := (checkup.Coded{Evidence: evidence}).Findings(p, noon); err == nil {
				t.Errorf("%v", evidence)
			}
		}
	})
}

func FuzzReadCase(f *testing.F) {
	for _, seed := range []string{`{"evidence":{"main_symptom":"sales_fail"}}`, `{"report":"6250947000000014"}`, "[]", `{"evidence":null}`, "{}{}"} {
		f.Add(seed)
	}
	p, err := pack.Load(os.DirFS("testdata/pack"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := checkup.ReadCase(strings.NewReader(text))
		if err != nil {
			return
		}
		list, err := c.Findings(p, noon)
		if err == nil && len(list) != len(c.Evidence) {
			t.Fatalf("%d of %d", len(list), len(c.Evidence))
		}
	})
}
