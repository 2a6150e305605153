package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
)

// client speaks to the host for one exchange.
func (b *Board) client(ctx context.Context) (*acquirer.Client, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return b.dialHost(ctx) }
	way := acquirer.Plain(dial, b.Target.Address)
	if !b.Target.Plain {
		way = acquirer.Secure(dial, b.Target.Address, &tls.Config{
			ServerName: b.Target.serverName(), RootCAs: b.Target.Roots, MinVersion: tls.VersionTLS12, Time: b.Now,
		})
	}
	deadline, _ := ctx.Deadline()
	return acquirer.NewClient(acquirer.Config{Dial: way, TID: b.Target.TID, MID: b.Target.MID, Now: b.Now, Timeout: time.Until(deadline)})
}

func (b *Board) anonymous() bool { return b.Target.TID == "" || b.Target.MID == "" }

func anonymousResult() Result {
	return skipped("没有终端号和商户号（--tid、--mid）", "no terminal and merchant number were given (--tid, --mid)")
}

// exchange runs one exchange and notes it, with the host's clock if it told it.
func (b *Board) exchange(ctx context.Context, do func(*acquirer.Client) (acquirer.Result, error), keep func(*facts, *exchanged)) exchanged {
	c, err := b.client(ctx)
	if err != nil {
		return exchanged{err: err}
	}
	result, err := do(c)
	x := exchanged{result, err}
	b.note(func(f *facts) {
		keep(f, &x)
		if err == nil && !result.HostTime.IsZero() {
			offset := result.HostTime.Sub(result.At)
			f.hostTime = &offset
		}
	})
	return x
}

// echo asks whether the host is there. No answer is no proof of a fault: not every host answers echoes of terminals. What
// it means is settled with the sign-in.
func echo(ctx context.Context, b *Board) Result {
	if b.anonymous() {
		return anonymousResult()
	}
	x := b.exchange(ctx, func(c *acquirer.Client) (acquirer.Result, error) { return c.Echo(ctx) }, func(f *facts, x *exchanged) { f.echo = x })
	if x.err != nil {
		e := acquirer.Classify(acquirer.RungAnswer, x.err)
		return unknown("没有回响应答："+e.Reason.Text().ZH, "no answer to the echo: "+e.Reason.Text().EN).because(e.Error())
	}
	ms := x.result.RTT.Milliseconds()
	return ok(fmt.Sprintf("后台应答“%s”，%d毫秒", x.result.Code, ms), fmt.Sprintf("the host answers “%s” in %d ms", x.result.Code, ms))
}

// The response codes by which a host says that keys do not match.
const (
	codeMACFailed = "A0"
	codePINFormat = "99"
)

func signIn(ctx context.Context, b *Board) Result {
	if b.anonymous() {
		return anonymousResult()
	}
	x := b.exchange(ctx, func(c *acquirer.Client) (acquirer.Result, error) { return c.SignIn(ctx) }, func(f *facts, x *exchanged) { f.signIn = x })
	if x.err != nil {
		e := acquirer.Classify(acquirer.RungAnswer, x.err)
		return failed("签到没有成功："+e.Reason.Text().ZH, "sign-in failed: "+e.Reason.Text().EN).
			with("host_connect_test", answerState(e), 0).with("failing_step", "sign_in", 0).because(e.Error())
	}
	if x.result.Approved() {
		return ok("签到成功", "signed in").with("host_connect_test", "ok", 0)
	}
	r := failed("后台拒绝签到，返回码"+x.result.Code, "the host refuses the sign-in with code "+x.result.Code).
		with("host_connect_test", "ok", 0).with("failing_step", "sign_in", 0)
	return refusal(r, x.result.Code)
}

// answerState says which state of host_connect_test a failed exchange is.
func answerState(e *acquirer.Error) string {
	switch e.Rung {
	case acquirer.RungName:
		return "name_lookup_fails"
	case acquirer.RungConnect:
		return "no_connection"
	case acquirer.RungTLS:
		return "secure_handshake_fails"
	}
	return "connects_no_answer"
}

// refusal turns a response code into findings.
func refusal(r Result, code string) Result {
	r = r.with("response_code", code, 0).with("response_code_set", "unionpay", 0.9)
	if code == codeMACFailed || code == codePINFormat {
		r = r.with("key_status", "mismatch", 0.8)
	}
	return r
}

// sale makes a test sale and takes it back, only where the caller asked for one.
func sale(ctx context.Context, b *Board) Result {
	if b.Target.TestCents <= 0 {
		return skipped("没有要求做测试交易（--test-sale）", "no test sale was asked for (--test-sale)")
	}
	if b.anonymous() {
		return anonymousResult()
	}
	x := b.exchange(ctx, func(c *acquirer.Client) (acquirer.Result, error) { return c.Sale(ctx, b.Target.TestCents) },
		func(f *facts, x *exchanged) { f.sale = x })
	if x.err == nil && !x.result.Approved() {
		return refusal(failed("测试交易被拒，返回码"+x.result.Code, "the test sale was declined with code "+x.result.Code), x.result.Code).
			with("sale_result", "declined_by_host", 0)
	}
	undone := b.takeBack(ctx, x.result)
	if x.err != nil {
		e := acquirer.Classify(acquirer.RungAnswer, x.err)
		return failed("测试交易没有应答"+undone.zh, "no answer to the test sale"+undone.en).with("sale_result", "no_answer", 0).because(e.Error())
	}
	return ok("测试交易成功"+undone.zh, "the test sale went through"+undone.en).with("sales_possible", "all", 0).with("sale_result", "approved", 0)
}

type words struct{ zh, en string }

// takeBack reverses the test sale, also when the sale used up the time.
func (b *Board) takeBack(ctx context.Context, made acquirer.Result) words {
	const grace = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	c, err := b.client(ctx)
	if err == nil {
		var r acquirer.Result
		if r, err = c.Reversal(ctx, made); err == nil && r.Approved() {
			return words{"，已冲正", ", and was taken back"}
		}
	}
	return words{"，但冲正没有成功，请与收单机构核对流水号" + made.STAN, ", but it could not be taken back: check trace number " + made.STAN + " with your acquirer"}
}
