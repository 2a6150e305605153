package network

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// MaxText is how many bytes of text a reader takes. The largest public networks have a few million.
const MaxText = 32 << 20

// FormatError says where a text stops being what it should be. Line and Column start at 1 and count characters.
type FormatError struct {
	Line, Column int
	What         lang.Text // safe to show; names of the text are quoted and cut
}

func (e *FormatError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.What.EN) }

// source is a text that is read to its end before anything is made of it.
type source struct {
	text []byte
	at   int // of the next byte
}

func newSource(r io.Reader) (*source, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxText+1))
	if err != nil {
		return nil, err
	}
	s := &source{text: text}
	if len(text) > MaxText {
		return nil, s.wrong(0, lang.Text{ZH: fmt.Sprintf("超过%d MB", MaxText>>20), EN: fmt.Sprintf("is larger than %d MB", MaxText>>20)})
	}
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		s.at = len("\ufeff") // some editors write a byte order mark
	}
	return s, nil
}

// wrong is the error at a place of the text.
func (s *source) wrong(at int, what lang.Text) *FormatError {
	before := s.text[:min(at, len(s.text))]
	line := bytes.LastIndexByte(before, '\n') + 1
	return &FormatError{Line: bytes.Count(before, []byte{'\n'}) + 1, Column: utf8.RuneCount(before[line:]) + 1, What: what}
}

// kind of a token.
type kind int

const (
	end    kind = iota // of the text
	word               // a name, a keyword or a number
	quoted             // a name in quotes: never a keyword and never a number
	mark               // one of { } ( ) [ ] ; |
)

// token is a piece of the text.
type token struct {
	kind kind
	text string
	at   int
}

func (t token) is(text string) bool { return (t.kind == word || t.kind == mark) && t.text == text }

// shown is the token as an error names it.
func (t token) shown() lang.Text {
	if t.kind == end {
		return lang.Text{ZH: "文件结尾", EN: "the end"}
	}
	const most = 40 // characters; enough to find it
	text := t.text
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return lang.Text{ZH: strconv.Quote(text), EN: strconv.Quote(text)}
}

const marks = "{}()[];|"

func blank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}

// next gives the next token of a BIF text. Commas only separate, as blanks do.
func (s *source) next() (token, error) {
	if err := s.skip(); err != nil {
		return token{}, err
	}
	start := s.at
	if start == len(s.text) {
		return token{kind: end, at: start}, nil
	}
	switch c := s.text[start]; {
	case c == '"':
		return s.quoted()
	case strings.IndexByte(marks, c) >= 0:
		s.at++
		return token{mark, string(c), start}, nil
	}
	for s.at < len(s.text) && s.inWord() {
		s.at++
	}
	if s.at == start {
		return token{}, s.wrong(start, lang.Text{ZH: "这里有控制字符", EN: "a control character is not allowed here"})
	}
	return token{word, string(s.text[start:s.at]), start}, nil
}

// inWord reports whether the next byte belongs to an unquoted name. Names of public networks hold almost anything:
// "5-12", "<7.5", "Asy/Patch", "12+".
func (s *source) inWord() bool {
	c := s.text[s.at]
	return c > ' ' && c != 0x7f && c != '"' && c != ',' && strings.IndexByte(marks, c) < 0 && s.comment() == ""
}

// comment gives the mark that opens a comment here, if one does.
func (s *source) comment() string {
	rest := s.text[s.at:]
	switch {
	case bytes.HasPrefix(rest, []byte("//")):
		return "//"
	case bytes.HasPrefix(rest, []byte("/*")):
		return "/*"
	default:
		return ""
	}
}

// skip passes over blanks, commas and comments.
func (s *source) skip() error {
	for s.at < len(s.text) {
		switch opening := s.comment(); {
		case opening == "//":
			s.past("\n")
		case opening == "/*":
			start := s.at
			s.at += len(opening)
			if !s.past("*/") {
				return s.wrong(start, lang.Text{ZH: "注释没有结束", EN: "the comment does not end"})
			}
		case blank(s.text[s.at]) || s.text[s.at] == ',':
			s.at++
		default:
			return nil
		}
	}
	return nil
}

// past moves behind the next occurrence, or to the end where there is none.
func (s *source) past(text string) bool {
	i := bytes.Index(s.text[s.at:], []byte(text))
	if i < 0 {
		s.at = len(s.text)
		return false
	}
	s.at += i + len(text)
	return true
}

// quoted reads a name in quotes. \" and \\ stand for the character; any other backslash is one.
func (s *source) quoted() (token, error) {
	start := s.at
	var name []byte
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return token{quoted, string(name), start}, nil
		case c < ' ' || c == 0x7f:
			return token{}, s.wrong(start, lang.Text{ZH: "引号没有在同一行结束", EN: "the quotes do not end on their line"})
		case c == '\\' && s.at+1 < len(s.text) && (s.text[s.at+1] == '"' || s.text[s.at+1] == '\\'):
			s.at++
			name = append(name, s.text[s.at])
		default:
			name = append(name, c)
		}
	}
	return token{}, s.wrong(start, lang.Text{ZH: "引号没有结束", EN: "the quotes do not end"})
}

// property passes over the rest of a property: everything up to a semicolon outside quotes.
func (s *source) property(at int) error {
	inside := false
	for ; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '"':
			inside = !inside
		case ';':
			if !inside {
				s.at++
				return nil
			}
		}
	}
	return s.wrong(at, lang.Text{ZH: "property 没有以分号结束", EN: "the property does not end with a semicolon"})
}

// place passes over blanks, to where the next field begins.
func (s *source) place() int {
	for s.at < len(s.text) && blank(s.text[s.at]) {
		s.at++
	}
	return s.at
}

// field gives the next word between blanks, as UAI texts are made of.
func (s *source) field() token {
	start := s.place()
	for s.at < len(s.text) && !blank(s.text[s.at]) {
		s.at++
	}
	if s.at == start {
		return token{kind: end, at: start}
	}
	return token{word, string(s.text[start:s.at]), start}
}

// decimal reads a number as both formats write it; what else Go reads as one (NaN, Inf, hexadecimal) is refused.
func (s *source) decimal(t token) (float64, error) {
	if t.kind == word && strings.Trim(t.text, "0123456789+-.eE") == "" {
		if p, err := strconv.ParseFloat(t.text, 64); err == nil {
			return p, nil
		}
	}
	shown := t.shown()
	return 0, s.wrong(t.at, lang.Text{ZH: "这里应是数字，而不是" + shown.ZH, EN: "a number is expected here, not " + shown.EN})
}

func noVariable() lang.Text { return lang.Text{ZH: "没有变量", EN: "there is no variable in it"} }

// row checks one distribution; at is where it stands.
func (s *source) row(at int, values []float64, states int) error {
	if err := distribution(values, states); err != nil {
		return s.wrong(at, lang.Text{ZH: "这一行不是概率分布：" + err.Error(), EN: "this row is no distribution: " + err.Error()})
	}
	return nil
}
