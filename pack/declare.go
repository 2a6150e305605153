package pack

// derivedSource is the origin of numbers that the compiler fills in (see derive.go). It is added to every pack.
const derivedSource = "derived"

// declare walks over all files once and notes every id, so that build can check references in any order.
func (l *loader) declare() {
	if l.manifest != nil {
		for _, n := range l.manifest.root.get("sources").list() {
			l.declareID(l.sources, "source", l.manifest, n)
		}
	}
	l.eachOf("findings", "findings", l.declareVariable)
	l.eachOf("faults", "faults", func(f *file, n *node) {
		if id, first := l.declareID(l.faults, "fault", f, n); first {
			l.hazards[id] = n.get("hazards").strings()
		}
	})
	l.eachOf("steps", "steps", func(f *file, n *node) { l.declareID(l.steps, "step", f, n) })
}

// eachOf calls do with every item under a key of every file of a folder.
func (l *loader) eachOf(folder, key string, do func(*file, *node)) {
	for _, f := range l.folders[folder] {
		for _, n := range f.root.get(key).list() {
			do(f, n)
		}
	}
}

// declareID notes an id; first is false where it has none or is declared a second time.
func (l *loader) declareID(known map[string]place, what string, f *file, n *node) (id string, first bool) {
	idNode := n.get("id")
	id = idNode.str()
	if id == "" {
		return "", false
	}
	if p, twice := known[id]; twice {
		l.wrong(f, idNode, "%s %q is declared already in %s, line %d", what, id, p.file, p.line)
		return id, false
	}
	known[id] = place{file: f.name, line: idNode.line}
	return id, true
}

func (l *loader) declareVariable(f *file, n *node) {
	id, first := l.declareID(l.variables, "variable", f, n)
	if !first {
		return
	}
	l.types[id] = VariableType(n.get("type").str())
	states := map[string]bool{}
	for _, s := range n.get("states").list() {
		state := s.get("id").str()
		if state != "" && states[state] {
			l.wrong(f, s.get("id"), "state %q of %q is declared twice", state, id)
		}
		states[state] = true
	}
	l.states[id] = states
}

// knownSource, knownFault, knownState report a reference to something that no file declares.

func (l *loader) knownSource(f *file, n *node) {
	if id := n.str(); id != "" {
		if _, ok := l.sources[id]; !ok {
			l.wrong(f, n, "source %q is not in pack.yaml", id)
		}
	}
}

func (l *loader) knownFault(f *file, e entry) bool {
	if _, ok := l.faults[e.key]; !ok {
		l.wrongKey(f, e, "no fault is called %q%s", e.key, didYouMean(e.key, keysOf(l.faults)))
		return false
	}
	return true
}

func (l *loader) knownVariable(f *file, at *node, id string) bool {
	if id == "" {
		return false
	}
	if _, ok := l.variables[id]; !ok {
		l.wrong(f, at, "no variable is called %q%s", id, didYouMean(id, keysOf(l.variables)))
		return false
	}
	return true
}

// knownState checks a state of a known variable; string variables take any value.
func (l *loader) knownState(f *file, at *node, variable, state string) bool {
	if state == "" || l.types[variable] == "" {
		return false
	}
	switch l.types[variable] {
	case String:
		return true
	case Words:
		l.wrong(f, at, "%q is raw text and has no states", variable)
		return false
	}
	if !l.states[variable][state] {
		l.wrong(f, at, "variable %q has no state %q%s", variable, state, didYouMean(state, keysOf(l.states[variable])))
		return false
	}
	return true
}

// conditions reads variable → states.
func (l *loader) conditions(f *file, n *node) map[string][]string {
	var out map[string][]string
	for _, e := range n.pairs() {
		if !l.knownVariable(f, &node{line: e.line, column: e.column}, e.key) {
			continue
		}
		for _, s := range e.value.list() {
			l.knownState(f, s, e.key, s.str())
		}
		if out == nil {
			out = map[string][]string{}
		}
		out[e.key] = e.value.strings()
	}
	return out
}

// number reads a bare number with the defaults of its file, or {mean, experience, source}.
func (l *loader) number(f *file, n *node, defaults Number) Number {
	out := defaults
	if n == nil {
		return out
	}
	if n.kind != mapNode {
		out.Mean = n.float()
	} else {
		out.Mean = n.get("mean").float()
		if x := n.get("experience").float(); x > 0 {
			out.Experience = x
		}
		if s := n.get("source"); s != nil {
			l.knownSource(f, s)
			out.Source = s.str()
		}
	}
	if out.Experience <= 0 || out.Source == "" {
		l.wrong(f, n, "the number needs an experience and a source: give them here or in the defaults of the file")
	}
	return out
}

// estimates reads fault → number.
func (l *loader) estimates(f *file, n *node, defaults Number) map[string]Number {
	var out map[string]Number
	for _, e := range n.pairs() {
		if !l.knownFault(f, e) {
			continue
		}
		if out == nil {
			out = map[string]Number{}
		}
		out[e.key] = l.number(f, e.value, defaults)
	}
	return out
}
