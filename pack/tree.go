package pack

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// nodeKind is what stands at one place of a file. YAML's other inventions (anchors, aliases, tags, merge keys, several
// documents) are refused: a pack must read the same to everybody, and they are the stuff of bombs.
type nodeKind int

const (
	textNode nodeKind = iota
	numberNode
	boolNode
	mapNode
	listNode
	emptyNode
	refusedNode // reported already; nothing more is said about it
)

// node is one value of a YAML file with its place.
type node struct {
	kind    nodeKind
	line    int
	column  int
	text    string // the words of a text; of other scalars as they were written
	number  float64
	truth   bool
	entries []entry
	items   []*node
}

// entry is one key of a mapping, in the order of the file.
type entry struct {
	key    string
	line   int
	column int
	value  *node
}

// maxDepth is how deep values may lie in each other; the format itself needs six. maxBlockColumn bounds block nesting,
// which costs at least one column a level, before the recursive parser sees it.
const (
	maxDepth       = 24
	maxBlockColumn = 400
)

// parseYAML reads one file. It never panics: what the YAML library cannot bear is a mistake in the file.
func parseYAML(file string, data []byte) (root *node, problems Problems) {
	defer func() {
		if r := recover(); r != nil {
			root, problems = nil, Problems{{File: file, Line: 1, Column: 1, Text: "is not YAML that can be read"}}
		}
	}()
	if !utf8.Valid(data) {
		return nil, Problems{{File: file, Line: 1, Column: 1, Text: "is not UTF-8 text"}}
	}
	tokens := lexer.Tokenize(string(data))
	if p, deep := tooDeep(file, tokens); deep {
		return nil, Problems{p}
	}
	if p, many := tooManyKeys(file, tokens); many {
		return nil, Problems{p}
	}
	parsed, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, Problems{syntaxProblem(file, err)}
	}
	t := treeBuilder{file: file}
	return t.document(parsed), t.problems
}

// maxKeys bounds the keys of one block mapping: the YAML library takes time with their square.
const maxKeys = 2000

// tooManyKeys finds a block mapping with more keys than any pack needs, before it is parsed.
func tooManyKeys(file string, tokens token.Tokens) (Problem, bool) {
	flow := 0
	keys := map[int]int{} // of the mappings that are open, by column
	closeDeeper := func(column int) {
		for c := range keys {
			if c > column {
				delete(keys, c)
			}
		}
	}
	for i, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType:
			if flow <= 0 {
				closeDeeper(t.Position.Column)
			}
		case token.MappingValueType:
			if flow > 0 || i == 0 {
				continue
			}
			column := tokens[i-1].Position.Column
			closeDeeper(column)
			if keys[column]++; keys[column] > maxKeys {
				return at(file, t, fmt.Sprintf("is one key too many: a mapping has at most %d", maxKeys)), true
			}
		}
	}
	return Problem{}, false
}

// tooDeep finds nesting that would overflow the stack of a recursive parser.
func tooDeep(file string, tokens token.Tokens) (Problem, bool) {
	flow, entriesOfLine, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entriesOfLine = t.Position.Line, 0
		}
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			entriesOfLine++
		}
		block := flow <= 0 && t.Position.Column > maxBlockColumn &&
			(t.Type == token.SequenceEntryType || t.Type == token.MappingValueType)
		if flow > maxDepth || entriesOfLine > maxDepth || block {
			return at(file, t, "is nested too deep"), true
		}
	}
	return Problem{}, false
}

func at(file string, t *token.Token, text string) Problem {
	if t == nil || t.Position == nil {
		return Problem{File: file, Line: 1, Column: 1, Text: text}
	}
	return Problem{File: file, Line: t.Position.Line, Column: t.Position.Column, Text: text}
}

func syntaxProblem(file string, err error) Problem {
	var yerr yaml.Error
	if errors.As(err, &yerr) {
		message, _, _ := strings.Cut(yerr.GetMessage(), "\n")
		return at(file, yerr.GetToken(), "is not YAML: "+message)
	}
	message, _, _ := strings.Cut(err.Error(), "\n")
	return Problem{File: file, Line: 1, Column: 1, Text: "is not YAML: " + message}
}

// treeBuilder turns the library's tree into ours.
type treeBuilder struct {
	file     string
	problems Problems
}

func (b *treeBuilder) refuse(t *token.Token, format string, args ...any) {
	b.problems = append(b.problems, at(b.file, t, fmt.Sprintf(format, args...)))
}

