// Package demo is a whole world on one machine: the server with short patience, a simulated fleet that speaks the real
// protocols, people who do what they are asked, and a real agent for this machine. It also plays the stories, one bad
// day each, and judges how they ended.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/agent/daemon"
	"github.com/posmedic/posmedic/internal/app"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/sim"
)

// Config of a demo.
type Config struct {
	App       app.Config
	Version   string
	Terminals int
	Speed     float64 // how much faster than in life customers come and people act
	Seed      uint64
	Lang      lang.Lang // of the merchants' names
	Manual    bool      // remote steps wait for a click
	Agent     string    // data folder of the real agent for this machine; empty: none
	Log       *slog.Logger
}

// Paced gives the settings of a server whose patience fits a fleet that lives this much faster: what takes a shop
// minutes takes the demo seconds. Nothing is left out; only the waiting is shorter.
func Paced(cfg app.Config, manual bool) app.Config {
	cfg.ReportEvery = time.Second
	cfg.Observe.MinSilence, cfg.Observe.SilentAfter = 5*time.Second, 4
	cfg.Observe.Settle, cfg.Observe.FailedInARow = 2*time.Second, 2
	cfg.Verify.Quiet, cfg.Verify.Settle, cfg.Verify.Patience = 4*time.Second, 3*time.Second, 90*time.Second
	cfg.Verify.Word = 20 * time.Second
	cfg.Repair.CommandTTL = 20 * time.Second
	cfg.Pace.Sweep, cfg.Pace.Incident = 250*time.Millisecond, time.Second
	if manual {
		cfg.Repair.Auto = []string{"run_probes", "fetch_logs"}
	}
	return cfg
}

// Demo is a running demo.
type Demo struct {
	cfg    Config
	App    *app.App
	Estate *sim.Estate
	keys   app.Keys
	ids    map[string]string // TID → terminal
	group  *errgroup.Group
	cancel context.CancelFunc
}

// acquirerName is whose terminals the demo's are.
const acquirerName = "acquirer"

// Start brings the world up; it ends with Stop.
func Start(ctx context.Context, cfg Config) (d *Demo, err error) {
	cfg.App = Paced(cfg.App, cfg.Manual)
	cfg.App.Acquirer = acquirerName
	d = &Demo{cfg: cfg, ids: map[string]string{}}
	if d.App, err = app.New(cfg.App, cfg.Version, cfg.Log); err != nil {
		return nil, err
	}
	if err := d.App.Start(ctx); err != nil {
		return nil, err
	}
	d.keys = d.App.Keys()
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d.cancel = cancel
	d.group, running = errgroup.WithContext(running)
	if err := d.populate(ctx, running); err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	return d, nil
}

// Stop ends everything.
func (d *Demo) Stop() error {
	d.cancel()
	return errors.Join(d.group.Wait(), d.App.Stop())
}

// Wait returns when ctx ends or a part fails for good.
func (d *Demo) Wait(ctx context.Context) error { return d.App.Wait(ctx) }

func (d *Demo) populate(ctx, running context.Context) error {
	_, token, err := d.keys.Access.NewToken(ctx, access.Actor{Name: "demo"}, "simulated acquirer", access.Feed)
	if err != nil {
		return err
	}
	people := &people{demo: d}
	d.Estate, err = sim.New(sim.Config{
		Seed: d.cfg.Seed, Terminals: d.cfg.Terminals, Speed: d.cfg.Speed, AlwaysOpen: true,
		Server: d.App.Agents(), ReportEvery: d.cfg.App.ReportEvery, FeedURL: d.App.URL() + "/v1/feed", FeedToken: token,
		Enrol: d.enrol, Desk: people, Inquiry: people, Log: d.cfg.Log,
	})
	if err != nil {
		return err
	}
	if err := d.register(ctx, d.Estate.Register()); err != nil {
		return err
	}
	if err := d.Estate.Start(running); err != nil {
		return err
	}
	d.group.Go(d.Estate.Wait)
	if d.cfg.Agent == "" {
		return nil
	}
	return d.joinThisMachine(ctx, running)
}

