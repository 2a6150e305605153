package probe

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/beevik/ntp"
)

// clockTolerance is how far the clock may be off before hosts and certificates may mind.
const clockTolerance = 3 * time.Minute

// clock asks the time server. What it means is settled at the end, when the host has told its time as well.
func clock(ctx context.Context, b *Board) Result {
	if b.Target.NTP == "" {
		return skipped("没有指定时间服务器", "no time server was given")
	}
	deadline, _ := ctx.Deadline()
	response, err := ntp.QueryWithOptions(b.Target.NTP, ntp.QueryOptions{
		Timeout:       time.Until(deadline) - 100*time.Millisecond,
		Dialer:        func(_, remote string) (net.Conn, error) { return b.Dial(ctx, "udp", remote) },
		GetSystemTime: b.Now,
	})
	if err == nil {
		err = response.Validate()
	}
	if err != nil {
		return unknown("时间服务器没有应答", "the time server did not answer").because(err.Error())
	}
	b.reached("clock")
	b.note(func(f *facts) { f.sntp = &response.ClockOffset })
	return clockResult(response.ClockOffset, "时间服务器", "the time server")
}

func clockResult(offset time.Duration, zh, en string) Result {
	detail := fmt.Sprintf("offset %s", offset.Round(time.Millisecond))
	if offset.Abs() <= clockTolerance {
		return ok("与"+zh+"一致", "agrees with "+en).with("terminal_date", "correct", 0).because(detail)
	}
	fast, slow := "慢", "slow"
	if offset < 0 {
		fast, slow = "快", "fast"
	}
	r := failed(fmt.Sprintf("比%s%s%s", zh, fast, spanZH(offset.Abs())), fmt.Sprintf("%s %s by %s", spanEN(offset.Abs()), slow, en)).
		with("terminal_date", "wrong", 0).because(detail)
	if zoneError(offset) {
		r = r.with("clock_setting", "other_time_zone", 0.6)
	}
	return r
}

// zoneError recognises an error of whole half hours, as a wrong time zone makes it.
func zoneError(offset time.Duration) bool {
	const half, furthest = 30 * time.Minute, 14 * time.Hour
	return offset.Abs() <= furthest && (offset-offset.Round(half)).Abs() < 2*time.Minute
}
