// Package casebook measures the diagnosis on coded cases: descriptions of terminals that stopped, with the evidence in the
// words of the knowledge pack and the cause that was found in the end.
//
// A casebook is a file with one JSON object a line. Read bears any bytes and names the line of the first mistake;
// Evaluate is pure, so the same cases and the same pack give the same figures everywhere.
package casebook

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Case is one coded case. Evidence maps a variable to its state.
type Case struct {
	ID               string            `json:"id"`
	SourceURL        string            `json:"source_url"`
	Lang             string            `json:"lang"`
	Terminal         string            `json:"terminal"`
	Report           string            `json:"report"`
	Evidence         map[string]string `json:"evidence"`
	MerchantEvidence map[string]string `json:"merchant_evidence"` // the part a shop can know without tools
	FirstComplaint   map[string]string `json:"first_complaint"`   // the one or two things it says first
	Cause            string            `json:"cause_id"`
	Category         string            `json:"category"`
	Fix              []string          `json:"fix"`
	WhoFixes         string            `json:"who_fixes"`
	Confidence       string            `json:"confidence"`
	Kind             string            `json:"kind"` // incident: really happened; support_entry: a support page says so
}

// Bounds of what Read takes.
const (
	maxLine  = 1 << 20
	maxCases = 100_000
)

// CodeUnreadable is the code of the problem Read returns.
const CodeUnreadable = "casebook.unreadable"

// Read reads a casebook. Its error is a problem whose text names the line and what is wrong there; the name of the file is
// the caller's to add.
func Read(r io.Reader) ([]Case, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var cases []Case
	seen := map[string]int{}
	n := 0
	for lines.Scan() {
		n++
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if text == "" {
			continue
		}
		c, err := parse(text)
		if err != nil {
			return nil, unreadable(n, err.Error(), err)
		}
		if first, twice := seen[c.ID]; twice {
			return nil, unreadable(n, fmt.Sprintf("the id %q stands on line %d already", c.ID, first), nil)
		}
		if len(cases) == maxCases {
			return nil, unreadable(n, fmt.Sprintf("there are more than %d cases", maxCases), nil)
		}
		seen[c.ID] = n
		cases = append(cases, c)
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return nil, unreadable(n+1, fmt.Sprintf("the line is longer than %d bytes", maxLine), err)
		}
		return nil, unreadable(n+1, "the file cannot be read", err)
	}
	if len(cases) == 0 {
		return nil, unreadable(n, "there is no case in the file", nil)
	}
	return cases, nil
}

func parse(text string) (Case, error) {
	var c Case
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return Case{}, explain(err)
	}
	for _, field := range []struct{ name, value string }{{"id", c.ID}, {"cause_id", c.Cause}} {
		if field.value == "" {
			return Case{}, fmt.Errorf("%s is missing", field.name)
		}
	}
	if len(c.Evidence) == 0 {
		return Case{}, errors.New("evidence is missing")
	}
	return c, nil
}

// explain says in plain words what is wrong with a line of JSON.
func explain(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("column %d: this is not JSON: %w", syntax.Offset, err)
	case errors.As(err, &kind):
		return fmt.Errorf("column %d: %s must be %s, not %s", kind.Offset, kind.Field, kind.Type, kind.Value)
	default:
		return err
	}
}

func unreadable(line int, what string, cause error) error {
	return problem.New(problem.Invalid, CodeUnreadable, lang.Text{
		ZH: fmt.Sprintf("第%d行：%s", line, what),
		EN: fmt.Sprintf("line %d: %s", line, what),
	}).Because(cause)
}
