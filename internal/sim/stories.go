package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Ending is how a story must end.
type Ending string

// The endings. Each of them also ends in a sale, or the story is not over.
const (
	ByRemoteStep  Ending = "remote_step" // a command to the agent cures it
	ByPerson      Ending = "person"      // somebody follows the right advice
	ByReplacement Ending = "replacement" // another device, and no other step
	ByItself      Ending = "by_itself"   // it passes; nothing may be done to the terminals meanwhile
)

// Story is one bad day that can be played alone.
type Story struct {
	Name   string
	Fault  string
	Ends   Ending
	Who    string        // who brings the end about, as the pack names them; empty: nobody
	Lasts  time.Duration // until it passes by itself, in a world that does not hurry; 0: it does not
	Shared bool          // one cause for many terminals
	fits   func(t *Terminal) bool
}

// Stories is the table of all stories, in the order in which a newcomer should play them.
func Stories() []Story {
	const while = 20 * time.Minute
	standing := func(t *Terminal) bool { return !t.model.battery }
	return []Story{
		{Name: "app-hung", Fault: "sw_hang", Ends: ByRemoteStep, Who: "remote"},
		{Name: "sign-in-expired", Fault: "op_sign_in", Ends: ByRemoteStep, Who: "remote"},
		{Name: "clock-wrong", Fault: "set_clock", Ends: ByRemoteStep, Who: "remote"},
		{Name: "sim-no-data", Fault: "net_sim_quota", Ends: ByPerson, Who: "telecom"},
		{Name: "host-down", Fault: "host_outage", Ends: ByItself, Lasts: while, Shared: true},
		{Name: "unregistered-97", Fault: "acc_tid_unregistered", Ends: ByPerson, Who: "acquirer_backoffice"},
		{Name: "paper-out", Fault: "con_paper_out", Ends: ByPerson, Who: "merchant"},
		{Name: "tampered", Fault: "sec_tamper_impact", Ends: ByReplacement, Who: "depot"},
		{Name: "power-cut", Fault: "pow_area_outage", Ends: ByItself, Lasts: while, Shared: true, fits: standing},
	}
}

var errStory = problem.New(problem.Invalid, "sim.unknown_story", lang.Text{
	ZH: "没有这个故事", EN: "there is no such story"})

// FindStory looks a story up by its name.
func FindStory(name string) (Story, error) {
	for _, s := range Stories() {
		if s.Name == name {
			return s, nil
		}
	}
	names := ""
	for _, s := range Stories() {
		names += " " + s.Name
	}
	return Story{}, errStory.WithHint(lang.Text{ZH: "可用：" + names, EN: "known are:" + names})
}

// Played is a story under way.
type Played struct {
	Story    Story
	Terminal string   // TID of the terminal to watch
	Hit      []string // TIDs of all that have the fault now
}

// Play begins a story: it chooses a terminal that works, injects the fault, and puts the natural end on the agenda.
func (e *Estate) Play(name string) (Played, error) {
	story, err := FindStory(name)
	if err != nil {
		return Played{}, err
	}
	return e.play(story)
}

func (e *Estate) play(story Story) (Played, error) {
	target, err := e.cast(story)
	if err != nil {
		return Played{}, err
	}
	if err := e.Inject(story.Fault, target); err != nil {
		return Played{}, err
	}
	if story.Lasts > 0 {
		e.passLater(target, story.Fault, story.Lasts)
	}
	played := Played{Story: story, Terminal: target}
	for _, entry := range e.Register() {
		if slices.Contains(e.Truth(entry.TID), story.Fault) {
			played.Hit = append(played.Hit, entry.TID)
		}
	}
	return played, nil
}

// cast chooses the terminal of a story: one that the fault can befall and that sells now, the same for the same seed
// and state; for a power cut one whose street has most such terminals.
func (e *Estate) cast(story Story) (string, error) {
	f, err := findFault(story.Fault)
	if err != nil {
		return "", err
	}
	w := e.world
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	var fit []*Terminal
	neighbours := map[*street]int{}
	for _, t := range w.terminals {
		if (f.can == nil || f.can(t)) && (story.fits == nil || story.fits(t)) && w.open(t.shop, now) && t.sells(now) {
			fit = append(fit, t)
		}
		if t.link != Cellular || !t.model.battery {
			neighbours[t.shop.street]++
		}
	}
	if len(fit) == 0 {
		return "", errUnfit
	}
	if f.target != oneStreet {
		return fit[0].tid, nil
	}
	return slices.MaxFunc(fit, func(a, b *Terminal) int {
		return cmp.Compare(neighbours[a.shop.street], neighbours[b.shop.street])
	}).tid, nil
}

// sells reports whether nothing stands in the way of a sale. The world's lock must be held.
func (t *Terminal) sells(now time.Time) bool {
	return t.appUp(now) && t.path(now) == pathOpen && t.obstacle() == showNothing && !t.host.down && t.reader == readerGood
}

// pass ends what ends by itself for a terminal: its host comes back, its street has power again.
func (e *Estate) pass(tid string) {
	w := e.world
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.byTID[tid]
	if t.host.down {
		w.restore(t.host)
	}
	w.switchStreet(t.shop.street, true)
}

// restore brings a host back, and ends the notice of its maintenance.
func (w *world) restore(h *host) {
	if h.announced && h.notice != nil {
		over := *h.notice
		over.kind = "end"
		w.tell(record{notice: &over})
	}
	h.down, h.announced, h.notice = false, false, nil
}
