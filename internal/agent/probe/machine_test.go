package probe_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/agent/probe"
)

// files puts files below a machine's root.
func files(t *testing.T, env probe.Env, contents map[string]string) probe.Env {
	t.Helper()
	for name, text := range contents {
		path := filepath.Join(env.Root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return env
}

const (
	battery = "sys/class/power_supply/BAT0/"
	mains   = "sys/class/power_supply/AC/"
)

func TestPower(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		files    map[string]string
		findings map[string]string
		state    probe.State
	}{
		"no supply says nothing": {nil, map[string]string{"battery_level": ""}, probe.Unknown},
		"charging": {map[string]string{battery + "type": "Battery", battery + "status": "Charging", battery + "capacity": "62", mains + "type": "Mains", mains + "online": "1"},
			map[string]string{"battery_level": "over_50", "charging": "charges", "power_source": ""}, probe.OK},
		"plugged in and not charging": {map[string]string{battery + "type": "Battery", battery + "status": "Not charging", battery + "capacity": "30", mains + "type": "Mains", mains + "online": "1"},
			map[string]string{"battery_level": "from_20_to_50", "charging": "does_not_charge"}, probe.Failed},
		"full and therefore not charging": {map[string]string{battery + "type": "Battery", battery + "status": "Full", battery + "capacity": "100", mains + "type": "Mains", mains + "online": "1"},
			map[string]string{"battery_level": "over_50", "charging": ""}, probe.OK},
		"nearly empty and not plugged in": {map[string]string{battery + "type": "Battery", battery + "status": "Discharging", battery + "capacity": "2", mains + "type": "USB", mains + "online": "0"},
			map[string]string{"battery_level": "empty", "power_source": "not_plugged_in"}, probe.Failed},
		"the battery of a mouse": {map[string]string{battery + "type": "Battery", battery + "scope": "Device", battery + "capacity": "2"},
			map[string]string{"battery_level": ""}, probe.Unknown},
		"a level that is no number": {map[string]string{battery + "type": "Battery", battery + "capacity": "many"},
			map[string]string{"battery_level": ""}, probe.Unknown},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			want(t, run(t, files(t, world(t, probe.Target{}), c.files)), c.findings, map[string]probe.State{"power": c.state})
		})
	}
}

func TestTemperatureStorageMemory(t *testing.T) {
	t.Parallel()
	const zone = "sys/class/thermal/thermal_zone"
	t.Run("a processor may be warmer than a battery, and broken sensors are not believed", func(t *testing.T) {
		t.Parallel()
		normal := map[string]string{zone + "0/type": "cpu", zone + "0/temp": "71000", zone + "1/type": "battery", zone + "1/temp": "41000", zone + "2/temp": "255000"}
		want(t, run(t, files(t, world(t, probe.Target{}), normal)), map[string]string{"device_temperature": "normal"}, map[string]probe.State{"temperature": probe.OK})
		hot := map[string]string{zone + "0/type": "Battery", zone + "0/temp": "56000"}
		want(t, run(t, files(t, world(t, probe.Target{}), hot)), map[string]string{"device_temperature": "hot"}, map[string]probe.State{"temperature": probe.Failed})
	})
	t.Run("storage is nearly full below three per cent", func(t *testing.T) {
		t.Parallel()
		for free, state := range map[uint64]string{2 << 30: "nearly_full", 50 << 30: "enough"} {
			env := world(t, probe.Target{})
			env.DiskFree = func(context.Context, string) (uint64, uint64, error) { return free, 100 << 30, nil }
			want(t, run(t, env), map[string]string{"storage_free": state}, nil)
		}
	})
	t.Run("memory that is nearly used up fails", func(t *testing.T) {
		t.Parallel()
		for text, state := range map[string]probe.State{
			"MemTotal: 1000 kB\nMemAvailable: 10 kB\n": probe.Failed, "MemTotal: 1000 kB\nMemAvailable: 500 kB\n": probe.OK, "rubbish": probe.Unknown,
		} {
			want(t, run(t, files(t, world(t, probe.Target{}), map[string]string{"proc/meminfo": text})), nil, map[string]probe.State{"memory": state})
		}
	})
}

// record is one record of wtmp.
func record(kind uint16, user string, at time.Time) string {
	out := make([]byte, 384)
	binary.LittleEndian.PutUint16(out, kind)
	copy(out[44:], user)
	binary.LittleEndian.PutUint32(out[340:], uint32(at.Unix()))
	return string(out)
}

func TestUptime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	boot := func(hours int) string { return record(2, "reboot", now.Add(time.Duration(-hours)*time.Hour)) }
	down := record(1, "shutdown", now)
	for what, c := range map[string]struct {
		wtmp, powersOn string
		state          probe.State
	}{
		"restarts that were ordered are no fault": {boot(9) + down + boot(5) + down + boot(1), "", probe.OK},
		"two restarts that nobody ordered are":    {boot(9) + boot(5) + boot(1), "switches_itself_off", probe.Failed},
		"one may be a power cut":                  {boot(9) + boot(1), "", probe.OK},
		"what happened last week is over":         {boot(200) + boot(190) + boot(180) + boot(170), "", probe.OK},
		"a damaged record is left out":            {"xyz", "", probe.OK},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			env := files(t, world(t, probe.Target{}), map[string]string{"proc/uptime": "200000.1 5.0", "var/log/wtmp": c.wtmp})
			want(t, run(t, env), map[string]string{"running_since": "several_days", "powers_on": c.powersOn}, map[string]probe.State{"uptime": c.state})
		})
	}
}

