package probe

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/posmedic/posmedic/internal/acquirer"
)

func interfaces() ([]Interface, error) {
	list, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var out []Interface
	for _, i := range list {
		x := Interface{Name: i.Name, Up: i.Flags&net.FlagUp != 0 && i.Flags&net.FlagRunning != 0, Loopback: i.Flags&net.FlagLoopback != 0}
		addresses, err := i.Addrs()
		if err != nil {
			return nil, err
		}
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				x.Addresses = append(x.Addresses, p.Addr().Unmap())
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// local reports whether the host is this very machine, as with a payment service on the till PC: no link is needed.
func (t Target) local() bool {
	host, _, err := net.SplitHostPort(t.Address)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// link looks at interfaces, addresses and the way out.
func link(_ context.Context, b *Board) Result {
	if b.Target.local() {
		return skipped("后台就在本机，不需要网络", "the host is on this machine, no network is needed")
	}
	list, err := b.Interfaces()
	if err != nil {
		return unknown("读不到网络接口", "the network interfaces cannot be read").because(err.Error())
	}
	good, selfGiven, detail := usable(list)
	routes := b.routes()
	switch {
	case len(good) == 0 && selfGiven:
		return failed("没有从路由器拿到地址（169.254开头）", "the router gave it no address (169.254…)").
			with("ip_address", "wrong_range", 0).with("network_check", "fails", 0).because(detail)
	case len(good) == 0:
		return failed("没有任何网络地址", "no network address at all").
			with("ip_address", "none", 0).with("network_check", "fails", 0).because(detail)
	case len(routes) == 0 && b.hasRoutes():
		return failed("有地址，但没有通往外面的路由", "it has an address, but no way out (no default route)").
			with("ip_address", "normal", 0).with("network_check", "fails", 0).because(detail)
	}
	r := ok("有网络地址", "it has a network address").with("ip_address", "normal", 0).because(detail)
	kinds := map[string]bool{}
	for _, route := range routes {
		if kind := b.kindOf(route.name); kind != "" {
			kinds[kind] = true
		}
	}
	if len(routes) > 0 {
		if kind := b.kindOf(routes[0].name); kind != "" {
			r = r.with("link_type", kind, 0.9)
		}
	}
	if kinds["ethernet"] && kinds["wifi"] {
		r = r.with("competing_links", "two_interfaces_on", 0.8)
	}
	return r
}

// usable gives the interfaces that have an address worth something.
func usable(list []Interface) (good []Interface, selfGiven bool, detail string) {
	for _, i := range list {
		if i.Loopback {
			continue
		}
		detail += fmt.Sprintf("%s up=%t %v; ", i.Name, i.Up, i.Addresses)
		if !i.Up {
			continue
		}
		if slices.ContainsFunc(i.Addresses, netip.Addr.IsGlobalUnicast) {
			good = append(good, i)
		}
		selfGiven = selfGiven || slices.ContainsFunc(i.Addresses, func(a netip.Addr) bool { return a.Is4() && a.IsLinkLocalUnicast() })
	}
	return good, selfGiven, detail
}

// kindOf names the kind of an interface in the words of link_type; "" where it is none of a terminal's.
func (b *Board) kindOf(name string) string {
	dir := b.file("sys/class/net", name)
	has := func(what string) bool {
		_, err := os.Stat(filepath.Join(dir, what))
		return err == nil
	}
	switch {
	case has("wireless"), has("phy80211"), strings.HasPrefix(name, "wl"):
		return "wifi"
	case slices.ContainsFunc([]string{"ww", "rmnet", "ppp", "ccmni"}, func(p string) bool { return strings.HasPrefix(name, p) }):
		return "cellular"
	case strings.HasPrefix(name, "bnep"):
		return "bluetooth"
	case strings.HasPrefix(name, "usb"), strings.HasPrefix(name, "rndis"):
		return "usb_or_serial"
	case strings.HasPrefix(name, "eth"), strings.HasPrefix(name, "en"):
		return "ethernet"
	}
	return ""
}

// route is a default route.
type route struct {
	name    string
	gateway netip.Addr // invalid: the link itself is the way out
}

func (b *Board) hasRoutes() bool {
	_, err := os.Stat(b.file("proc/net/route"))
	return err == nil
}

// routes gives the default routes of the kernel's tables, IPv4 first.
func (b *Board) routes() []route {
	var out []route
	for line := range strings.Lines(read(b.file("proc/net/route"))) {
		f := strings.Fields(line)
		const name, destination, gateway, mask = 0, 1, 2, 7
		if len(f) <= mask || f[destination] != "00000000" || f[mask] != "00000000" {
			continue
		}
		if raw, err := hex.DecodeString(f[gateway]); err == nil && len(raw) == 4 {
			slices.Reverse(raw)
			a, _ := netip.AddrFromSlice(raw) // four bytes always are one
			out = append(out, route{f[name], gatewayOrNone(a)})
		}
	}
	for line := range strings.Lines(read(b.file("proc/net/ipv6_route"))) {
		f := strings.Fields(line)
		const prefix, next, name = 1, 4, 9
		if len(f) <= name || f[prefix] != "00" || f[0] != strings.Repeat("0", 32) || f[name] == "lo" {
			continue
		}
		if raw, err := hex.DecodeString(f[next]); err == nil {
			if a, fits := netip.AddrFromSlice(raw); fits {
				out = append(out, route{f[name], gatewayOrNone(a)})
			}
		}
	}
	return out
}

func gatewayOrNone(a netip.Addr) netip.Addr {
	if a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}

// gateway looks whether the router is there, without rights: any answer to a connection will do, also a refusal, and the
// kernel's table of neighbours tells whether it was found on the wire.
func gateway(ctx context.Context, b *Board) Result {
	if b.Target.local() {
		return skipped("后台就在本机，不需要网络", "the host is on this machine, no network is needed")
	}
	routes := b.routes()
	if len(routes) == 0 || !routes[0].gateway.IsValid() || !routes[0].gateway.Is4() {
		return unknown("不知道路由器是哪一台", "it is not known which machine is the router")
	}
	address := routes[0].gateway.String()
	if b.answers(ctx, address) {
		b.reached("gateway")
		return ok("路由器"+address+"有应答", "the router "+address+" answers")
	}
	switch b.neighbour(address) {
	case "0x0":
		return failed("找不到路由器"+address, "the router "+address+" is not there").with("network_check", "fails", 0.9)
	case "":
		return unknown("路由器"+address+"没有应答，可能只是不理会", "the router "+address+" did not answer, which may be its way")
	}
	b.reached("gateway")
	return ok("路由器"+address+"在线", "the router "+address+" is there")
}

// answers tries the ports that routers have open; the first answer counts.
func (b *Board) answers(ctx context.Context, address string) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	alive := make(chan bool, 3)
	var tries sync.WaitGroup
	for _, port := range []string{"53", "80", "443"} {
		tries.Go(func() {
			conn, err := b.Dial(ctx, "tcp", net.JoinHostPort(address, port))
			if err == nil {
				_ = conn.Close() // nothing was sent
			}
			var e *acquirer.Error
			refused := err != nil && errors.As(acquirer.Classify(acquirer.RungConnect, err), &e) && e.Reason == acquirer.Refused
			if err == nil || refused {
				alive <- true
				cancel()
			}
		})
	}
	tries.Wait()
	return len(alive) > 0
}

// neighbour gives the flags of an address in the kernel's ARP table: 0x0 is asked for in vain, "" is not listed.
func (b *Board) neighbour(address string) string {
	for line := range strings.Lines(read(b.file("proc/net/arp"))) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == address {
			return f[2]
		}
	}
	return ""
}
