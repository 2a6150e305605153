package probe

import (
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
	"github.com/posmedic/posmedic/internal/kernel/finding"
)

// settle reads the results together: it compares the witnesses of the clock, blames a lying name server for a foreign
// certificate, and takes back what a higher rung has refuted.
func (b *Board) settle(at time.Time, probes []Probe) Report {
	b.settleClock()
	b.settleName()
	b.settleNetwork()
	b.settleRouter()
	report := Report{At: at, Offset: b.offset()}
	for _, p := range probes {
		r := b.results[p.ID]
		report.Results = append(report.Results, r)
		for _, f := range r.findings {
			f.At, f.Source, f.Detail = at.Add(report.Offset), finding.Probe, p.ID
			report.Findings = append(report.Findings, f)
		}
	}
	report.Findings = finding.Collect(report.Findings...).List()
	if x := b.facts.signIn; x != nil && x.err == nil && x.result.Approved() {
		report.SignIn = &x.result
	}
	if x := b.facts.sale; x != nil && x.err == nil && x.result.Approved() {
		report.Sale = &x.result
	}
	return report
}

// offset is what must be added to our clock, as far as it is known for certain: findings are dated by the right time.
func (b *Board) offset() time.Duration {
	if b.results["clock"].State == Failed && b.facts.sntp != nil {
		return *b.facts.sntp
	}
	return 0
}

// settleClock lets the host's time confirm or contradict the time server's. The host is the one whose opinion counts.
func (b *Board) settleClock() {
	r, exists := b.results["clock"]
	host, server := b.facts.hostTime, b.facts.sntp
	if !exists || host == nil {
		return
	}
	fits := host.Abs() <= clockTolerance
	switch {
	case server == nil:
		settled := clockResult(*host, "收单后台的时间", "the host's time")
		settled.ID, settled.Name, settled.Took = r.ID, r.Name, r.Took
		b.results["clock"] = settled
	case fits && server.Abs() > clockTolerance:
		r.State, r.findings = Unknown, nil
		r.Text.ZH = "与收单后台一致，但与时间服务器不一致；时间服务器可能不准"
		r.Text.EN = "agrees with the host but not with the time server, which may be wrong"
		b.results["clock"] = r
	}
}

// settleName: where two name servers disagree and the host that answered has a foreign certificate, the name was false.
func (b *Board) settleName() {
	foreign := b.facts.tls == acquirer.WrongName || b.facts.tls == acquirer.Untrusted
	if !b.facts.dnsDoubt || !foreign {
		return
	}
	dns, tls := b.results["dns"], b.results["tls"]
	dns.State = Failed
	dns.findings = append(dns.findings, finding.Finding{Variable: "host_connect_test", State: "name_lookup_fails", Confidence: 0.8})
	tls.findings = slices.DeleteFunc(tls.findings, func(f finding.Finding) bool { return f.Variable == "host_connect_test" })
	b.results["dns"], b.results["tls"] = dns, tls
}

// settleNetwork: when somebody far away answered, the network works, whatever link and gateway looked like.
func (b *Board) settleNetwork() {
	far := slices.ContainsFunc(b.facts.reached, func(id string) bool { return id != "gateway" && id != "dns" })
	if b.Target.local() || !far {
		return
	}
	for _, id := range []string{"link", "gateway"} {
		r, exists := b.results[id]
		if !exists {
			continue
		}
		if r.State == Failed {
			r.State = Unknown
			r.findings = slices.DeleteFunc(r.findings, func(f finding.Finding) bool { return f.Variable == "ip_address" })
		}
		r.findings = slices.DeleteFunc(r.findings, func(f finding.Finding) bool { return f.Variable == "network_check" })
		if id == "link" {
			r.findings = append(r.findings, finding.Finding{Variable: "network_check", State: "ok"})
		}
		b.results[id] = r
	}
}

// settleRouter: behind a router that is not there no name server and no host can answer, and that they did not says
// nothing about them.
func (b *Board) settleRouter() {
	if b.results["gateway"].State != Failed || len(b.facts.reached) > 0 {
		return
	}
	for _, id := range []string{"dns", "tcp"} {
		r := b.results[id]
		for i := range r.findings {
			if r.findings[i].Variable == "host_connect_test" {
				r.findings[i].State = "no_connection"
			}
		}
	}
}
