package repair_test

import (
	"slices"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/wire"
)

func hintOf(err error) string { return problem.Of(err).Hint.EN }

func TestAPersonStartsAStep(t *testing.T) {
	t.Parallel()
	t.Run("the planned one goes to the agent", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, do(w.pack, "restart_app"), cause(0.3))
		a, err := w.Start(t.Context(), w.id, "restart_app", "ann")
		if err != nil || a.ID != w.one(t).ID || a.State != repair.Queued || a.Who != "ann" || len(w.nudged) != 1 {
			t.Fatalf("%+v (%v), nudged %v", a, err, w.nudged)
		}
		if got := a.Expires.Sub(w.now); got != repair.DefaultPolicy().CommandTTL {
			t.Errorf("the command waits for %v", got)
		}
		w.wantCase(t, casefile.Repairing)
		_, err = w.Start(t.Context(), w.id, "restart_app", "bob")
		wantError(t, err, repair.ErrMoved)
	})
	t.Run("another one calls off what was planned", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, do(w.pack, "cure.sw_hang"), cause(0.9))
		planned := w.one(t)
		a, err := w.Start(t.Context(), w.id, "sign_in", "ann")
		if err != nil || a.State != repair.Queued {
			t.Fatalf("%+v (%v)", a, err)
		}
		w.wantState(t, planned.ID, repair.Cancelled)
	})
	t.Run("a step by hand is under way", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, do(w.pack, "cure.sw_hang"), cause(0.9))
		a, err := w.Start(t.Context(), w.id, "cure.sw_hang", "ann")
		if err != nil || a.State != repair.Running || a.StartedAt.IsZero() {
			t.Fatalf("%+v (%v)", a, err)
		}
	})
	t.Run("a step that no pack knows is not found", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		_, err := w.Start(t.Context(), w.id, "invented", "ann")
		wantError(t, err, repair.ErrUnknownStep)
		_, err = w.Start(t.Context(), "nobody", "restart_app", "ann")
		wantError(t, err, casefile.ErrNotFound)
	})
	for name, end := range map[string]func(*world, *testing.T){
		"nothing is sent for a closed case":             (*world).close,
		"nothing is sent while the proof is waited for": func(w *world, t *testing.T) { w.move(t, casefile.Verifying) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			end(w, t)
			_, err := w.Start(t.Context(), w.id, "restart_app", "ann")
			wantError(t, err, casefile.ErrMove)
			if list := w.list(t); len(list) != 0 {
				t.Errorf("attempts %+v", list)
			}
		})
	}
}

func TestAPersonEndsAStep(t *testing.T) {
	t.Parallel()
	t.Run("done without a word before passes through repairing", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, do(w.pack, "cure.sw_hang"), cause(0.9))
		if err := w.Finish(t.Context(), w.one(t).ID, "ann", true, "已重启"); err != nil {
			t.Fatal(err)
		}
		a := w.one(t)
		if a.State != repair.Done || a.Text != "已重启" || a.Proof["by"] != "ann" || w.lines(t, "step_started") != 1 {
			t.Errorf("attempt %+v", a)
		}
		w.wantCase(t, casefile.Repairing)
		done := w.ended(t, repair.DoneEvent)
		if len(done) != 1 || done[0].Attempt != a.ID || !done[0].Changes {
			t.Errorf("told %+v", done)
		}
		wantError(t, w.Finish(t.Context(), a.ID, "bob", false, ""), repair.ErrMoved)
	})
	t.Run("what could not be done has failed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.believe(t, do(w.pack, "cure.sw_hang"), cause(0.9))
		if err := w.Finish(t.Context(), w.one(t).ID, "ann", false, ""); err != nil {
			t.Fatal(err)
		}
		if failed := w.ended(t, repair.FailedEvent); len(failed) != 1 || failed[0].State != repair.Failed {
			t.Errorf("told %+v", failed)
		}
	})
	t.Run("an attempt that nobody knows is not found", func(t *testing.T) {
		t.Parallel()
		wantError(t, newWorld(t).Finish(t.Context(), "nobody", "ann", true, ""), repair.ErrUnknownAttempt)
	})
}

