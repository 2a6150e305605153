package agent

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/posmedic/posmedic/internal/agent/remote"
	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

const (
	maxWaiting  = 16              // commands taken and not begun; the gateway offers what is left over again
	maxRecorded = 256             // commands remembered
	longestStep = 5 * time.Minute // of one command
	maxLogs     = 64 << 10
)

// The states of a command, as wire.Progress.State names them.
const (
	running  = "running"
	done     = "done"
	failed   = "failed"
	declined = "refused"
)

// record is what is remembered of one command: that it was begun, its end, and whether the gateway has heard of that.
type record struct {
	ID   string         `json:"id"`
	End  *wire.Progress `json:"end,omitempty"`
	Told bool           `json:"told,omitempty"`
}

// work carries out commands, one after the other. A command is recorded durably before it is begun and never begun
// when it is recorded: that is what makes it happen at most once.
type work struct {
	agent *Agent

	mu      sync.Mutex
	records []record // oldest first
	waiting []wire.Command
	busy    bool
	line    *websocket.Conn // the live connection, when there is one
	stopped bool
	all     sync.WaitGroup
	stop    context.CancelFunc
	ctx     context.Context // of the steps under way; ends with the agent
}

func newWork(a *Agent) (*work, error) {
	w := &work{agent: a}
	w.ctx, w.stop = context.WithCancel(context.Background())
	raw, err := a.deps.Store.Load(commandsName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return w, nil
	case err != nil:
		return nil, err
	}
	if err := json.Unmarshal(raw, &w.records); err != nil {
		return nil, err
	}
	for i := range w.records {
		if w.records[i].End == nil {
			w.records[i].End = &wire.Progress{ID: w.records[i].ID, State: failed, At: a.deps.Now(),
				Text: "the agent stopped while carrying it out; it is not begun again"}
		}
	}
	return w, nil
}

// wait ends the step under way and waits for it.
func (w *work) wait() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.stop()
	w.all.Wait()
}

func (w *work) connect(line *websocket.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = line
}

// accept takes a command, which may be one that was taken before.
func (w *work) accept(c wire.Command) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped || c.ID == "" || len(w.waiting) >= maxWaiting ||
		slices.ContainsFunc(w.waiting, func(other wire.Command) bool { return other.ID == c.ID }) {
		return
	}
	if i := w.find(c.ID); i >= 0 {
		if w.records[i].End != nil && w.records[i].Told {
			w.records[i].Told = false // the gateway has not heard it after all
			poke(w.agent.changed)
		}
		return
	}
	w.waiting = append(w.waiting, c)
	if !w.busy {
		w.busy = true
		w.all.Go(w.carry)
	}
}

func (w *work) find(id string) int {
	return slices.IndexFunc(w.records, func(r record) bool { return r.ID == id })
}

// carry works until nothing waits.
func (w *work) carry() {
	for {
		w.mu.Lock()
		if len(w.waiting) == 0 || w.stopped {
			w.busy = false
			w.mu.Unlock()
			return
		}
		c := w.waiting[0]
		err := w.begin(c)
		w.waiting = w.waiting[1:]
		w.mu.Unlock()
		if err != nil {
			// Without a record it might happen twice: better not at all. The gateway offers it again.
			w.agent.deps.Log.Error("a command cannot be recorded and is not begun", "command", c.ID, "err", err)
			continue
		}
		w.end(w.one(c))
		w.agent.Report() // what the step has changed should be seen soon
	}
}

// begin records that a command is begun. The lock must be held.
func (w *work) begin(c wire.Command) error {
	w.records = append(w.records, record{ID: c.ID})
	for len(w.records) > maxRecorded {
		w.records = slices.Delete(w.records, 0, 1)
	}
	if err := w.save(); err != nil {
		w.records = w.records[:len(w.records)-1]
		return err
	}
	return nil
}

func (w *work) save() error {
	raw, err := json.Marshal(w.records)
	if err != nil {
		return err
	}
	return w.agent.deps.Store.Save(commandsName, raw)
}

