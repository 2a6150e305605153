package pack

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// sumSlack is how far sums of probabilities may be off by rounding.
const sumSlack = 1e-9

func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// build turns the trees into the compiled form and checks what one file cannot know of another.
func (l *loader) build() {
	l.buildManifest()
	for _, folder := range []string{"findings", "faults", "steps", "codes", "messages"} {
		for _, f := range l.folders[folder] {
			l.knownSource(f, f.root.get("defaults").get("source"))
		}
	}
	l.eachOf("findings", "findings", l.buildVariable)
	l.eachOf("faults", "faults", l.buildFault)
	l.eachOf("steps", "steps", l.buildStep)
	l.eachOf("faults", "contexts", l.contextBuilder())
	l.eachOf("codes", "codes", l.codeBuilder())
	l.eachOf("messages", "messages", l.buildMessage)
	l.eachOf("phrases", "phrases", l.phraseBuilder())
}

func (l *loader) buildManifest() {
	if l.manifest == nil {
		return
	}
	root := l.manifest.root
	l.pack.Ref = Ref{ID: root.get("pack").str(), Version: root.get("version").str()}
	l.pack.Title = root.get("title").bilingual()
	l.pack.CallCost = cost(root.get("call_service"))
	l.pack.Sources = []Source{{ID: derivedSource, Kind: "judgement", Title: "Derived by the compiler from who repairs a fault and how long it takes"}}
	for _, n := range root.get("sources").list() {
		if n.get("id").str() == derivedSource {
			l.wrong(l.manifest, n.get("id"), "the source id %q is kept for numbers that the compiler derives", derivedSource)
		}
		l.pack.Sources = append(l.pack.Sources, Source{ID: n.get("id").str(), Title: n.get("title").str(),
			URL: n.get("url").str(), Kind: n.get("kind").str()})
	}
}

func cost(n *node) Cost {
	return Cost{
		MerchantMin: n.get("merchant_min").float(), DeskMin: n.get("desk_min").float(), DowntimeMin: n.get("downtime_min").float(),
		Truck: n.get("truck").float(), Money: n.get("money").float(), Risk: n.get("risk").float(), Insult: n.get("insult").float(),
	}
}

func (l *loader) buildVariable(f *file, n *node) {
	v := Variable{
		ID: n.get("id").str(), Group: n.get("group").str(), Type: VariableType(n.get("type").str()), Name: n.get("name").bilingual(),
		Question: n.get("question").bilingual(), Ask: n.get("ask").strings(), Minutes: n.get("minutes").float(),
		Probe: n.get("probe").str(), Lasting: n.get("lasting").bool(),
	}
	for _, s := range n.get("states").list() {
		v.States = append(v.States, StateWords{ID: s.get("id").str(), Words: s.bilingual(), Normal: s.get("normal").bool()})
	}
	if n.get("question") != nil && len(v.Ask) == 0 {
		l.wrong(f, n.get("question"), "%q has a question but nobody in ask who could answer it", v.ID)
	}
	l.variableStates(f, n, &v)
	l.pack.Variables = append(l.pack.Variables, v)
}

func (l *loader) variableStates(f *file, n *node, v *Variable) {
	if v.Type != State {
		for _, key := range []string{"states", "leak"} {
			if at := n.get(key); at != nil {
				l.wrong(f, at, "%q is of type %s and has no %s", v.ID, v.Type, key)
			}
		}
		v.States = nil
		return
	}
	if len(v.States) == 0 {
		if n.get("states") == nil {
			l.wrong(f, n, "%q is of type state and lacks states", v.ID)
		}
		return
	}
	v.Leak = defaultLeak(v.States)
	if leak := n.get("leak"); leak != nil {
		v.Leak = l.leak(f, leak, v)
	}
}

