package probetest

import (
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// TimeServer is an SNTP server whose clock is off by so much; it runs until the test ends.
func TimeServer(t *testing.T, off time.Duration) string {
	t.Helper()
	conn := packets(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if n >= 48 {
				_, _ = conn.WriteTo(sntpReply(buf[:48], time.Now().Add(off)), from) // a lost answer is a lost answer
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return conn.LocalAddr().String()
}

func packets(t *testing.T) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// sntpReply answers a request as RFC 4330, section 6, wants it from a server of stratum 1.
func sntpReply(request []byte, now time.Time) []byte {
	out := make([]byte, 48)
	const noLeapVersion4Server, stratum, poll, precision = 0<<6 | 4<<3 | 4, 1, 4, 0xEC
	out[0], out[1], out[2], out[3] = noLeapVersion4Server, stratum, poll, precision
	copy(out[12:], "TEST")
	stamp(out[16:], now.Add(-time.Second))
	copy(out[24:32], request[40:48])
	stamp(out[32:], now)
	stamp(out[40:], now)
	return out
}

func stamp(out []byte, at time.Time) {
	const from1900to1970 = 2208988800
	binary.BigEndian.PutUint32(out, uint32(at.Unix()+from1900to1970))
	binary.BigEndian.PutUint32(out[4:], uint32(uint64(at.Nanosecond())<<32/1e9))
}

// NameServer answers every question for an A record with these addresses; none means that the name does not exist. It
// runs until the test ends.
func NameServer(t *testing.T, addresses ...string) string {
	t.Helper()
	conn := packets(t)
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg).SetReply(question)
		if len(addresses) == 0 {
			answer.Rcode = dns.RcodeNameError
		}
		for _, a := range addresses {
			if question.Question[0].Qtype == dns.TypeA {
				answer.Answer = append(answer.Answer, &dns.A{
					Hdr: dns.RR_Header{Name: question.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: net.ParseIP(a),
				})
			}
		}
		_ = w.WriteMsg(answer) // a lost answer is a lost answer
	})}
	ready := make(chan struct{})
	server.NotifyStartedFunc = func() { close(ready) }
	done := make(chan error, 1)
	go func() { done <- server.ActivateAndServe() }()
	<-ready
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Errorf("name server: %v", err)
		}
		<-done
	})
	return conn.LocalAddr().String()
}

// Silent is a UDP address that never answers.
func Silent(t *testing.T) string {
	t.Helper()
	conn := packets(t)
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}
