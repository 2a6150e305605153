package sim

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Task is a step of a case that waits for a person.
type Task struct {
	Attempt  string
	Case     string
	Terminal string // terminal number (TID)
	Step     string // step of the pack
	By       string // merchant, helpdesk_remote, acquirer_backoffice, telecom, field_engineer, depot
}

// Desk is where people learn what they are asked to do, and say what they did. Tasks may list a task again until it is
// done; Done says whether it could be done, which is not whether it helped.
type Desk interface {
	Tasks(ctx context.Context) ([]Task, error)
	Done(ctx context.Context, attempt string, done bool, text string) error
}

// Question is something that a person is asked about a terminal.
type Question struct {
	Case     string
	Terminal string // terminal number (TID)
	Variable string // of the pack
}

// Inquiry is where people are asked what they see. Answer is called once for each question; an empty state means "I
// don't know".
type Inquiry interface {
	Questions(ctx context.Context) ([]Question, error)
	Answer(ctx context.Context, q Question, state string) error
}

// act is what a step makes a person do to the world. Whoever is asked to do it does it, whether it is the right thing
// or not, and says so.
type act struct {
	does  func(w *world, t *Terminal)                             // under the world's lock; nil: nothing that matters here
	takes time.Duration                                           // the work before anything has changed; it is reported right after
	ready func(w *world, t *Terminal) bool                        // it is reported only when this holds; nil: at once
	upTo  time.Duration                                           // then it is reported although ready never held; 0: never
	then  func(ctx context.Context, e *Estate, t *Terminal) error // what needs a network, after takes
	says  string
}

// acts maps the steps of the core pack that change anything in this world. Other steps are carried out all the same,
// and change nothing.
func acts() map[string]act {
	signIn := signInAgain
	swap := act{takes: 4 * time.Minute, then: replaceTerminal, says: "换了一台新机 / a new unit stands there"}
	table := map[string]act{
		"load_paper":            {does: loadPaper, takes: time.Minute, says: "换好纸了 / a new roll is in"},
		"restart_router":        {does: restartRouter, takes: 3 * time.Minute, says: "路由器重启了 / the router was restarted"},
		"restart_terminal":      {does: reboot, takes: 2 * time.Minute, says: "机器重启了 / the terminal was restarted"},
		"hold_power_key":        {does: plugIn, takes: 2 * time.Minute, says: "插上电按了电源键 / plugged in, power key held"},
		"charge_terminal":       {does: plugIn, takes: 5 * time.Minute, says: "在充电了 / it is charging"},
		"use_other_outlet":      {does: plugIn, takes: 2 * time.Minute, says: "换了插座 / it has another socket"},
		"clean_chip_slot":       {does: cleanReader, takes: 4 * time.Minute, says: "卡槽擦过了 / the slot is clean"},
		"sign_in_by_hand":       {then: signIn, takes: time.Minute, says: "签到了 / signed in"},
		"register_terminal":     {does: register, then: signIn, takes: 3 * time.Minute, says: "终端号已登记 / the terminal is registered"},
		"reactivate_terminal":   {does: register, then: signIn, takes: 5 * time.Minute, says: "终端已恢复 / the terminal is active"},
		"unblock_merchant":      {does: reopen, takes: 5 * time.Minute, says: "商户账户已恢复 / the account is open"},
		"resync_host_keys":      {then: signIn, takes: 2 * time.Minute, says: "密钥已重置并签到 / keys reset, signed in"},
		"add_sim_data":          {does: addData, takes: 3 * time.Minute, says: "已加流量 / data was added"},
		"restore_host_service":  {ready: hostBack, says: "后台已恢复 / the host is back"},
		"retry_later":           {takes: 6 * time.Minute, ready: worksAgain, upTo: time.Hour, says: "等到能用了 / waited until it worked"},
		"withdraw_push":         {does: withdraw, takes: 3 * time.Minute, says: "已撤回下发 / the push is withdrawn"},
		"redownload_parameters": {does: reload, then: signIn, takes: 3 * time.Minute, says: "参数已重新下载 / parameters loaded"},
		"push_keys":             {does: loadKeys, then: signIn, takes: 3 * time.Minute, says: "密钥已下发 / keys sent"},
		"load_master_key":       {does: loadKeys, then: signIn, takes: 10 * time.Minute, says: "密钥已灌装 / keys loaded"},
		"replace_power_parts":   {does: plugIn, takes: 10 * time.Minute, says: "电源件已换 / power parts replaced"},
		"survey_network":        {does: mendNetwork, takes: 20 * time.Minute, says: "网络查好了 / the network is mended"},
		"swap_sim_and_rebind":   {does: addData, takes: 10 * time.Minute, says: "换了流量卡 / there is a new SIM"},
		"swap_terminal":         swap,
		"repair_at_depot":       swap,
	}
	maps.Copy(table, handovers())
	for cure, step := range sameAs() {
		table[cure] = table[step]
	}
	table["cure.set_clock"] = act{does: setClock, takes: 2 * time.Minute, then: signIn, says: "时间调准了 / the clock is right"}
	table["cure.sw_cert_expired"] = act{does: newCertificate, takes: 5 * time.Minute, then: signIn, says: "证书已更新 / a new certificate is in"}
	table["cure.pow_area_outage"] = act{ready: powerBack, says: "来电了 / the power is back"}
	return table
}

