package network

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// Observation says that a variable was seen in a state.
type Observation struct{ Variable, State int }

// ReadUAIEvidence reads an evidence file (.uai.evid) for a network. It takes both forms that are in use: one set, which
// is a count and so many pairs of variable and state; and the older one with several sets, a number of sets before
// them. A text that could be either is one set. The error is a *FormatError unless reading itself failed.
func ReadUAIEvidence(r io.Reader, n *Network) ([][]Observation, error) {
	s, err := newSource(r)
	if err != nil {
		return nil, err
	}
	u := &uaiReader{source: s}
	first, err := u.count(MaxText)
	if err != nil {
		return nil, err
	}
	behind := *s
	fields := 0
	for u.field().kind != end {
		fields++
	}
	*s = behind
	if fields == 2*first {
		set, err := u.observations(n, first)
		return [][]Observation{set}, err
	}
	sets := [][]Observation{}
	for range first {
		count, err := u.count(len(n.Variables))
		if err != nil {
			return nil, err
		}
		set, err := u.observations(n, count)
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return sets, u.over()
}

func (u *uaiReader) observations(n *Network, count int) ([]Observation, error) {
	set, seen := []Observation{}, map[int]bool{}
	for range count {
		at := u.place()
		v, err := u.count(len(n.Variables) - 1)
		if err != nil {
			return nil, err
		}
		if seen[v] {
			return nil, u.wrong(at, lang.Text{ZH: fmt.Sprintf("变量%d重复", v), EN: fmt.Sprintf("variable %d is named twice", v)})
		}
		seen[v] = true
		s, err := u.count(n.States(v) - 1)
		if err != nil {
			return nil, err
		}
		set = append(set, Observation{v, s})
	}
	return set, nil
}

// WriteUAIEvidence writes one set of evidence in the form of today.
func WriteUAIEvidence(w io.Writer, set []Observation) error {
	b := &textWriter{Writer: bufio.NewWriter(w)}
	b.text(strconv.Itoa(len(set)))
	for _, o := range set {
		b.text(" ", strconv.Itoa(o.Variable), " ", strconv.Itoa(o.State))
	}
	b.text("\n")
	return b.Flush()
}
