package repair_test

import (
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/wire"
)

func TestTheNextStepBecomesAnAttempt(t *testing.T) {
	t.Parallel()
	t.Run("a harmless command for a likely fault leaves by itself", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, do(w.pack, "restart_app"), cause(0.9))
		a := w.one(t)
		if a.State != repair.Queued || a.Who != "system" || len(w.nudged) != 1 || w.nudged[0] != terminal {
			t.Errorf("attempt %+v, nudged %v", a, w.nudged)
		}
		w.wantCase(t, casefile.Repairing)
		commands, err := w.Waiting(t.Context(), terminal)
		if err != nil || len(commands) != 1 || commands[0].ID != a.ID || commands[0].Name != "restart_app" || !commands[0].Expires.After(w.now) {
			t.Errorf("the agent is told %+v (%v)", commands, err)
		}
	})
	t.Run("the same diagnosis seen twice changes nothing", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, do(w.pack, "restart_app"), cause(0.3))
		w.look(t)
		a := w.one(t)
		// Also when the attempt has ended meanwhile, and the event comes again late.
		if err := w.Finish(t.Context(), a.ID, "ann", false, "nobody there"); err != nil {
			t.Fatal(err)
		}
		w.move(t, casefile.Diagnosing)
		w.look(t)
		w.wantState(t, w.one(t).ID, repair.Failed)
	})
	t.Run("a command for an unlikely fault waits for a person", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, do(w.pack, "restart_app"), cause(0.3))
		if a := w.one(t); a.State != repair.Planned || w.lines(t, "step_planned") != 1 {
			t.Errorf("attempt %+v", a)
		}
		w.wantCase(t, casefile.Diagnosing)
		if commands, err := w.Waiting(t.Context(), terminal); err != nil || len(commands) != 0 {
			t.Errorf("the agent is told %+v (%v)", commands, err)
		}
	})
	t.Run("a step for a person is shown to him", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, do(w.pack, "cure.sw_hang"), cause(0.9))
		if a := w.one(t); a.State != repair.Planned || a.Command != "" {
			t.Errorf("attempt %+v", a)
		}
	})
	t.Run("a probe leaves the case in diagnosis", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, probe("host_connect_test"), cause(0.3))
		if a := w.one(t); a.State != repair.Queued || a.Command != "run_probes" || a.Changes() {
			t.Errorf("attempt %+v", a)
		}
		w.wantCase(t, casefile.Diagnosing)
	})
	t.Run("a question is nobody's attempt", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, diagnose.Next{Kind: diagnose.Ask, ID: "main_symptom", By: "merchant"}, cause(0.3))
		if list := w.list(t); len(list) != 0 {
			t.Errorf("attempts %+v", list)
		}
	})
	t.Run("a hand-over waits at the party that can cure it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, do(w.pack, "handover.depot"), cause(0.9))
		if a := w.one(t); a.State != repair.Planned || a.By != "depot" || a.Kind != diagnose.Handover {
			t.Errorf("attempt %+v", a)
		}
		w.wantCase(t, casefile.HandedOver)
	})
	t.Run("what is planned is called off when the diagnosis moves on", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, do(w.pack, "restart_app"), cause(0.3))
		first := w.one(t)
		w.believe(t, do(w.pack, "cure.sw_hang"), cause(0.4))
		w.wantState(t, first.ID, repair.Cancelled)
		if next := w.last(t); next.Step != "cure.sw_hang" || next.State != repair.Planned {
			t.Errorf("attempt %+v", next)
		}
		if failed := w.ended(t, repair.FailedEvent); len(failed) != 0 {
			t.Errorf("what was called off has not failed: %+v", failed)
		}
	})
	t.Run("what is under way is left alone", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, probe("host_connect_test"), cause(0.3))
		a := w.one(t)
		w.progress(t, a.ID, "running")
		w.believe(t, do(w.pack, "restart_app"), cause(0.9))
		w.wantState(t, w.one(t).ID, repair.Running)
	})
	t.Run("a step that no pack knows is an error", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.store(t, diagnose.Next{Kind: diagnose.Do, ID: "invented"}, cause(0.9))
		wantError(t, w.OnDiagnosed(t.Context(), w.id), repair.ErrUnknownStep)
	})
	t.Run("remote attempts have an end; then a person decides", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		for range repair.DefaultPolicy().MaxAttempts {
			w.believe(t, do(w.pack, "restart_app"), cause(0.9))
			w.progress(t, w.last(t).ID, "failed")
			w.move(t, casefile.Diagnosing)
		}
		w.believe(t, do(w.pack, "restart_app"), cause(0.9))
		if a := w.last(t); a.State != repair.Planned {
			t.Errorf("attempt %+v", a)
		}
	})
}