func TestAnAgentTellsHowACommandStands(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) (*world, repair.Attempt) {
		w := newWorld(t)
		w.believe(t, do(w.pack, "restart_app"), cause(0.9))
		return w, w.one(t)
	}
	t.Run("it runs, may take its time, and is done", func(t *testing.T) {
		t.Parallel()
		w, a := begin(t)
		w.now = w.now.Add(repair.DefaultPolicy().CommandTTL - time.Second)
		w.progress(t, a.ID, "running")
		w.now = w.now.Add(time.Minute)
		if err := w.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.wantState(t, a.ID, repair.Running)
		w.progress(t, a.ID, "done")
		w.progress(t, a.ID, "failed") // late, and told to nobody
		w.progress(t, a.ID, "running")
		w.wantState(t, a.ID, repair.Done)
		if done, failed := w.ended(t, repair.DoneEvent), w.ended(t, repair.FailedEvent); len(done) != 1 || len(failed) != 0 {
			t.Errorf("done %+v, failed %+v", done, failed)
		}
	})
	t.Run("another terminal's command is as unknown as one that never was", func(t *testing.T) {
		t.Parallel()
		w, a := begin(t)
		err := w.Report(t.Context(), "t-2", wire.Progress{ID: a.ID, State: "done"})
		wantError(t, err, repair.ErrUnknownAttempt)
		wantError(t, w.Report(t.Context(), "t-2", wire.Progress{ID: "nobody", State: "done"}), repair.ErrUnknownAttempt)
		w.wantState(t, a.ID, repair.Queued)
	})
	t.Run("it cannot say what only we say", func(t *testing.T) {
		t.Parallel()
		w, a := begin(t)
		for _, state := range []string{"cancelled", "expired", "planned", "queued", ""} {
			wantError(t, w.Report(t.Context(), terminal, wire.Progress{ID: a.ID, State: state}), repair.ErrMoved)
		}
		w.wantState(t, a.ID, repair.Queued)
	})
	t.Run("what nobody fetches in time expires once", func(t *testing.T) {
		t.Parallel()
		w, a := begin(t)
		w.now = w.now.Add(repair.DefaultPolicy().CommandTTL + time.Second)
		for range 2 {
			if err := w.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.wantState(t, a.ID, repair.Expired)
		if failed := w.ended(t, repair.FailedEvent); len(failed) != 1 || failed[0].State != repair.Expired {
			t.Errorf("told %+v", failed)
		}
		w.progress(t, a.ID, "done")
		w.wantState(t, a.ID, repair.Expired)
	})
}

func TestTheEndOfACaseCallsOffWhatNobodyHasBegun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.believe(t, do(w.pack, "restart_app"), cause(0.9)) // queued
	begun, err := w.Start(t.Context(), w.id, "cure.sw_hang", "ann")
	if err != nil {
		t.Fatal(err)
	}
	w.close(t)
	for range 2 {
		if err := w.OnClosed(t.Context(), event.New(casefile.ClosedEvent, w.now, terminal, w.id, nil)); err != nil {
			t.Fatal(err)
		}
	}
	w.wantState(t, w.list(t)[0].ID, repair.Cancelled)
	w.wantState(t, begun.ID, repair.Running)
	if commands, err := w.Waiting(t.Context(), terminal); err != nil || len(commands) != 0 {
		t.Errorf("the agent is told %+v (%v)", commands, err)
	}
}

func TestTriedIsWhatACaseHasBehindIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.believe(t, do(w.pack, "restart_app"), cause(0.3)) // to be called off
	w.believe(t, probe("host_connect_test"), cause(0.3))
	tried, unknown, err := w.Tried(t.Context(), w.id)
	if err != nil || len(tried) != 0 || len(unknown) != 0 {
		t.Fatalf("nothing has ended, but tried %+v, unknown %v (%v)", tried, unknown, err)
	}
	w.progress(t, w.last(t).ID, "done")
	w.believe(t, do(w.pack, "sign_in"), cause(0.9))
	w.progress(t, w.last(t).ID, "refused")
	tried, unknown, err = w.Tried(t.Context(), w.id)
	if err != nil || len(tried) != 1 || tried[0].Step != "sign_in" || tried[0].Helped {
		t.Errorf("tried %+v (%v)", tried, err)
	}
	if !slices.Contains(unknown, "host_connect_test") || slices.Contains(unknown, "main_symptom") {
		t.Errorf("unknown are %v", unknown)
	}
	var none diagnose.Diagnosis
	if (repair.Policy{}).Rule(mustStep(t, w, "restart_app"), repair.Situation{Diagnosis: none}).Auto {
		t.Error("the zero policy starts something by itself")
	}
}