// sameAs maps the cures that are one of the shared steps, done by whoever it falls to.
func sameAs() map[string]string {
	return map[string]string{
		"cure.con_paper_out": "load_paper", "cure.net_router_hung": "restart_router", "cure.net_dns": "restart_router",
		"cure.sw_hang": "restart_terminal", "cure.pow_battery_flat": "charge_terminal", "cure.hw_chip_dirty": "clean_chip_slot",
		"cure.op_sign_in": "sign_in_by_hand", "cure.sec_work_key": "sign_in_by_hand", "cure.acc_tid_unregistered": "register_terminal",
		"cure.acc_merchant_closed": "unblock_merchant", "cure.net_sim_quota": "add_sim_data", "cure.host_outage": "restore_host_service",
		"cure.host_maintenance": "restore_host_service", "cure.sw_bad_config_pushed": "withdraw_push",
		"cure.sec_tamper_impact": "swap_terminal", "cure.hw_chip_dead": "swap_terminal",
	}
}

func loadPaper(_ *world, t *Terminal) {
	t.paper = true
	if t.screen == showPaper {
		t.screen = showNothing
	}
}

// restartRouter helps against a hung router and one whose name look-up has died; both only if it has power.
func restartRouter(w *world, t *Terminal) {
	t.shop.hung, t.shop.dnsBroken = false, false
	t.shop.routerBack = w.now().Add(w.pace(routerStart))
	w.sever(t.shop)
}

func reboot(w *world, t *Terminal) {
	if !t.on {
		return
	}
	t.bootedAt = w.now().Add(w.pace(bootTime))
	t.restartApp(t.bootedAt)
	t.sever()
}

func plugIn(w *world, t *Terminal) {
	t.plugged = true
	t.meter(w.now())
}

func cleanReader(_ *world, t *Terminal) {
	if t.reader == readerDirty {
		t.reader, t.misreads = readerGood, 0
	}
}

func register(_ *world, t *Terminal) { t.host.enter(t) }

func reopen(_ *world, t *Terminal) { t.host.merchants[t.shop.merchant.mid] = accountActive }

func addData(w *world, t *Terminal) {
	if t.link != Cellular {
		return
	}
	t.dataUsedUp = false
	w.tell(record{sim: &simStatus{t.tid, "active"}})
}

// worksAgain is what somebody who waits and tries now and then is waiting for.
func worksAgain(w *world, t *Terminal) bool { return t.sells(w.now()) }

func hostBack(_ *world, t *Terminal) bool { return !t.host.down }

func powerBack(_ *world, t *Terminal) bool { return t.shop.street.power }

// withdraw puts every terminal that has the pushed parameters, and can be reached, back onto those before.
func withdraw(w *world, t *Terminal) {
	wrong := t.params
	if wrong.previous == nil {
		return
	}
	for i, p := range w.params {
		if p == wrong {
			w.params[i] = wrong.previous
		}
	}
	for _, other := range w.terminals {
		if other.params == wrong && other.path(w.now()) == pathOpen {
			other.params = wrong.previous
		}
	}
}

// reload gives the terminal what the management system holds for its set now.
func reload(w *world, t *Terminal) {
	for _, p := range w.params {
		if p.id == t.params.id && t.path(w.now()) == pathOpen {
			t.params = p
		}
	}
}

// loadKeys loads the master key. A tampered device takes none.
func loadKeys(_ *world, t *Terminal) {
	if r := t.host.terminals[t.tid]; r != nil && !t.tampered {
		t.master, t.loaded = r.master, true
	}
}

func mendNetwork(w *world, t *Terminal) {
	if t.link != Cellular {
		t.shop.hung, t.shop.dnsBroken = false, false
		w.sever(t.shop)
	}
}

