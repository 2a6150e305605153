package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/fleet/fleetsql"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Estate is a register with terminals that wait for their devices.
type Estate struct {
	Fingerprint string // of the agents' door that will open
	Terminals   []Vacancy
}

// Vacancy is a terminal for which no device stands in yet.
type Vacancy struct {
	Terminal string
	TID      string
	Code     string // brings a device in
}

// storeDSN is where the server of a data folder keeps its database.
func storeDSN(dir, store string) string {
	if store != "" {
		return store
	}
	return filepath.Join(dir, "posmedic.db")
}

// Furnish registers n terminals, with an enrolment code each, in the data folder of a server that does not run. With a
// store outside the folder the terminals are added to what is there, under an acquirer of their own.
func Furnish(ctx context.Context, dir, store string, n int) (estate Estate, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Estate{}, err
	}
	identity, err := agentdoor.LoadIdentity(dir)
	if err != nil {
		return Estate{}, err
	}
	db, err := sqldb.Open(ctx, storeDSN(dir, store))
	if err != nil {
		return Estate{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := sqldb.Migrate(ctx, db); err != nil {
		return Estate{}, err
	}
	estate = Estate{Fingerprint: identity.Fingerprint, Terminals: make([]Vacancy, n)}
	return estate, vacancies(ctx, fleetsql.New(db, time.Now), estate.Terminals)
}

func vacancies(ctx context.Context, register *fleetsql.Store, into []Vacancy) error {
	acquirer := ident.New("bench")
	merchant, err := register.PutMerchant(ctx, fleet.Merchant{Name: "bench"})
	if err != nil {
		return err
	}
	site, err := register.PutSite(ctx, fleet.Site{Merchant: merchant.ID, Name: "bench", Area: "bench"})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(abreast)
	for i := range into {
		g.Go(func() error {
			t, err := register.PutTerminal(ctx, fleet.Terminal{
				Acquirer: acquirer, TID: fmt.Sprintf("B%07d", i+1), MID: "898000000000001", Merchant: merchant.ID, Site: site.ID,
			})
			if err != nil {
				return err
			}
			code, _, err := register.NewEnrolment(ctx, t.ID, "bench")
			into[i] = Vacancy{Terminal: t.ID, TID: t.TID, Code: code}
			return err
		})
	}
	return g.Wait()
}

// abreast is how many terminals are set up at once.
const abreast = 16

// Enrolled is a device that stands in for a terminal.
type Enrolled struct {
	*Device
	ID       string // of the device, in the register
	Terminal string
}

// Enrol brings a device in for each terminal of the estate, through the agents' door.
func (e Estate) Enrol(ctx context.Context, address string, from func(i int) net.IP) ([]Enrolled, error) {
	out := make([]Enrolled, len(e.Terminals))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(abreast)
	for i, v := range e.Terminals {
		g.Go(func() error {
			d, err := NewDevice(address, e.Fingerprint, from(i))
			if err != nil {
				return err
			}
			who, err := d.Enrol(ctx, v.Code, "SN-"+v.Terminal)
			out[i] = Enrolled{Device: d, ID: who.Device, Terminal: who.Terminal}
			return err
		})
	}
	return out, g.Wait()
}

// Anywhere leaves the source address to the system.
func Anywhere(int) net.IP { return nil }

// Scattered gives each device a source address of its own on loopback, as terminals in many shops have; a limit for
// one address then does not meet all of them. It works where all of 127.0.0.0/8 is loopback, as on Linux.
func Scattered(i int) net.IP {
	return net.IPv4(127, 1+byte(i/254/256%254), byte(i/254%256), 1+byte(i%254))
}
