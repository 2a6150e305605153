package incident

import (
	"maps"
	"slices"
	"time"
)

// Change says that what runs on a terminal was changed.
type Change struct {
	Terminal  string    `json:"terminal"`
	Attribute Attribute `json:"attribute"`
	Value     string    `json:"value"` // what it was changed to
	At        time.Time `json:"at"`
}

// PushOf is one change on many terminals: what was brought to them, and when the first of them had it.
type PushOf struct {
	Attribute Attribute `json:"attribute,omitempty"`
	Value     string    `json:"value,omitempty"`
	At        time.Time `json:"at,omitzero"`
}

// brought lists what is brought to terminals, and so may stop many at once.
func brought() []Attribute { return []Attribute{Certificate, Params, AppVersion, Firmware} }

// changes notices when what runs on a terminal changes. What a terminal had before it was seen first is not known.
type changes struct {
	seen   map[string][4]string // per terminal, in the order of brought
	newest map[string]Change    // per terminal
	first  map[Pair]time.Time   // per push, when the first terminal had it
}

func newChanges() *changes {
	return &changes{seen: map[string][4]string{}, newest: map[string]Change{}, first: map[Pair]time.Time{}}
}

// load takes what was noticed before.
func (c *changes) load(list []Change) {
	for _, ch := range list {
		c.keep(ch)
	}
}

func (c *changes) keep(ch Change) {
	if old, ok := c.newest[ch.Terminal]; !ok || !ch.At.Before(old.At) {
		c.newest[ch.Terminal] = ch
	}
	what := Pair{ch.Attribute, ch.Value}
	if at, ok := c.first[what]; !ok || ch.At.Before(at) {
		c.first[what] = ch.At
	}
}

// notice compares the fleet with what it was and gives what has changed.
func (c *changes) notice(fleet []Member, now time.Time) []Change {
	var out []Change
	for _, m := range fleet {
		var has [4]string
		for i, a := range brought() {
			has[i] = m.Shares[a]
		}
		had, known := c.seen[m.Terminal]
		if had == has && known {
			continue
		}
		for i, a := range brought() {
			if known && had[i] != "" && has[i] != "" && had[i] != has[i] {
				out = append(out, Change{Terminal: m.Terminal, Attribute: a, Value: has[i], At: now})
			}
		}
		c.seen[m.Terminal] = has
	}
	for _, ch := range out {
		c.keep(ch)
	}
	return out
}

// forget drops what is too long ago to be a suspect.
func (c *changes) forget(before time.Time) {
	maps.DeleteFunc(c.newest, func(_ string, ch Change) bool { return ch.At.Before(before) })
	current := map[Pair]bool{}
	for _, ch := range c.newest {
		current[Pair{ch.Attribute, ch.Value}] = true
	}
	maps.DeleteFunc(c.first, func(p Pair, _ time.Time) bool { return !current[p] })
}

// of is the push that reached a terminal last.
func (c *changes) of(terminal string) (PushOf, bool) {
	ch, ok := c.newest[terminal]
	if !ok {
		return PushOf{}, false
	}
	return PushOf{Attribute: ch.Attribute, Value: ch.Value, At: c.first[Pair{ch.Attribute, ch.Value}]}, true
}

// mark gives the fleet with its recent pushes as an attribute of the terminals they reached.
func (c *changes) mark(fleet []Member) []Member {
	if len(c.newest) == 0 {
		return fleet
	}
	out := slices.Clone(fleet)
	for i, m := range out {
		p, ok := c.of(m.Terminal)
		if !ok {
			continue
		}
		shares := maps.Clone(m.Shares)
		shares[Push] = p.name()
		out[i].Shares = shares
	}
	return out
}

// name writes a push as the value of an attribute.
func (p PushOf) name() string { return string(p.Attribute) + " " + p.Value }

// behind is the push that explains a cluster: most of its terminals have had it, before they began to fail.
func (c *changes) behind(cluster Cluster, fleet []Member) (PushOf, bool) {
	by := map[PushOf]int{}
	for _, m := range fleet {
		if p, ok := c.of(m.Terminal); ok && m.Failing && cluster.Shared.Covers(m) && (m.Since.IsZero() || !m.Since.Before(p.At)) {
			by[p]++
		}
	}
	for p, n := range by {
		if 10*n >= 6*cluster.Failing {
			return p, true // no other can have as many
		}
	}
	return PushOf{}, false
}
