package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
)

// connect opens a TCP connection to the host and closes it again.
func connect(ctx context.Context, b *Board) Result {
	begin := time.Now()
	conn, err := b.dialHost(ctx)
	if err == nil {
		_ = conn.Close() // nothing was sent
		b.reached("tcp")
		ms := time.Since(begin).Milliseconds()
		return ok(fmt.Sprintf("连上了，%d毫秒", ms), fmt.Sprintf("connected in %d ms", ms))
	}
	e := acquirer.Classify(acquirer.RungConnect, err)
	r := failed("连不上 "+b.Target.Address+"："+e.Reason.Text().ZH, "cannot connect to "+b.Target.Address+": "+e.Reason.Text().EN).because(e.Error())
	return r.with("host_connect_test", b.connectState(ctx, e.Reason), 0)
}

// connectState tells a port that is blocked from no connection at all: silence of the host while others answer is the
// mark of a firewall.
func (b *Board) connectState(ctx context.Context, reason acquirer.Reason) string {
	switch reason {
	case acquirer.Blocked:
		return "port_blocked"
	case acquirer.Timeout:
		patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		b.wait(patient, "clock", "gateway", "dns", "portal")
		if slices.ContainsFunc(b.known().reached, func(id string) bool { return id != "gateway" }) {
			return "port_blocked"
		}
	}
	return "no_connection"
}

// dialHost tries the host's addresses in order and shares the time among them.
func (b *Board) dialHost(ctx context.Context) (net.Conn, error) {
	_, port, err := net.SplitHostPort(b.Target.Address)
	if err != nil {
		return nil, err
	}
	addresses := b.known().addresses
	if len(addresses) == 0 {
		return nil, errors.New("no address is known")
	}
	var last error
	for i, a := range addresses {
		deadline, _ := ctx.Deadline()
		share := time.Until(deadline) / time.Duration(len(addresses)-i)
		try, cancel := context.WithTimeout(ctx, share-share/10)
		conn, err := b.Dial(try, "tcp", net.JoinHostPort(a.String(), port))
		cancel()
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}

func (t Target) serverName() string {
	if t.ServerName != "" {
		return t.ServerName
	}
	host, _, _ := net.SplitHostPort(t.Address) // checked by the rungs below
	return host
}

// secure shakes hands without trusting anybody, and then judges the certificate itself, by our clock and by the time
// server's, so that a wrong clock can be told from a wrong certificate.
func secure(ctx context.Context, b *Board) Result {
	if b.Target.Plain {
		return skipped("这个后台不用加密", "this host uses no encryption")
	}
	conn, err := b.dialHost(ctx)
	if err != nil {
		e := acquirer.Classify(acquirer.RungConnect, err)
		return failed("第二次连接失败："+e.Reason.Text().ZH, "the second connection failed: "+e.Reason.Text().EN).
			with("host_connect_test", "no_connection", 0.8).because(e.Error())
	}
	defer conn.Close()
	secured := tls.Client(conn, &tls.Config{
		ServerName: b.Target.serverName(), MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, // #nosec G402 -- nothing is sent; judgeChain verifies, at several times
	})
	if err := secured.HandshakeContext(ctx); err != nil {
		e := acquirer.Classify(acquirer.RungTLS, err)
		b.note(func(f *facts) { f.tls = e.Reason })
		if e.Reason == acquirer.Timeout {
			return failed("连上了，但加密握手没有应答", "connected, but no answer to the secure handshake").
				with("host_connect_test", "connects_no_answer", 0).because(e.Error())
		}
		return failed("加密握手失败："+e.Reason.Text().ZH, "the secure handshake failed: "+e.Reason.Text().EN).
			with("host_connect_test", "secure_handshake_fails", 0).because(e.Error())
	}
	chain := secured.ConnectionState().PeerCertificates
	b.note(func(f *facts) { f.chain = chain })
	return b.judgeChain(ctx, chain)
}

// verify checks the chain as it looks at one moment.
func (b *Board) verify(chain []*x509.Certificate, at time.Time) error {
	if len(chain) == 0 {
		return errors.New("no certificate")
	}
	others := x509.NewCertPool()
	for _, c := range chain[1:] {
		others.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{DNSName: b.Target.serverName(), Roots: b.Target.Roots, Intermediates: others, CurrentTime: at})
	return err
}

func (b *Board) judgeChain(ctx context.Context, chain []*x509.Certificate) Result {
	now := b.Now()
	err := b.verify(chain, now)
	leaf := chain[0]
	until := leaf.NotAfter.Format(time.DateOnly)
	detail := fmt.Sprintf("subject %q, names %v, issuer %q, valid %s to %s", leaf.Subject.CommonName, leaf.DNSNames,
		leaf.Issuer.CommonName, leaf.NotBefore.Format(time.RFC3339), leaf.NotAfter.Format(time.RFC3339))
	if err == nil {
		return ok("证书有效，到"+until, "the certificate is good until "+until).because(detail)
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return b.judgeTime(ctx, chain, now).because(detail)
	}
	e := acquirer.Classify(acquirer.RungTLS, err)
	b.note(func(f *facts) { f.tls = e.Reason })
	return failed("证书有问题："+e.Reason.Text().ZH, "the certificate is wrong: "+e.Reason.Text().EN).
		with("host_connect_test", "secure_handshake_fails", 0).because(detail)
}

// judgeTime decides whether the clock or the certificate is to blame when the dates do not fit.
func (b *Board) judgeTime(ctx context.Context, chain []*x509.Certificate, now time.Time) Result {
	b.wait(ctx, "clock")
	offset := b.known().sntp
	if offset != nil {
		now = now.Add(*offset)
	}
	wrongClock := offset != nil && offset.Abs() > clockTolerance && b.verify(chain, now) == nil
	reason := acquirer.Expired
	if now.Before(chain[0].NotBefore) {
		reason = acquirer.NotYetValid
	}
	switch {
	case wrongClock:
		b.note(func(f *facts) { f.tls = acquirer.NotYetValid })
		return failed("证书没有问题，是本机时钟错了", "the certificate is good, but this machine's clock is wrong").
			with("host_connect_test", "secure_handshake_fails", 0).with("terminal_date", "wrong", 0).with("certificate_status", "valid", 0)
	case offset == nil && reason == acquirer.NotYetValid:
		// A host seldom shows a certificate from the future, while a clock without battery falls back by years.
		return failed("本机时钟早于证书的日期，多半是时钟错了", "this machine's clock is before the certificate's dates; the clock is probably wrong").
			with("host_connect_test", "secure_handshake_fails", 0).with("terminal_date", "wrong", 0.9)
	case offset == nil:
		return failed("证书已过期，或者本机时钟快了（没有时间可以对照）", "the certificate has expired, or this machine's clock is ahead (nothing to compare it with)").
			with("host_connect_test", "secure_handshake_fails", 0).with("certificate_status", "expired", 0.6)
	}
	b.note(func(f *facts) { f.tls = reason })
	return failed("时钟是对的，"+reason.Text().ZH, "the clock is right, "+reason.Text().EN).
		with("host_connect_test", "secure_handshake_fails", 0).with("certificate_status", "expired", 0)
}