// leak reads how a variable looks whatever the fault; states left out are 0.
func (l *loader) leak(f *file, n *node, v *Variable) []float64 {
	out := make([]float64, len(v.States))
	sum := 0.0
	for _, e := range n.pairs() {
		if !l.knownState(f, &node{line: e.line, column: e.column}, v.ID, e.key) {
			continue
		}
		i := slices.IndexFunc(v.States, func(s StateWords) bool { return s.ID == e.key })
		out[i] = e.value.float()
		sum += out[i]
	}
	// Authors round to a few digits: a sum that is right to six is meant to be one, and is made exactly one.
	if math.Abs(sum-1) > 1e-6 {
		l.wrong(f, n, "the leak of %q sums to %s; it must sum to 1", v.ID, plain(math.Round(sum*1e9)/1e9))
		return out
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func (l *loader) contextBuilder() func(*file, *node) {
	known := map[string]place{}
	return func(f *file, n *node) {
		l.declareID(known, "context", f, n)
		l.pack.Contexts = append(l.pack.Contexts, Context{ID: n.get("id").str(), When: l.conditions(f, n.get("when")),
			Multiply: l.estimates(f, n.get("multiply"), f.defaults)})
	}
}

// factDefaults are the defaults of numbers in codes and messages: an entry has its own source, and its author's word
// is worth ten cases where the file says nothing else.
func factDefaults(f *file, n *node) Number {
	d := f.defaults
	if d.Experience <= 0 {
		d.Experience = 10
	}
	if d.Source == "" {
		d.Source = n.get("source").str()
	}
	return d
}

func (l *loader) codeBuilder() func(*file, *node) {
	known := map[string]place{}
	return func(f *file, n *node) {
		c := Code{Set: n.get("set").str(), Code: n.get("code").str(), Means: n.get("means").bilingual(), Who: n.get("who").str(),
			Fault: n.get("fault").bool(), PointsTo: l.estimates(f, n.get("points_to"), factDefaults(f, n)),
			Source: n.get("source").str(), Note: n.get("note").str()}
		l.knownSource(f, n.get("source"))
		key := c.Set + " " + strings.ToUpper(c.Code)
		if p, twice := known[key]; twice && c.Code != "" {
			l.wrong(f, n.get("code"), "code %q of %s is declared already in %s, line %d", c.Code, c.Set, p.file, p.line)
		}
		known[key] = place{file: f.name, line: n.line}
		if _, ok := l.states[codeSetVariable]; ok && c.Set != "" {
			l.knownState(f, n.get("set"), codeSetVariable, c.Set)
		}
		l.pack.Codes = append(l.pack.Codes, c)
	}
}

// Variables that codes and messages speak of. A pack need not have them.
const (
	codeSetVariable = "response_code_set"
	messageVariable = "screen_message"
)

func (l *loader) buildMessage(f *file, n *node) {
	m := Message{Vendor: n.get("vendor").str(), Match: n.get("match").strings(), Class: n.get("class").str(),
		PointsTo: l.estimates(f, n.get("points_to"), factDefaults(f, n)), Source: n.get("source").str()}
	l.knownSource(f, n.get("source"))
	if _, ok := l.states[messageVariable]; ok {
		l.knownState(f, n.get("class"), messageVariable, m.Class)
	}
	l.pack.Messages = append(l.pack.Messages, m)
}

func (l *loader) phraseBuilder() func(*file, *node) {
	type key struct{ word, variable string }
	type meaning struct {
		state string
		place place
	}
	known := map[key]meaning{}
	return func(f *file, n *node) {
		p := Phrase{Lang: n.get("lang").str(), Words: n.get("words").strings(), Variable: n.get("variable").str(),
			State: n.get("state").str(), Negated: n.get("negated").str(), Weight: 1}
		if w := n.get("weight"); w != nil {
			p.Weight = w.float()
		}
		if l.knownVariable(f, n.get("variable"), p.Variable) {
			l.knownState(f, n.get("state"), p.Variable, p.State)
			l.knownState(f, n.get("negated"), p.Variable, p.Negated)
		}
		for _, w := range n.get("words").list() {
			k := key{word: foldWords(w.str()), variable: p.Variable}
			if m, twice := known[k]; twice && m.state != p.State {
				l.wrong(f, w, "%q means %s %s already in %s, line %d", w.str(), p.Variable, m.state, m.place.file, m.place.line)
			}
			known[k] = meaning{state: p.State, place: place{file: f.name, line: w.line}}
		}
		l.pack.Phrases = append(l.pack.Phrases, p)
	}
}

// foldWords makes words comparable: no case and no blanks.
func foldWords(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), "")) }
