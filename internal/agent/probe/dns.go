package probe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/posmedic/posmedic/internal/acquirer"
)

// lookup turns the host's name into addresses and doubts answers that cannot be right.
func lookup(ctx context.Context, b *Board) Result {
	if b.Target.Address == "" {
		r := skipped("没有指定收单后台（--host）", "no acquirer host was given (--host)")
		r.stops = true
		return r
	}
	host, _, err := net.SplitHostPort(b.Target.Address)
	if err != nil {
		return unknown("后台地址看不懂", "the host's address makes no sense").because(err.Error())
	}
	if a, err := netip.ParseAddr(host); err == nil {
		b.note(func(f *facts) { f.addresses = []netip.Addr{a.Unmap()} })
		return skipped("后台用的是IP地址，不需要域名解析", "the host is given by its IP address, no lookup is needed")
	}
	first, err := ask(ctx, b.Resolver, host)
	if err != nil {
		return b.lookupFailed(ctx, host, err)
	}
	b.reached("dns")
	if !b.Target.local() && slices.ContainsFunc(first, impossible) {
		return failed(fmt.Sprintf("域名服务器给了假地址%v", first), fmt.Sprintf("the name server gives a false address %v", first)).
			with("host_connect_test", "name_lookup_fails", 0)
	}
	b.note(func(f *facts) { f.addresses = first })
	if b.Second == nil {
		return ok(fmt.Sprintf("%s 是 %v", host, first), fmt.Sprintf("%s is %v", host, first))
	}
	return b.compare(ctx, host, first)
}

func ask(ctx context.Context, r Resolver, host string) ([]netip.Addr, error) {
	list, err := r.LookupNetIP(ctx, "ip", host)
	for i := range list {
		list[i] = list[i].Unmap()
	}
	return list, err
}

// impossible reports addresses that no acquirer's host can have.
func impossible(a netip.Addr) bool {
	return a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsMulticast()
}

func (b *Board) lookupFailed(ctx context.Context, host string, err error) Result {
	e := acquirer.Classify(acquirer.RungName, err)
	r := failed("查不到 "+host+"："+e.Reason.Text().ZH, "cannot look up "+host+": "+e.Reason.Text().EN).
		with("host_connect_test", "name_lookup_fails", 0).because(err.Error())
	if b.Second == nil {
		return r
	}
	if second, err := ask(ctx, b.Second, host); err == nil {
		r.Text.ZH += fmt.Sprintf("；另一台域名服务器查到了%v", second)
		r.Text.EN += fmt.Sprintf("; another name server knows %v", second)
	}
	return r
}

// compare asks the second name server. A private address against a public one is a lie. Other differences are noted
// only: large hosts have many addresses, and the certificate will tell.
func (b *Board) compare(ctx context.Context, host string, first []netip.Addr) Result {
	second, err := ask(ctx, b.Second, host)
	if err != nil || slices.ContainsFunc(first, func(a netip.Addr) bool { return slices.Contains(second, a) }) {
		return ok(fmt.Sprintf("%s 是 %v", host, first), fmt.Sprintf("%s is %v", host, first))
	}
	zh := fmt.Sprintf("两台域名服务器说法不同：%v 和 %v", first, second)
	en := fmt.Sprintf("two name servers disagree: %v and %v", first, second)
	if slices.ContainsFunc(first, netip.Addr.IsPrivate) && !slices.ContainsFunc(second, netip.Addr.IsPrivate) {
		return failed(zh, en).with("host_connect_test", "name_lookup_fails", 0.9)
	}
	b.note(func(f *facts) { f.dnsDoubt = true })
	return unknown(zh, en)
}
