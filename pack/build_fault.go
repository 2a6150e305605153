package pack

import "slices"

func (l *loader) buildFault(f *file, n *node) {
	fault := Fault{
		ID: n.get("id").str(), Group: n.get("group").str(), Name: n.get("name").bilingual(), Means: n.get("means").bilingual(),
		Rate: l.number(f, n.get("rate"), f.defaults), Who: n.get("who").str(), Also: n.get("also").strings(),
		Minutes: n.get("minutes").float(), Remote: n.get("remote").bool(), Shared: n.get("shared").bool(),
		Parts: n.get("parts").strings(), Hazards: n.get("hazards").strings(),
		OnlyIf: l.conditions(f, n.get("only_if")), Shows: l.shows(f, n.get("shows")),
	}
	if slices.Contains(fault.Also, fault.Who) {
		l.wrong(f, n.get("also"), "%q names %s in who and again in also", fault.ID, fault.Who)
	}
	l.showsWithinOnlyIf(f, n, &fault)
	if cure := n.get("cure"); cure != nil {
		l.buildCure(f, cure, &fault)
	}
	l.pack.Faults = append(l.pack.Faults, fault)
}

// shows reads variable → state → probability.
func (l *loader) shows(f *file, n *node) map[string]map[string]Number {
	var out map[string]map[string]Number
	for _, e := range n.pairs() {
		at := &node{line: e.line, column: e.column}
		if !l.knownVariable(f, at, e.key) {
			continue
		}
		if t := l.types[e.key]; t == String || t == Words {
			l.wrong(f, at, "%q is of type %s: what it shows is said by points_to of codes and messages", e.key, t)
			continue
		}
		if out == nil {
			out = map[string]map[string]Number{}
		}
		out[e.key] = l.showsRow(f, e)
	}
	return out
}

func (l *loader) showsRow(f *file, row entry) map[string]Number {
	out := make(map[string]Number, len(row.value.pairs()))
	sum := 0.0
	for _, s := range row.value.pairs() {
		if l.knownState(f, &node{line: s.line, column: s.column}, row.key, s.key) {
			out[s.key] = l.number(f, s.value, f.defaults)
			sum += out[s.key].Mean
		}
	}
	if sum > 1+sumSlack {
		l.wrongKey(f, row, "the numbers of %q sum to %s; at most 1 is possible", row.key, plain(roundSum(sum)))
	}
	return out
}

// showsWithinOnlyIf refuses a fault that shows a state without which it says it cannot be.
func (l *loader) showsWithinOnlyIf(f *file, n *node, fault *Fault) {
	for _, row := range n.get("shows").pairs() {
		allowed, limited := fault.OnlyIf[row.key]
		if !limited {
			continue
		}
		for _, s := range row.value.pairs() {
			if !slices.Contains(allowed, s.key) {
				l.wrongKey(f, s, "%q shows %s %s, which its only_if excludes", fault.ID, row.key, s.key)
			}
		}
	}
}

// buildCure makes the step cure.<fault>, done by the fault's main party.
func (l *loader) buildCure(f *file, n *node, fault *Fault) {
	zh, en := n.get("zh").strings(), n.get("en").strings()
	if len(zh) != len(en) {
		l.wrong(f, n, "the cure of %q has %d lines in zh and %d in en", fault.ID, len(zh), len(en))
		return
	}
	s := Step{ID: "cure." + fault.ID, Kind: Repair, By: fault.Who, Breaks: n.get("breaks").strings(), Name: cureName(fault)}
	for i := range zh {
		s.Do = append(s.Do, Text{ZH: zh[i], EN: en[i]})
	}
	works := Number{Mean: defaultWorks, Experience: derivedExperience, Source: derivedSource}
	if w := n.get("works"); w != nil {
		works = l.number(f, w, f.defaults)
	}
	s.Fixes = map[string]Number{fault.ID: works}
	s.Cost, s.Cluster = cureCost(fault.Who, fault.Minutes)
	if c := n.get("cost"); c != nil {
		s.Cost = cost(c)
	}
	l.refuseHarm(f, n, &s)
	l.pack.Steps = append(l.pack.Steps, s)
}

// refuseHarm refuses a step that is said to cure a fault and does what a hazard of that very fault forbids. Hazards of
// the other kind only say what to do first, so a step may both break one and cure its fault.
func (l *loader) refuseHarm(f *file, at *node, s *Step) {
	for _, fault := range keysOf(s.Fixes) {
		for _, h := range l.hazards[fault] {
			if hazard, _ := FindHazard(h); hazard.Forbids && slices.Contains(s.Breaks, h) {
				l.wrong(f, at, "%q is said to cure %q but breaks its hazard %s", s.ID, fault, h)
			}
		}
	}
}

func (l *loader) buildStep(f *file, n *node) {
	s := Step{
		ID: n.get("id").str(), Kind: StepKind(n.get("kind").str()), By: n.get("by").str(), Command: n.get("command").str(),
		Name: n.get("name").bilingual(), Cost: cost(n.get("cost")), Fixes: l.estimates(f, n.get("fixes"), f.defaults),
		Breaks: n.get("breaks").strings(), Needs: l.conditions(f, n.get("needs")), Learns: n.get("learns").str(),
		SideEffects: n.get("side_effects").bilingual(), Irreversible: n.get("irreversible").bool(), Cluster: n.get("cluster").str(),
	}
	for _, line := range n.get("do").list() {
		s.Do = append(s.Do, line.bilingual())
	}
	l.stepRules(f, n, &s)
	l.refuseHarm(f, n.get("fixes"), &s)
	l.pack.Steps = append(l.pack.Steps, s)
}

func (l *loader) stepRules(f *file, n *node, s *Step) {
	if s.By == "remote" && s.Command == "" && n.get("command") == nil {
		l.wrong(f, n, "%q is done by remote and lacks the command", s.ID)
	}
	if s.By != "remote" && s.Command != "" {
		l.wrong(f, n.get("command"), "%q names a command but is not done by remote", s.ID)
	}
	command, _ := findCommand(s.Command)
	for _, h := range command.Breaks {
		if !slices.Contains(s.Breaks, h) {
			l.wrong(f, n.get("command"), "%q must name %s in breaks, because %s does that", s.ID, h, s.Command)
		}
	}
	if s.Kind == Test && len(s.Fixes) == 0 && s.Learns == "" {
		l.wrong(f, n, "%q is a test and learns nothing", s.ID)
	}
	if (s.Kind == Repair || s.Kind == Handover) && len(s.Fixes) == 0 {
		l.wrong(f, n, "%q is a %s and fixes nothing", s.ID, s.Kind)
	}
	if at := n.get("learns"); at != nil && l.knownVariable(f, at, s.Learns) {
		l.knownState(f, at, s.Learns, "yes")
		l.knownState(f, at, s.Learns, "no")
	}
}
