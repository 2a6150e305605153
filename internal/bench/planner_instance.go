package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/posmedic/posmedic/internal/bayes"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Instance is one troubleshooting problem with, where it is known, the expected cost of the best possible strategy.
type Instance struct {
	Seed    int64
	Name    string // of a published problem
	Prior   []float64
	Problem bayes.Problem
	Optimum float64 // NaN: not known
}

// Bounds of what ReadInstances takes.
const (
	maxInstanceFile = 256 << 20 // bytes
	maxInstances    = 100_000
	maxOutlook      = 100_000 // causes, actions or questions of one instance
	unity           = 1e-4    // how far elicited numbers, written with few digits, may miss a sum of one
)

// ReadInstances reads a JSON list of instances. An instance is either generated (lists of numbers) or published (named
// causes, actions and questions, which then stand in the order of their names). Its error is a problem whose text names
// the line and what is wrong there; the name of the file is the caller's to add.
func ReadInstances(r io.Reader) ([]Instance, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxInstanceFile+1))
	switch {
	case err != nil:
		return nil, unreadableInstance(1, "the file cannot be read", err)
	case len(text) > maxInstanceFile:
		return nil, unreadableInstance(1, fmt.Sprintf("the file is larger than %d bytes", maxInstanceFile), nil)
	}
	in := json.NewDecoder(bytes.NewReader(text))
	if token, err := in.Token(); err != nil || token != json.Delim('[') {
		return nil, unreadableInstance(1, "a list of instances was expected: [ … ]", err)
	}
	var list []Instance
	for in.More() {
		line := lineAt(text, in.InputOffset())
		if len(list) == maxInstances {
			return nil, unreadableInstance(line, fmt.Sprintf("there are more than %d instances", maxInstances), nil)
		}
		var raw json.RawMessage
		if err := in.Decode(&raw); err != nil {
			return nil, unreadableInstance(brokenLine(text, in, err), err.Error(), err)
		}
		one, err := parseInstance(raw)
		if err != nil {
			return nil, unreadableInstance(line+within(raw, err), err.Error(), err)
		}
		list = append(list, one)
	}
	if _, err := in.Token(); err != nil {
		return nil, unreadableInstance(brokenLine(text, in, err), "the list does not end", err)
	}
	if len(list) == 0 {
		return nil, unreadableInstance(1, "there is no instance in the file", nil)
	}
	return list, nil
}

func unreadableInstance(line int, what string, cause error) error {
	return problem.New(problem.Invalid, "bench.instance", lang.Text{
		ZH: fmt.Sprintf("第%d行：%s", line, what), EN: fmt.Sprintf("line %d: %s", line, what),
	}).Because(cause)
}

// lineAt is the line of the next value at or after an offset.
func lineAt(text []byte, offset int64) int {
	at := int(offset)
	for at < len(text) && bytes.IndexByte([]byte(" \t\r\n,"), text[at]) >= 0 {
		at++
	}
	return 1 + bytes.Count(text[:at], []byte("\n"))
}

func brokenLine(text []byte, in *json.Decoder, err error) int {
	at := min(in.InputOffset(), int64(len(text)))
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
		at = min(syntax.Offset, int64(len(text)))
	}
	return 1 + bytes.Count(text[:at], []byte("\n"))
}

// within counts the lines of an instance before the place where a value has the wrong type.
func within(raw []byte, err error) int {
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) {
		return bytes.Count(raw[:min(int(wrong.Offset), len(raw))], []byte("\n"))
	}
	return 0
}

// parseInstance takes either form; the prior tells them apart.
func parseInstance(raw []byte) (Instance, error) {
	var form struct {
		Prior json.RawMessage `json:"prior"`
	}
	if err := json.Unmarshal(raw, &form); err != nil {
		return Instance{}, err
	}
	var one Instance
	var err error
	if bytes.HasPrefix(bytes.TrimSpace(form.Prior), []byte("{")) {
		one, err = parsePublished(raw)
	} else {
		one, err = parseGenerated(raw)
	}
	if err != nil {
		return Instance{}, err
	}
	return one, one.check()
}

// generated is an instance of numbers: causes, actions and questions are their places in the lists.
type generated struct {
	Seed         int64       `json:"seed"`
	Service      *float64    `json:"call_service_cost"`
	Prior        []float64   `json:"prior"`
	ActionCost   []float64   `json:"action_cost"`
	Fix          [][]float64 `json:"fix_prob"`
	QuestionCost []float64   `json:"question_cost"`
	Yes          [][]float64 `json:"yes_prob"`
	Optimum      *float64    `json:"optimal_ecr"`
}