func TestACrashBetweenAnAttemptAndItsCaseIsMended(t *testing.T) {
	t.Parallel()
	for step, tt := range map[string]struct {
		state repair.State
		want  casefile.State
	}{
		"handover.depot": {repair.Planned, casefile.HandedOver},
		"restart_app":    {repair.Queued, casefile.Repairing},
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			next := do(w.pack, step)
			w.store(t, next, cause(0.9))
			a := repair.Attempt{
				ID: "left", Case: w.id, Terminal: terminal, Step: step, Kind: next.Kind, By: next.By, Command: next.Command,
				State: tt.state, CreatedAt: w.now, Expires: w.now.Add(time.Minute), Who: "system",
			}
			if err := w.attempts.Create(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			w.look(t)
			w.one(t)
			w.wantCase(t, tt.want)
		})
	}
}

func TestWhatIsDangerousIsWithheld(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*world) diagnose.Ranked{
		"a hazard of an improbable fault": func(*world) diagnose.Ranked { return cause(0.05, "do_not_restart") },
		"a shared cause": func(w *world) diagnose.Ranked {
			w.shared = []incident.Incident{{ID: "inc"}}
			return cause(0.9)
		},
		"a sign of tampering": func(w *world) diagnose.Ranked {
			w.evidence.Findings = []finding.Finding{{Variable: "tamper_flag", State: "set"}}
			return cause(0.9)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ranked := prepare(w)
			w.believe(t, do(w.pack, "restart_app"), cause(0.9), ranked)
			if list := w.list(t); len(list) != 0 || w.lines(t, "withheld") != 1 {
				t.Errorf("attempts %+v", list)
			}
			w.wantCase(t, casefile.Diagnosing)
			_, err := w.Start(t.Context(), w.id, "restart_app", "ann")
			wantError(t, err, repair.ErrForbidden)
			if hint := hintOf(err); hint == "" {
				t.Error("whoever is refused is not told why")
			}
			if list := w.list(t); len(list) != 0 {
				t.Errorf("a person has got past it: %+v", list)
			}
		})
	}
	t.Run("a replacement is allowed all the same", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.evidence.Findings = []finding.Finding{{Variable: "tamper_flag", State: "set"}}
		w.believe(t, do(w.pack, "handover.depot"), cause(0.9, "do_not_open"))
		w.wantCase(t, casefile.HandedOver)
	})
}