const (
	routeHead    = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
	routeLocal   = "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
	routeDefault = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
	routeWiFi    = "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
	arpHead      = "IP address       HW type     Flags       HW address            Mask     Device\n"
)

func TestLink(t *testing.T) {
	t.Parallel()
	with := func(addresses ...string) []probe.Interface {
		i := probe.Interface{Name: "eth0", Up: true}
		for _, a := range addresses {
			i.Addresses = append(i.Addresses, netip.MustParseAddr(a))
		}
		return []probe.Interface{{Name: "lo", Up: true, Loopback: true, Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}, i}
	}
	for what, c := range map[string]struct {
		interfaces []probe.Interface
		routes     string
		findings   map[string]string
		state      probe.State
	}{
		"no address":            {with(), "", map[string]string{"ip_address": "none", "network_check": "fails"}, probe.Failed},
		"an address it made up": {with("169.254.3.4"), "", map[string]string{"ip_address": "wrong_range", "network_check": "fails"}, probe.Failed},
		"an address and no way": {with("192.168.1.7"), routeHead + routeLocal, map[string]string{"ip_address": "normal", "network_check": "fails"}, probe.Failed},
		"all there":             {with("192.168.1.7"), routeHead + routeDefault + routeLocal, map[string]string{"ip_address": "normal", "link_type": "ethernet", "network_check": ""}, probe.OK},
		"cable and Wi-Fi at once": {with("192.168.1.7"), routeHead + routeDefault + routeWiFi,
			map[string]string{"link_type": "ethernet", "competing_links": "two_interfaces_on"}, probe.OK},
		"a table nobody may read": {with("192.168.1.7"), "", map[string]string{"ip_address": "normal"}, probe.OK},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			env := world(t, probe.Target{Address: "203.0.113.9:1"})
			env.Interfaces = func() ([]probe.Interface, error) { return c.interfaces, nil }
			env.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ENETUNREACH }
			if c.routes != "" {
				env = files(t, env, map[string]string{"proc/net/route": c.routes})
			}
			r := run(t, env)
			want(t, r, c.findings, map[string]probe.State{"link": c.state})
			if c.state == probe.Failed && (r.Result("tcp").State != probe.Skipped || r.Result("gateway").State != probe.Skipped) {
				t.Errorf("tcp is %s", r.Result("tcp").State)
			}
		})
	}
	t.Run("a host on this machine needs no link", func(t *testing.T) {
		t.Parallel()
		env := world(t, probe.Target{Address: "127.0.0.1:1"})
		env.Interfaces = func() ([]probe.Interface, error) { return nil, nil }
		want(t, run(t, env), map[string]string{"network_check": "", "ip_address": ""}, map[string]probe.State{"link": probe.Skipped, "tcp": probe.Failed})
	})
}

func TestGateway(t *testing.T) {
	t.Parallel()
	silent := func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	refusing := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	for what, c := range map[string]struct {
		arp   string
		dial  func(context.Context, string, string) (net.Conn, error)
		state probe.State
	}{
		"a router that refuses is there":             {"", refusing, probe.OK},
		"a silent router that was found on the wire": {arpHead + "192.168.1.1  0x1  0x2  02:00:00:00:00:01  *  eth0\n", silent, probe.OK},
		"a silent router that nobody found":          {arpHead + "192.168.1.1  0x1  0x0  00:00:00:00:00:00  *  eth0\n", silent, probe.Failed},
		"a silent router of which nothing is known":  {arpHead, silent, probe.Unknown},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			env := files(t, world(t, probe.Target{}), map[string]string{"proc/net/route": routeHead + routeDefault, "proc/net/arp": c.arp})
			env.Dial = c.dial
			want(t, run(t, env), nil, map[string]probe.State{"gateway": c.state})
		})
	}
	t.Run("behind a router that is not there, names and host are not blamed", func(t *testing.T) {
		t.Parallel()
		env := files(t, world(t, probe.Target{Address: "pos.example:443"}), map[string]string{
			"proc/net/route": routeHead + routeDefault, "proc/net/arp": arpHead + "192.168.1.1  0x1  0x0  00:00:00:00:00:00  *  eth0\n"})
		env.Dial = silent
		env.Resolver = nobody{}
		want(t, run(t, env), map[string]string{"network_check": "fails", "host_connect_test": "no_connection"}, map[string]probe.State{"gateway": probe.Failed, "dns": probe.Failed})
	})
}

// nobody is a resolver whose server does not answer.
type nobody struct{}

func (nobody) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "timeout", UnwrapErr: errors.New("timeout"), IsTimeout: true}
}
