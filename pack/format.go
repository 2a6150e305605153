package pack

// format is the YAML of a pack as shapes: one for pack.yaml and one for each folder.
type format struct {
	pack     *shape
	findings *shape
	faults   *shape
	steps    *shape
	codes    *shape
	messages *shape
	phrases  *shape
}

// folders lists the folders of a pack with the shape of their files, in the order in which they are read.
func (f *format) folders() []folder {
	return []folder{
		{"findings", f.findings}, {"faults", f.faults}, {"steps", f.steps},
		{"codes", f.codes}, {"messages", f.messages}, {"phrases", f.phrases},
	}
}

type folder struct {
	name  string
	shape *shape
}

// words are the small shapes that the large ones share.
type words struct {
	id, state, source, line, text, url, bool *shape
	count, probability, rate, factor         *shape
	variableKey, stateKey, idKey             *pattern
}

func newWords() words {
	id := newPattern(`^[a-z][a-z0-9_]*$`, "an id of a-z, 0-9 and _ that starts with a letter")
	state := newPattern(`^[a-z0-9][a-z0-9_]*$`, "an id of a-z, 0-9 and _")
	source := newPattern(`^[a-z0-9][a-z0-9._-]*$`, "an id of a-z, 0-9, dot, hyphen and _")
	w := words{
		id:     &shape{kind: textShape, pattern: id},
		state:  &shape{kind: textShape, pattern: state},
		source: &shape{kind: textShape, pattern: source, about: "id of a source in pack.yaml"},
		line:   &shape{kind: textShape},
		url:    &shape{kind: textShape, pattern: newPattern(`^https?://`, "an address that starts with https://")},
		bool:   &shape{kind: boolShape},
		count:  &shape{kind: numberShape},
		idKey:  id, stateKey: state, variableKey: id,
	}
	w.text = object("a sentence in both languages", must("zh", w.line), must("en", w.line))
	w.probability = w.estimate("probability", 1, true)
	w.rate = w.estimate("stops per 1,000 terminals and year", 0, false)
	w.factor = w.estimate("factor", 0, false)
	return w
}

func (w words) estimate(about string, limit float64, most bool) *shape {
	s := object(about, must("mean", &shape{kind: numberShape, max: limit, most: most}),
		may("experience", &shape{kind: numberShape, min: 0.1, about: "how many cases it is worth"}), may("source", w.source))
	s.kind = estimateShape
	return s
}

func (w words) defaults() field {
	return may("defaults", object("for every bare number of this file",
		may("experience", &shape{kind: numberShape, min: 0.1}), may("source", w.source)))
}

// conditions is variable → states.
func (w words) conditions(about string) *shape {
	return &shape{kind: dictShape, about: about, keys: w.variableKey, item: list(w.line, 1)}
}

func (w words) estimates(keys *pattern, item *shape, about string) *shape {
	return &shape{kind: dictShape, about: about, keys: keys, item: item}
}

func (w words) cost() *shape {
	risk := &shape{kind: numberShape, max: 1, most: true}
	return object("components; a policy weighs them", may("merchant_min", w.count), may("desk_min", w.count),
		may("downtime_min", w.count), may("truck", w.count), may("money", w.count), may("risk", risk), may("insult", risk))
}

func must(name string, s *shape) field { return field{name: name, required: true, shape: s} }
func may(name string, s *shape) field  { return field{name: name, shape: s} }

func object(about string, fields ...field) *shape {
	return &shape{kind: objectShape, about: about, fields: fields}
}

func list(item *shape, least int) *shape { return &shape{kind: listShape, item: item, least: least} }

func set(item *shape, least int) *shape {
	return &shape{kind: listShape, item: item, least: least, distinct: true}
}

func oneOf(values []string) *shape { return &shape{kind: textShape, enum: values} }

// newFormat writes the format down. The order of the fields is the one docs/packs.md uses.
func newFormat() *format {
	w := newWords()
	return &format{
		pack: w.packFile(), findings: w.findingsFile(), faults: w.faultsFile(), steps: w.stepsFile(),
		codes: w.codesFile(), messages: w.messagesFile(), phrases: w.phrasesFile(),
	}
}

func (w words) packFile() *shape {
	source := object("where numbers and facts come from",
		must("id", w.source), must("kind", oneOf(SourceKinds())), must("title", w.line), may("url", w.url))
	return object("pack.yaml", must("pack", w.source),
		must("version", &shape{kind: textShape, pattern: newPattern(`^[0-9A-Za-z][0-9A-Za-z.+-]*$`, "a version such as 2026.11.1")}),
		must("title", w.text), must("call_service", w.cost()), must("sources", list(source, 1)))
}