// register enters the estate into the fleet's register.
func (d *Demo) register(ctx context.Context, entries []sim.Entry) error {
	merchants, sites := map[string]string{}, map[string]string{}
	for _, e := range entries {
		merchant, ok := merchants[e.MID]
		if !ok {
			m, err := d.keys.Fleet.PutMerchant(ctx, fleet.Merchant{Name: e.Merchant.In(d.cfg.Lang)})
			if err != nil {
				return fmt.Errorf("register merchant %s: %w", e.MID, err)
			}
			merchant, merchants[e.MID] = m.ID, m.ID
		}
		site, ok := sites[e.Site]
		if !ok {
			s, err := d.keys.Fleet.PutSite(ctx, fleet.Site{Merchant: merchant, Name: e.SiteName.In(d.cfg.Lang), Area: e.Area})
			if err != nil {
				return fmt.Errorf("register site %s: %w", e.Site, err)
			}
			site, sites[e.Site] = s.ID, s.ID
		}
		if err := d.registerTerminal(ctx, e.TID, e.MID, merchant, site, map[fleet.Attribute]string{
			fleet.Host: e.Host, fleet.Carrier: e.Carrier, fleet.AppVersion: e.AppVersion, fleet.Params: e.Params,
		}); err != nil {
			return err
		}
	}
	return nil
}

func (d *Demo) registerTerminal(ctx context.Context, tid, mid, merchant, site string, attributes map[fleet.Attribute]string) error {
	t, err := d.keys.Fleet.PutTerminal(ctx, fleet.Terminal{
		Acquirer: acquirerName, TID: tid, MID: mid, Merchant: merchant, Site: site, Attributes: attributes,
	})
	if err != nil {
		return fmt.Errorf("register terminal %s: %w", tid, err)
	}
	d.ids[tid] = t.ID
	return nil
}

// enrol makes the code with which a device comes in.
func (d *Demo) enrol(ctx context.Context, tid, _ string) (string, error) {
	code, _, err := d.keys.Fleet.NewEnrolment(ctx, d.ids[tid], "demo")
	if err != nil {
		return "", err
	}
	text, _ := d.keys.Enrolment(code)
	return text, nil
}

// The terminal number and merchant number of the real agent for this machine.
const (
	ownTID = "90000001"
	ownMID = "900000000000001"
)

// joinThisMachine runs the real agent for this machine beside the simulated ones.
func (d *Demo) joinThisMachine(ctx, running context.Context) error {
	name := lang.Text{ZH: "本机", EN: "this machine"}.In(d.cfg.Lang)
	m, err := d.keys.Fleet.PutMerchant(ctx, fleet.Merchant{Name: name})
	if err != nil {
		return err
	}
	s, err := d.keys.Fleet.PutSite(ctx, fleet.Site{Merchant: m.ID, Name: name})
	if err != nil {
		return err
	}
	if err := d.registerTerminal(ctx, ownTID, ownMID, m.ID, s.ID, nil); err != nil {
		return err
	}
	d.Estate.Enter(ownTID, ownMID)
	enrolment, err := d.enrol(ctx, ownTID, "")
	if err != nil {
		return err
	}
	flags := daemon.Flags{
		Server: d.App.Agents(), Enrol: enrolment, Data: d.cfg.Agent, Model: "linux", Host: d.Estate.Hosts()[0].Plain, HostPlain: true,
		TID: ownTID, MID: ownMID, Every: d.cfg.App.ReportEvery, Ladder: time.Minute,
	}
	d.group.Go(func() error {
		if err := daemon.Run(running, flags, d.cfg.Log); err != nil && running.Err() == nil {
			d.cfg.Log.Warn("the agent of this machine has ended", "error", err)
		}
		return nil // the demo goes on without it
	})
	return nil
}