// one carries out one command and gives its end.
func (w *work) one(c wire.Command) wire.Progress {
	now := w.agent.link.now()
	if !now.Before(c.Expires) {
		return w.progress(c.ID, declined, remote.Result{Text: "the command came too late: it has expired"})
	}
	ctx, cancel := context.WithTimeout(w.ctx, min(longestStep, c.Expires.Sub(now)))
	defer cancel()
	w.say(ctx, w.progress(c.ID, running, remote.Result{}))
	result, err := remote.Carry(ctx, w.agent.deps.Terminal, c, w.agent.link.now)
	w.agent.bring(result.Host)
	state := done
	var no *remote.Refusal
	switch {
	case errors.As(err, &no):
		state, result.Text = declined, no.Reason
	case err != nil:
		state, result.Text = failed, explain(err)
	}
	w.agent.deps.Log.Info("a command has ended", "command", c.ID, "name", c.Name, "state", state, "text", result.Text)
	return w.progress(c.ID, state, result)
}

// explain puts an error of a step into a sentence; a problem's own text when it has one.
func explain(err error) string {
	var p *problem.Error
	if errors.As(err, &p) {
		return p.Text.EN
	}
	return err.Error()
}

// progress makes a message that the gateway will take: scrubbed and within its bounds.
func (w *work) progress(id, state string, r remote.Result) wire.Progress {
	p := wire.Progress{ID: id, State: state, At: w.agent.deps.Now(), Text: clean(r.Text, wire.MaxTextBytes), Logs: clean(r.Logs, maxLogs),
		Findings: first(datedFindings(w.agent.deps.Now(), r.Findings), wire.MaxFindings)}
	for i := range p.Findings {
		p.Findings[i].Detail = clean(p.Findings[i].Detail, wire.MaxTextBytes)
	}
	if len(r.Proof) > 0 {
		p.Proof = make(map[string]string, len(r.Proof))
		for name, value := range r.Proof {
			p.Proof[name] = clean(value, wire.MaxTextBytes)
		}
	}
	return p
}

// clean masks card data and keeps the end of a text that is too long: in logs the end matters.
func clean(text string, limit int) string {
	text, _ = carddata.Scrub(text)
	from := max(0, len(text)-limit)
	for from < len(text) && !utf8.RuneStart(text[from]) {
		from++
	}
	return text[from:]
}

// say tells progress over the live connection, if there is one; it is not missed when it is lost.
func (w *work) say(ctx context.Context, p wire.Progress) {
	w.mu.Lock()
	line := w.line
	w.mu.Unlock()
	if line == nil {
		return
	}
	if err := write(ctx, line, p); err != nil {
		w.agent.deps.Log.Debug("progress was not heard", "command", p.ID, "err", err)
	}
}

// end records a command's end and has it told.
func (w *work) end(p wire.Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := w.find(p.ID); i >= 0 {
		w.records[i].End = &p
	}
	if err := w.save(); err != nil {
		w.agent.deps.Log.Error("the end of a command cannot be recorded", "command", p.ID, "err", err)
	}
	poke(w.agent.changed)
}

// tell posts the ends the gateway has not heard of.
func (w *work) tell(ctx context.Context) error {
	for {
		p, ok := w.untold()
		if !ok {
			return nil
		}
		err := w.agent.link.post(ctx, "/v1/progress", p, nil)
		var no *refused
		if errors.As(err, &no) && !no.passing() && !no.unwanted() {
			w.agent.deps.Log.Warn("the gateway does not want to hear of a command", "command", p.ID, "err", err)
			err = nil
		}
		if err != nil {
			return err
		}
		w.heard(p.ID)
	}
}

func (w *work) untold() (wire.Progress, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.records {
		if r.End != nil && !r.Told {
			return *r.End, true
		}
	}
	return wire.Progress{}, false
}

// heard notes that the gateway knows a command's end; the words of it are no longer needed.
func (w *work) heard(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.find(id)
	if i < 0 {
		return
	}
	w.records[i].Told = true
	w.records[i].End.Logs = ""
	if err := w.save(); err != nil {
		w.agent.deps.Log.Warn("commands cannot be recorded", "err", err) // it will be told again, which does no harm
	}
}
