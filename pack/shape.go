package pack

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// shapeKind says what kind of value a shape allows.
type shapeKind int

const (
	textShape     shapeKind = iota // a text in quotes or plain
	numberShape                    // a number between min and max
	boolShape                      // true or false
	objectShape                    // a mapping with the fields listed
	listShape                      // a list of item
	dictShape                      // a mapping whose keys the author chooses, all values of item
	estimateShape                  // a number, or {mean, experience, source}
)

// shape describes one place of the format. The checker reads it, and schema.json is written from it (schema.go), so
// that the two cannot drift apart.
type shape struct {
	kind     shapeKind
	about    string
	fields   []field
	item     *shape
	enum     []string
	pattern  *pattern
	keys     *pattern // of a dict
	min, max float64
	most     bool // max counts
	least    int  // fewest items or entries
	distinct bool // the items of the list differ
	blank    bool // "" is allowed and means: left out
}

type field struct {
	name     string
	required bool
	shape    *shape
}

// pattern is a regular expression with the words for a person. It is written in the part of the syntax that Go and
// JSON Schema (ECMA 262) share.
type pattern struct {
	expression string
	words      string
	compiled   *regexp.Regexp
}

func newPattern(expression, words string) *pattern {
	return &pattern{expression: expression, words: words, compiled: regexp.MustCompile(expression)}
}

// checker compares a tree with its shape and collects every difference.
type checker struct {
	file     string
	problems Problems
}

func (c *checker) wrong(n *node, format string, args ...any) {
	c.problems = append(c.problems, Problem{File: c.file, Line: n.line, Column: n.column, Text: fmt.Sprintf(format, args...)})
}

func (c *checker) check(n *node, s *shape, name string) {
	if n.kind == refusedNode {
		return
	}
	if n.kind == emptyNode {
		c.wrong(n, "%s is empty", name)
		return
	}
	switch s.kind {
	case textShape:
		c.text(n, s, name)
	case numberShape:
		c.number(n, s, name)
	case boolShape:
		if n.kind != boolNode {
			c.wrong(n, "%s must be true or false", name)
		}
	case objectShape:
		c.object(n, s, name)
	case listShape:
		c.list(n, s, name)
	case dictShape:
		c.dict(n, s, name)
	case estimateShape:
		c.estimate(n, s, name)
	}
}

func (c *checker) text(n *node, s *shape, name string) {
	switch {
	case n.kind == numberNode || n.kind == boolNode:
		c.wrong(n, "%s must be a text: write it in quotes, %q", name, n.text)
	case n.kind != textNode:
		c.wrong(n, "%s must be a text", name)
	case s.blank && n.text == "":
	case strings.TrimSpace(n.text) == "":
		c.wrong(n, "%s is empty", name)
	case len(s.enum) > 0 && !slices.Contains(s.enum, n.text):
		c.wrong(n, "%s must be one of %s; not %q", name, strings.Join(s.enum, ", "), n.text)
	case s.pattern != nil && !s.pattern.compiled.MatchString(n.text):
		c.wrong(n, "%s must be %s; not %q", name, s.pattern.words, n.text)
	}
}

func (c *checker) number(n *node, s *shape, name string) {
	switch {
	case n.kind != numberNode:
		c.wrong(n, "%s must be a number", name)
	case s.most && (n.number < s.min || n.number > s.max):
		c.wrong(n, "%s must be between %s and %s; not %s", name, plain(s.min), plain(s.max), n.text)
	case n.number < s.min:
		c.wrong(n, "%s must be at least %s; not %s", name, plain(s.min), n.text)
	}
}

func plain(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func (c *checker) estimate(n *node, s *shape, name string) {
	if n.kind == mapNode {
		c.object(n, s, name)
		return
	}
	if n.kind != numberNode {
		c.wrong(n, "%s must be a number or {mean, experience, source}", name)
		return
	}
	c.number(n, s.fields[0].shape, name)
}

func (c *checker) object(n *node, s *shape, name string) {
	if n.kind != mapNode {
		c.wrong(n, "%s must be a mapping", name)
		return
	}
	for _, e := range n.entries {
		i := slices.IndexFunc(s.fields, func(f field) bool { return f.name == e.key })
		if i < 0 {
			c.problems = append(c.problems, Problem{File: c.file, Line: e.line, Column: e.column,
				Text: fmt.Sprintf("unknown key %q%s", e.key, didYouMean(e.key, fieldNames(s.fields)))})
			continue
		}
		c.check(e.value, s.fields[i].shape, e.key)
	}
	for _, f := range s.fields {
		if f.required && n.get(f.name) == nil {
			c.wrong(n, "%s lacks the key %q", name, f.name)
		}
	}
	if len(n.entries) < s.least {
		c.wrong(n, "%s is empty", name)
	}
}

func fieldNames(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

func (c *checker) list(n *node, s *shape, name string) {
	if n.kind != listNode {
		c.wrong(n, "%s must be a list", name)
		return
	}
	if len(n.items) < s.least {
		c.wrong(n, "%s is empty", name)
	}
	seen := map[string]bool{}
	for _, item := range n.items {
		c.check(item, s.item, "an entry of "+name)
		if s.distinct && item.kind == textNode {
			if seen[item.text] {
				c.wrong(item, "%s names %q twice", name, item.text)
			}
			seen[item.text] = true
		}
	}
}

func (c *checker) dict(n *node, s *shape, name string) {
	if n.kind != mapNode {
		c.wrong(n, "%s must be a mapping", name)
		return
	}
	if len(n.entries) < s.least {
		c.wrong(n, "%s is empty", name)
	}
	for _, e := range n.entries {
		if s.keys != nil && !s.keys.compiled.MatchString(e.key) {
			c.problems = append(c.problems, Problem{File: c.file, Line: e.line, Column: e.column,
				Text: fmt.Sprintf("%s has the key %q, which is not %s", name, e.key, s.keys.words)})
			continue
		}
		c.check(e.value, s.item, name+" "+e.key)
	}
}

// didYouMean offers the nearest known name when it is at most two slips away.
func didYouMean(word string, known []string) string {
	best, nearest := 3, ""
	for _, k := range known {
		if d := slips(word, k); d < best {
			best, nearest = d, k
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", nearest)
}

// slips is the edit distance of two names (Levenshtein), cut off where it cannot matter.
func slips(a, b string) int {
	if abs(len(a)-len(b)) > 2 || len(a) > 64 || len(b) > 64 {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := diagonal
			if a[i-1] != b[j-1] {
				change++
			}
			diagonal = row[j]
			row[j] = min(row[j]+1, row[j-1]+1, change)
		}
	}
	return row[len(b)]
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}