func (b *treeBuilder) document(f *ast.File) *node {
	if len(f.Docs) == 0 || f.Docs[0].Body == nil {
		b.refuse(nil, "is empty")
		return nil
	}
	if len(f.Docs) > 1 {
		b.refuse(f.Docs[1].GetToken(), "holds more than one YAML document")
	}
	return b.value(f.Docs[0].Body, 0)
}

func (b *treeBuilder) value(n ast.Node, depth int) *node {
	if n == nil {
		return &node{kind: emptyNode, line: 1, column: 1}
	}
	out := placed(n.GetToken())
	if depth > maxDepth {
		out.kind = refusedNode
		b.refuse(n.GetToken(), "is nested too deep")
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		b.mapping(out, n.Values, n.IsFlowStyle, depth)
	case *ast.MappingValueNode:
		b.mapping(out, []*ast.MappingValueNode{n}, false, depth)
	case *ast.SequenceNode:
		out.kind = listNode
		for _, v := range n.Values {
			out.items = append(out.items, b.value(v, depth+1))
		}
	default:
		b.scalar(out, n)
	}
	return out
}

// placed is an empty node at the place of a token.
func placed(t *token.Token) *node {
	n := &node{kind: emptyNode, line: 1, column: 1}
	if t != nil && t.Position != nil {
		n.line, n.column = t.Position.Line, t.Position.Column
	}
	return n
}

func (b *treeBuilder) scalar(out *node, n ast.Node) {
	if t := n.GetToken(); t != nil {
		out.text = t.Value
	}
	switch n := n.(type) {
	case *ast.StringNode:
		out.kind, out.text = textNode, n.Value
	case *ast.LiteralNode:
		out.kind, out.text = textNode, n.Value.Value
	case *ast.IntegerNode:
		out.kind = numberNode
		switch v := n.Value.(type) {
		case int64:
			out.number = float64(v)
		case uint64:
			out.number = float64(v)
		}
	case *ast.FloatNode:
		out.kind, out.number = numberNode, n.Value
		if math.IsInf(n.Value, 0) || math.IsNaN(n.Value) {
			b.refuse(n.GetToken(), "is not a number that can be used")
		}
	case *ast.BoolNode:
		out.kind, out.truth = boolNode, n.Value
	case *ast.NullNode:
		out.kind = emptyNode
	default:
		out.kind = refusedNode
		b.refuse(n.GetToken(), "uses a YAML feature that packs do not allow (%s)", strings.ToLower(n.Type().String()))
	}
}

func (b *treeBuilder) mapping(out *node, values []*ast.MappingValueNode, flow bool, depth int) {
	out.kind = mapNode
	if !flow && len(values) > 0 { // the library places a block mapping at its first colon
		first := placed(values[0].Key.GetToken())
		out.line, out.column = first.line, first.column
	}
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		t := v.Key.GetToken()
		key, ok := b.key(v.Key)
		if !ok {
			out.kind = refusedNode
			continue
		}
		if seen[key] {
			b.refuse(t, "key %q is given twice", key)
			continue
		}
		seen[key] = true
		k := placed(t)
		out.entries = append(out.entries, entry{key: key, line: k.line, column: k.column, value: b.value(v.Value, depth+1)})
	}
}

func (b *treeBuilder) key(k ast.MapKeyNode) (string, bool) {
	s, ok := k.(*ast.StringNode)
	if !ok || k.IsMergeKey() {
		b.refuse(k.GetToken(), "is not a plain key: put it in quotes")
		return "", false
	}
	return s.Value, true
}

// get gives the value of a key; nil where there is none. All readers below bear a nil node, so that the checks which
// come after the shape can read on in a file with mistakes.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for i := range n.entries {
		if n.entries[i].key == key {
			return n.entries[i].value
		}
	}
	return nil
}

func (n *node) str() string {
	if n == nil || n.kind != textNode {
		return ""
	}
	return n.text
}

func (n *node) float() float64 {
	if n == nil || n.kind != numberNode {
		return 0
	}
	return n.number
}

func (n *node) bool() bool { return n != nil && n.kind == boolNode && n.truth }

func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.items
}

func (n *node) pairs() []entry {
	if n == nil {
		return nil
	}
	return n.entries
}

// strings gives the texts of a list; nil where there are none.
func (n *node) strings() []string {
	var out []string
	for _, item := range n.list() {
		if s := item.str(); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// bilingual gives a text in both languages.
func (n *node) bilingual() Text {
	return Text{ZH: strings.TrimSpace(n.get("zh").str()), EN: strings.TrimSpace(n.get("en").str())}
}
