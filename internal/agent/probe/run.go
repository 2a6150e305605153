package probe

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// Limit is how long all probes together may take.
const Limit = 12 * time.Second

// Event tells of a probe that has begun (State empty) or ended.
type Event struct {
	ID    string
	Name  lang.Text
	State State
	Text  lang.Text
	Took  time.Duration
}

// Report is what all probes found.
type Report struct {
	At       time.Time // by the terminal's clock
	Offset   time.Duration
	Results  []Result // in the order of the probes
	Findings []finding.Finding
	SignIn   *acquirer.Result // nil: none was accepted
	Sale     *acquirer.Result // nil: none was made and accepted
}

// Result looks a probe's result up.
func (r Report) Result(id string) Result {
	for _, x := range r.Results {
		if x.ID == id {
			return x
		}
	}
	return Result{}
}

// Board is where the probes of one run read the machine and leave each other what they found.
type Board struct {
	Env

	mu      sync.Mutex
	results map[string]Result
	done    map[string]chan struct{}
	facts   facts
}

// facts are the raw things that several probes judge by.
type facts struct {
	sntp      *time.Duration // what must be added to our clock, by the time server
	hostTime  *time.Duration // the same, by the host's answers
	addresses []netip.Addr   // of the host
	dnsDoubt  bool           // two name servers gave different addresses
	reached   []string       // probes that got an answer from another machine
	chain     []*x509.Certificate
	tls       acquirer.Reason // how TLS failed
	echo      *exchanged
	signIn    *exchanged
	sale      *exchanged
}

type exchanged struct {
	result acquirer.Result
	err    error
}

// note changes the facts.
func (b *Board) note(change func(*facts)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.facts)
}

// known gives a copy of the facts so far.
func (b *Board) known() facts {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.facts
}

// reached notes that another machine has answered.
func (b *Board) reached(id string) { b.note(func(f *facts) { f.reached = append(f.reached, id) }) }

// wait blocks until the probes have ended, or ctx has.
func (b *Board) wait(ctx context.Context, ids ...string) {
	for _, id := range ids {
		select {
		case <-b.done[id]:
		case <-ctx.Done():
			return
		}
	}
}

// Run runs the probes, in parallel where they do not need each other, and settles what they say together. It ends after
// Limit at the latest. tell, which may be nil, is called from several goroutines, one call at a time.
func Run(ctx context.Context, env Env, probes []Probe, tell func(Event)) Report {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	b := &Board{Env: env, results: map[string]Result{}, done: map[string]chan struct{}{}}
	for _, p := range probes {
		b.done[p.ID] = make(chan struct{})
	}
	var voice sync.Mutex
	say := func(e Event) {
		if tell != nil {
			voice.Lock()
			defer voice.Unlock()
			tell(e)
		}
	}
	at := env.Now()
	var all sync.WaitGroup
	for _, p := range probes {
		all.Go(func() { b.perform(ctx, p, say) })
	}
	all.Wait()
	return b.settle(at, probes)
}

// perform waits for what the probe needs, runs it under its deadline and files its result.
func (b *Board) perform(ctx context.Context, p Probe, say func(Event)) {
	defer close(b.done[p.ID])
	b.wait(ctx, p.Needs...)
	result, blocked := b.blocked(p)
	if !blocked {
		say(Event{ID: p.ID, Name: p.Name})
		begin := time.Now()
		result = b.guarded(ctx, p)
		result.Took = time.Since(begin)
	}
	result.ID, result.Name = p.ID, p.Name
	result.Detail, _ = carddata.Scrub(result.Detail)
	b.mu.Lock()
	b.results[p.ID] = result
	b.mu.Unlock()
	say(Event{ID: p.ID, Name: p.Name, State: result.State, Text: result.Text, Took: result.Took})
}

// blocked says whether a rung below is broken.
func (b *Board) blocked(p Probe) (Result, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range p.Needs {
		below, ended := b.results[id]
		if !ended {
			return unknown("时间不够，没有检查", "there was no time left to look"), true
		}
		if below.State == Failed {
			r := skipped("前面的“"+below.Name.ZH+"”没有通过，没有检查", "not looked at, because “"+below.Name.EN+"” failed")
			r.stops = true
			return r, true
		}
		if below.State == Skipped && below.stops {
			return Result{State: Skipped, Text: below.Text, stops: true}, true
		}
	}
	return Result{}, false
}

// guarded runs the probe under its deadline. A probe that crashes says so instead of taking the others with it: it reads
// files and bytes that nobody has promised anything about.
func (b *Board) guarded(ctx context.Context, p Probe) (r Result) {
	ctx, cancel := context.WithTimeout(ctx, p.Deadline)
	defer cancel()
	defer func() {
		if crash := recover(); crash != nil {
			r = unknown("检查程序出错", "the probe itself broke").because(fmt.Sprint(crash))
		}
	}()
	return p.Run(ctx, b)
}