func setClock(_ *world, t *Terminal) { t.offset = 0 }

func newCertificate(w *world, t *Terminal) {
	if t.path(w.now()) == pathOpen {
		t.mustCertify(w.now().AddDate(certificateYears, 0, 0))
	}
}

// delay is how long it takes until somebody of this party gets to a task, in a world that does not hurry.
func delay(by string) time.Duration {
	switch by {
	case "merchant":
		return 2 * time.Minute
	case "helpdesk_remote":
		return 3 * time.Minute
	case "acquirer_backoffice", "telecom":
		return 3 * time.Minute
	default:
		return 6 * time.Minute // an engineer has to come: nearer by than in life
	}
}

// people are everybody around the terminals who acts on what the server asks.
type people struct {
	estate *Estate
	desk   Desk
	asked  Inquiry
	acts   map[string]act
	taken  map[string]bool // attempts and questions that somebody is at; only run touches it
}

// pollEvery is how often people look what they are asked.
const pollEvery = 500 * time.Millisecond

// run has people do what they are asked until ctx ends.
func (p *people) run(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.look(ctx)
		}
	}
}

func (p *people) look(ctx context.Context) {
	w := p.estate.world
	if p.desk != nil {
		tasks, err := p.desk.Tasks(ctx)
		p.complain(ctx, "tasks", err)
		for _, task := range tasks {
			if !p.take(task.Attempt) {
				continue
			}
			p.estate.agenda.at(w.now().Add(w.pace(delay(task.By))), func(ctx context.Context) { p.begin(ctx, task) })
		}
	}
	if p.asked != nil {
		questions, err := p.asked.Questions(ctx)
		p.complain(ctx, "questions", err)
		for _, q := range questions {
			if !p.take(q.Case + "/" + q.Variable) {
				continue
			}
			p.estate.agenda.at(w.now().Add(w.pace(time.Minute)), func(ctx context.Context) {
				state, _ := p.estate.Ask(q.Terminal, q.Variable)
				p.complain(ctx, "answer", p.asked.Answer(ctx, q, state))
			})
		}
	}
}

func (p *people) take(id string) bool {
	if p.taken[id] {
		return false
	}
	p.taken[id] = true
	return true
}

func (p *people) complain(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		p.estate.log.Warn("people: "+what, slog.Any("err", err))
	}
}

// begin looks the terminal up and goes to work.
func (p *people) begin(ctx context.Context, task Task) {
	w := p.estate.world
	w.mu.Lock()
	t, ok := w.byTID[task.Terminal]
	w.mu.Unlock()
	if !ok {
		p.complain(ctx, "done", p.desk.Done(ctx, task.Attempt, false, "找不到这台机器 / there is no such terminal"))
		return
	}
	a := p.acts[task.Step]
	p.estate.agenda.at(w.now().Add(w.pace(a.takes)), func(ctx context.Context) {
		if a.does != nil {
			w.mu.Lock()
			a.does(w, t)
			w.mu.Unlock()
		}
		p.end(ctx, task, t, a, w.now())
	})
}

// end reports a task, as soon as there is something to report.
func (p *people) end(ctx context.Context, task Task, t *Terminal, a act, since time.Time) {
	w := p.estate.world
	w.mu.Lock()
	ready := a.ready == nil || a.ready(w, t)
	vain := !ready && a.upTo > 0 && w.now().Sub(since) >= w.pace(a.upTo)
	w.mu.Unlock()
	if !ready && !vain {
		p.estate.agenda.at(w.now().Add(pollEvery), func(ctx context.Context) { p.end(ctx, task, t, a, since) })
		return
	}
	text := a.says
	switch {
	case vain:
		text = "等过了，还是不行 / waited in vain"
	case text == "":
		text = "做过了 / done"
	}
	if a.then != nil {
		if err := a.then(ctx, p.estate, t); err != nil {
			text += " (" + err.Error() + ")"
		}
	}
	p.report(ctx, task, text, reportTries)
}

// reportTries is how often somebody calls to say that a task is done; then they let it be.
const reportTries = 5

func (p *people) report(ctx context.Context, task Task, text string, tries int) {
	err := p.desk.Done(ctx, task.Attempt, true, text)
	if err == nil || problem.Of(err).Kind == problem.Conflict {
		return // heard, or the case has moved on without them
	}
	if tries == 1 {
		p.complain(ctx, "done", err)
		return
	}
	p.estate.agenda.at(p.estate.world.now().Add(pollEvery), func(ctx context.Context) { p.report(ctx, task, text, tries-1) })
}
