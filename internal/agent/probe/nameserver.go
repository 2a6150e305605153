package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// NameServer is a resolver that asks one server and nobody else: no hosts file, no search list, no cache.
func NameServer(address string) Resolver { return nameServer(address) }

type nameServer string

type lookedUp struct {
	list []netip.Addr
	err  error
}

// LookupNetIP asks for IPv4 and IPv6 addresses at once.
func (s nameServer) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	kinds := []uint16{dns.TypeA, dns.TypeAAAA}
	answers := make(chan lookedUp, len(kinds))
	for _, kind := range kinds {
		go func() {
			list, err := s.query(ctx, host, kind)
			answers <- lookedUp{list, err}
		}()
	}
	var list []netip.Addr
	var failure error
	for range kinds {
		a := <-answers
		list = append(list, a.list...)
		if a.err != nil {
			failure = a.err
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	if failure == nil {
		failure = &net.DNSError{Err: "no such host", Name: host, Server: string(s), IsNotFound: true}
	}
	return nil, failure
}

// query asks twice, since datagrams get lost.
func (s nameServer) query(ctx context.Context, host string, kind uint16) ([]netip.Addr, error) {
	const patience, tries = 1200 * time.Millisecond, 2
	client := &dns.Client{Timeout: patience}
	question := new(dns.Msg).SetQuestion(dns.Fqdn(host), kind)
	var last error
	for range tries {
		answer, _, err := client.ExchangeContext(ctx, question, string(s))
		if err != nil {
			var timeout net.Error
			timedOut := errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded)
			last = &net.DNSError{Err: err.Error(), UnwrapErr: err, Name: host, Server: string(s), IsTimeout: timedOut}
			continue
		}
		switch answer.Rcode {
		case dns.RcodeSuccess:
			return addresses(answer), nil
		case dns.RcodeNameError:
			return nil, &net.DNSError{Err: "no such host", Name: host, Server: string(s), IsNotFound: true}
		}
		last = &net.DNSError{Err: dns.RcodeToString[answer.Rcode], Name: host, Server: string(s)}
	}
	return nil, last
}

func addresses(answer *dns.Msg) []netip.Addr {
	var out []netip.Addr
	for _, record := range answer.Answer {
		var ip net.IP
		switch r := record.(type) {
		case *dns.A:
			ip = r.A
		case *dns.AAAA:
			ip = r.AAAA
		}
		if a, ok := netip.AddrFromSlice(ip); ok {
			out = append(out, a.Unmap())
		}
	}
	return out
}