func parseGenerated(raw []byte) (Instance, error) {
	var g generated
	if err := json.Unmarshal(raw, &g); err != nil {
		return Instance{}, err
	}
	if len(g.Fix) != len(g.ActionCost) || len(g.Yes) != len(g.QuestionCost) {
		return Instance{}, errors.New("action_cost and fix_prob, question_cost and yes_prob must be of one length")
	}
	one := Instance{Seed: g.Seed, Prior: g.Prior, Optimum: known(g.Optimum), Problem: bayes.Problem{Service: service(g.Service)}}
	for a, chances := range g.Fix {
		if len(chances) != len(g.Prior) {
			return Instance{}, fmt.Errorf("fix_prob of action %d has %d entries for %d causes", a, len(chances), len(g.Prior))
		}
		action := bayes.Action{Cost: g.ActionCost[a]}
		for f, p := range chances {
			if p != 0 {
				action.Fixes = append(action.Fixes, bayes.Fix{Cause: f, P: p})
			}
		}
		one.Problem.Actions = append(one.Problem.Actions, action)
	}
	for q, yes := range g.Yes {
		if len(yes) != len(g.Prior) {
			return Instance{}, fmt.Errorf("yes_prob of question %d has %d entries for %d causes", q, len(yes), len(g.Prior))
		}
		no := make([]float64, len(yes))
		for f := range yes {
			no[f] = 1 - yes[f]
		}
		one.Problem.Questions = append(one.Problem.Questions, bayes.Question{Cost: g.QuestionCost[q], Answers: [][]float64{yes, no}})
	}
	return one, nil
}

// published is an instance of names, as papers give them.
type published struct {
	Name    string             `json:"name"`
	Seed    int64              `json:"seed"`
	Service *float64           `json:"call_service_cost"`
	Prior   map[string]float64 `json:"prior"`
	Actions map[string]struct {
		Cost float64            `json:"cost"`
		Fix  map[string]float64 `json:"fix"`
	} `json:"actions"`
	Questions map[string]struct {
		Cost    float64                       `json:"cost"`
		Answers map[string]map[string]float64 `json:"answers"`
	} `json:"questions"`
	Optimum *float64 `json:"optimal_ecr"`
}

func parsePublished(raw []byte) (Instance, error) {
	var p published
	if err := json.Unmarshal(raw, &p); err != nil {
		return Instance{}, err
	}
	one := Instance{Seed: p.Seed, Name: p.Name, Optimum: known(p.Optimum), Problem: bayes.Problem{Service: service(p.Service)}}
	causes := slices.Sorted(maps.Keys(p.Prior))
	for _, name := range causes {
		one.Prior = append(one.Prior, p.Prior[name])
	}
	for _, name := range slices.Sorted(maps.Keys(p.Actions)) {
		action := bayes.Action{Cost: p.Actions[name].Cost}
		for _, cause := range slices.Sorted(maps.Keys(p.Actions[name].Fix)) {
			f, ok := slices.BinarySearch(causes, cause)
			if !ok {
				return Instance{}, fmt.Errorf("action %q fixes %q, which is no cause", name, cause)
			}
			action.Fixes = append(action.Fixes, bayes.Fix{Cause: f, P: p.Actions[name].Fix[cause]})
		}
		one.Problem.Actions = append(one.Problem.Actions, action)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Questions)) {
		question := bayes.Question{Cost: p.Questions[name].Cost}
		for _, answer := range slices.Sorted(maps.Keys(p.Questions[name].Answers)) {
			likelihood := make([]float64, len(causes))
			for cause, l := range p.Questions[name].Answers[answer] {
				f, ok := slices.BinarySearch(causes, cause)
				if !ok {
					return Instance{}, fmt.Errorf("question %q, answer %q: %q is no cause", name, answer, cause)
				}
				likelihood[f] = l
			}
			question.Answers = append(question.Answers, likelihood)
		}
		one.Problem.Questions = append(one.Problem.Questions, question)
	}
	return one, nil
}

func known(optimum *float64) float64 {
	if optimum == nil {
		return math.NaN()
	}
	return *optimum
}

func service(cost *float64) float64 {
	if cost == nil {
		return 0 // nobody can be called
	}
	return *cost
}

// check refuses what is no troubleshooting problem.
func (i *Instance) check() error {
	if n := max(len(i.Prior), len(i.Problem.Actions), len(i.Problem.Questions)); len(i.Prior) == 0 || n > maxOutlook {
		return fmt.Errorf("prior: from 1 to %d causes, actions and questions are taken", maxOutlook)
	}
	if i.Optimum <= 0 {
		return fmt.Errorf("optimal_ecr %v is no cost", i.Optimum)
	}
	total := 0.0
	for f, p := range i.Prior {
		if !(p >= 0) {
			return fmt.Errorf("prior of cause %d: %v is no probability", f, p)
		}
		total += p
	}
	if math.Abs(total-1) > unity {
		return fmt.Errorf("the prior sums to %v, not 1", total)
	}
	return i.Problem.Check(len(i.Prior))
}