func (w words) findingsFile() *shape {
	state := object("one state with the words of the answer", must("id", w.state), must("zh", w.line), must("en", w.line),
		may("normal", w.bool))
	finding := object("something that can be observed",
		must("id", w.id), must("group", oneOf(FindingGroups())), must("type", oneOf([]string{string(State), string(String), string(Words)})),
		must("name", w.text), may("question", w.text), may("ask", set(oneOf(Suppliers()), 1)), may("minutes", w.count),
		may("probe", oneOf(Probes())), may("lasting", w.bool), may("states", list(state, 1)),
		may("leak", &shape{kind: dictShape, keys: w.stateKey, item: &shape{kind: numberShape, max: 1, most: true}, least: 1}))
	return object("findings/*.yaml", w.defaults(), must("findings", list(finding, 1)))
}

func (w words) faultsFile() *shape {
	cure := object("becomes the step cure.<fault>", must("zh", list(w.line, 1)), must("en", list(w.line, 1)),
		may("works", w.probability), may("breaks", set(oneOf(hazardIDs()), 0)), may("cost", w.cost()))
	fault := object("something that can be wrong",
		must("id", w.id), must("group", oneOf(FaultGroups())), must("name", w.text), must("means", w.text), must("rate", w.rate),
		must("who", oneOf(Parties())), may("also", set(oneOf(Parties()), 0)), must("minutes", w.count), may("remote", w.bool),
		may("shared", w.bool), may("parts", set(w.id, 0)), may("hazards", set(oneOf(hazardIDs()), 0)),
		may("only_if", w.conditions("cannot be without one of these states")),
		may("shows", &shape{kind: dictShape, keys: w.variableKey, item: w.estimates(w.stateKey, w.probability, "state → probability")}),
		may("cure", cure))
	when := w.conditions("where all of these hold")
	when.least = 1
	multiply := w.estimates(w.idKey, w.factor, "fault → factor on its rate")
	multiply.least = 1
	context := object("multiplies base rates", must("id", w.id), must("when", when), must("multiply", multiply))
	s := object("faults/*.yaml", w.defaults(), may("faults", list(fault, 1)), may("contexts", list(context, 1)))
	s.least = 1
	return s
}

func (w words) stepsFile() *shape {
	step := object("something that may be done next",
		must("id", w.id), must("kind", oneOf([]string{string(Repair), string(Test), string(Handover)})),
		must("by", oneOf(Performers())), may("command", oneOf(commandIDs())), must("name", w.text), must("do", list(w.text, 1)),
		must("cost", w.cost()), may("fixes", w.estimates(w.idKey, w.probability, "fault → probability that the step cures it")),
		may("breaks", set(oneOf(hazardIDs()), 0)), may("needs", w.conditions("only while not contradicted")), may("learns", w.id),
		may("side_effects", w.text), may("irreversible", w.bool), may("cluster", &shape{kind: textShape, blank: true, pattern: w.idKey}))
	return object("steps/*.yaml", w.defaults(), must("steps", list(step, 1)))
}

func (w words) pointsTo() field {
	return may("points_to", w.estimates(w.idKey, w.probability, "fault → probability that one sees this when it is present"))
}

func (w words) codesFile() *shape {
	code := object("a response code of one code set",
		must("set", oneOf(CodeSets())), must("code", &shape{kind: textShape, pattern: newPattern(`^[0-9A-Za-z]{1,12}$`, "1 to 12 letters and digits")}),
		must("means", w.text), must("who", oneOf(CodeParties())), may("fault", w.bool), w.pointsTo(), must("source", w.source), may("note", w.line))
	return object("codes/*.yaml", w.defaults(), must("codes", list(code, 1)))
}

func (w words) messagesFile() *shape {
	message := object("a text on a screen", may("vendor", &shape{kind: textShape, blank: true, about: "left out: any"}), must("match", set(w.line, 1)), must("class", w.state),
		w.pointsTo(), must("source", w.source))
	return object("messages/*.yaml", w.defaults(), must("messages", list(message, 1)))
}

func (w words) phrasesFile() *shape {
	weight := &shape{kind: numberShape, max: 1, most: true, about: "how sure the words are; 1 where left out"}
	phrase := object("what people say", must("lang", oneOf([]string{"zh", "en"})), must("words", set(w.line, 1)),
		must("variable", w.id), must("state", w.line), may("negated", &shape{kind: textShape, blank: true, about: "state when the clause is negated"}),
		may("weight", weight))
	return object("phrases/*.yaml", must("phrases", list(phrase, 1)))
}
