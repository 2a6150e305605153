package pack

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a pack, where its author will find it. Line and Column start at 1; 0 means the whole file.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
}

func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
}

// Problems are all mistakes of a pack, ordered by file, line and column. Load returns them as its error.
type Problems []Problem

// Error gives one line a mistake.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// sorted orders the mistakes and drops repetitions, so that the report does not depend on the order of the checks.
func (ps Problems) sorted() Problems {
	slices.SortFunc(ps, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			strings.Compare(a.Text, b.Text))
	})
	return slices.Compact(ps)
}