func TestStoredSalesAreSentBeforeWhatCouldLoseThem(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) (*world, repair.Attempt) {
		w := newWorld(t)
		w.evidence.State.Unsent = 3
		w.believe(t, do(w.pack, "restore_config"), cause(0.9))
		a := w.one(t)
		if a.Command != "send_unsent" || a.State != repair.Queued || a.Changes() {
			t.Fatalf("attempt %+v", a)
		}
		w.wantCase(t, casefile.Diagnosing)
		return w, a
	}
	t.Run("then the step follows", func(t *testing.T) {
		t.Parallel()
		w, first := begin(t)
		w.look(t)
		w.one(t) // seen twice
		w.progress(t, first.ID, "done")
		w.look(t)
		if a := w.last(t); a.Step != "restore_config" || a.State != repair.Planned {
			t.Errorf("attempt %+v", a)
		}
		tried, _, err := w.Tried(t.Context(), w.id)
		if err != nil || len(tried) != 0 {
			t.Errorf("making ready is no cure that was tried: %+v (%v)", tried, err)
		}
	})
	t.Run("if they cannot be sent, a person must see to it", func(t *testing.T) {
		t.Parallel()
		w, first := begin(t)
		w.progress(t, first.ID, "failed")
		w.look(t)
		w.one(t)
		if w.lines(t, "withheld") != 1 {
			t.Error("nobody is told that the step is withheld")
		}
		_, err := w.Start(t.Context(), w.id, "restore_config", "ann")
		wantError(t, err, repair.ErrForbidden)
	})
	t.Run("a new diagnosis of the same step does not begin again", func(t *testing.T) {
		t.Parallel()
		w, first := begin(t)
		w.believe(t, do(w.pack, "restore_config"), cause(0.8))
		w.wantState(t, w.one(t).ID, repair.Queued)
		w.believe(t, probe("host_connect_test"), cause(0.3))
		w.wantState(t, first.ID, repair.Cancelled)
	})
}

func TestWhatASharedCauseExplainsIsLeftToTheIncident(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shared := ""
	for _, f := range w.pack.Faults {
		if f.Shared {
			shared = f.ID
		}
	}
	w.believe(t, do(w.pack, "restart_app"), cause(0.3))
	w.shared = []incident.Incident{{ID: "inc-1", Attribute: incident.Host, Value: "h1", Failing: 5, Total: 9}}
	w.believe(t, do(w.pack, "handover.acquirer_backoffice"), diagnose.Ranked{Fault: shared, P: 0.9})
	w.wantState(t, w.one(t).ID, repair.Cancelled)
	w.wantCase(t, casefile.HandedOver)
	if c, err := w.cases.Get(t.Context(), w.id); err != nil || c.Incident != "inc-1" {
		t.Errorf("the case names the incident %q (%v)", c.Incident, err)
	}
	left := event.New(incident.LeftEvent, w.now, terminal, "", incident.Membership{Incident: "inc-1", Terminal: terminal})
	for range 2 { // the event may come twice
		if err := w.OnLeft(t.Context(), left); err != nil {
			t.Fatal(err)
		}
		w.wantCase(t, casefile.Diagnosing)
	}
}

func TestRetestAsksOnceForASignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.move(t, casefile.Verifying)
	ended := repair.Ended{Attempt: "a", Case: w.id, Step: "cure.sw_hang", State: repair.Done, Changes: true, At: w.now}
	retest := func(e repair.Ended) {
		t.Helper()
		if err := w.Retest(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	retest(repair.Ended{Case: w.id, Step: "host_connect_test", At: w.now})
	retest(repair.Ended{Case: w.id, Step: "sign_in", Changes: true, At: w.now})
	if list := w.list(t); len(list) != 0 {
		t.Fatalf("there is nothing to prove, or it was proven: %+v", list)
	}
	retest(ended)
	retest(ended)
	a := w.one(t)
	if a.Command != "sign_in" || a.Changes() || a.Expires.Sub(w.now).Round(time.Second) != repair.DefaultPolicy().RetestTTL {
		t.Errorf("attempt %+v", a)
	}
	w.progress(t, a.ID, "done")
	if _, unknown, err := w.Tried(t.Context(), w.id); err != nil || len(unknown) != 0 {
		t.Errorf("a sign-in is no run of probes, but %d variables count as looked at (%v)", len(unknown), err)
	}
	w.now = w.now.Add(time.Minute)
	ended.At = w.now
	retest(ended)
	if list := w.list(t); len(list) != 2 {
		t.Errorf("another repair wants another sign-in, there are %d", len(list))
	}
}

// progress has the agent say how a command stands.
func (w *world) progress(t *testing.T, id, state string) {
	t.Helper()
	if err := w.Report(t.Context(), terminal, wire.Progress{ID: id, State: state, At: w.now}); err != nil {
		t.Fatal(err)
	}
}
