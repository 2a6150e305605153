//go:build linux

package remote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/wire"
)

// maxLogs is how much of the logs a progress holds.
const maxLogs = 64 << 10

// Linux is the terminal this process runs on. What is not set is refused with the reason.
type Linux struct {
	App       App                                                       // the payment app
	Host      func(ctx context.Context) (wire.HostAnswer, error)        // signs in at the acquirer's host
	Probe     func(ctx context.Context, names []string) (Result, error) // runs probes
	TrueTime  func(ctx context.Context) (time.Time, error)              // a time server; nil: the gateway's time
	LogFiles  []string                                                  // files and patterns fetch_logs may read
	Config    []string                                                  // configuration files of the payment app
	GoodCopy  string                                                    // directory with the last good copies of them; see KeepConfig
	Unsent    func(ctx context.Context) (sent, left int, err error)     // sends stored sales
	Interface string                                                    // network interface; empty: that of the default route
	Run       Runner                                                    // nil: RunProgram
	Settime   func(time.Time) error                                     // nil: the system's clock
}

func (l *Linux) runner() Runner {
	if l.Run != nil {
		return l.Run
	}
	return RunProgram
}

// RestartApp restarts the payment app; the proof is another process than before.
func (l *Linux) RestartApp(ctx context.Context) (Result, error) {
	if l.App == nil {
		return Result{}, Refuse("the agent was not told how to restart the payment app")
	}
	before, after, err := l.App.Restart(ctx)
	proof := map[string]string{"app_pid_before": strconv.Itoa(before.PID), "app_start_before": before.Started}
	if err != nil {
		return Result{Proof: proof}, err
	}
	proof["app_pid_after"], proof["app_start_after"] = strconv.Itoa(after.PID), after.Started
	if after == before || !after.running() {
		return Result{Proof: proof}, errors.New("the same process runs as before")
	}
	return Result{Text: "the payment app was restarted", Proof: proof, Findings: []finding.Finding{
		{Variable: "app_state", State: "runs", Source: finding.Probe, Detail: "process " + strconv.Itoa(after.PID)},
	}}, nil
}

// SignIn signs in at the acquirer's host; the proof is its answer.
func (l *Linux) SignIn(ctx context.Context) (Result, error) {
	if l.Host == nil {
		return Result{}, Refuse("the agent was not told where the acquirer's host is")
	}
	answer, err := l.Host(ctx)
	r := Result{Host: []wire.HostAnswer{answer}, Proof: map[string]string{
		"response_code": answer.Code, "stan": answer.STAN, "rrn": answer.RRN, "round_trip_ms": strconv.Itoa(answer.MS)}}
	switch {
	case err != nil:
		return r, err
	case answer.Code != "00":
		return r, fmt.Errorf("the host answered %q to the sign-in", answer.Code)
	}
	r.Text = "signed in at the host"
	return r, nil
}

// goodEnough is how near a clock must be to the right time to be left alone.
const goodEnough = 2 * time.Second

// SetClock sets the clock to the right time; the proof is the offset before and after.
func (l *Linux) SetClock(ctx context.Context, gateway Clock) (Result, error) {
	right, source, err := l.rightTime(ctx, gateway)
	if err != nil {
		return Result{}, err
	}
	offset := time.Since(right)
	r := Result{Proof: map[string]string{"clock_offset_ms_before": ms(offset), "time_source": source}}
	if offset.Abs() < goodEnough {
		r.Text = "the clock was right already"
		r.Proof["clock_offset_ms_after"] = ms(offset)
		return r, nil
	}
	begun := time.Now() // the steady part of this counts on while the wall clock jumps
	set := l.Settime
	if set == nil {
		set = setSystemClock
	}
	if err := set(right); err != nil {
		if errors.Is(err, syscall.EPERM) {
			return r, Refuse("the agent may not set the clock (it is off by %v); give it CAP_SYS_TIME", offset.Round(time.Second))
		}
		return r, err
	}
	after := time.Now().Round(0).Sub(right.Add(time.Since(begun)).Round(0))
	r.Proof["clock_offset_ms_after"] = ms(after)
	if l.Settime == nil && after.Abs() > goodEnough {
		return r, fmt.Errorf("the clock is still off by %v", after)
	}
	r.Text = "the clock was set"
	return r, nil
}

func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// rightTime asks the time server, and falls back on the gateway's time, which is good to a second.
func (l *Linux) rightTime(ctx context.Context, gateway Clock) (right time.Time, source string, err error) {
	if l.TrueTime != nil {
		if right, err = l.TrueTime(ctx); err == nil {
			return right, "ntp", nil
		}
	}
	if right = gateway(); right.IsZero() {
		return right, "", Refuse("nobody has told the right time yet")
	}
	return right, "gateway", nil
}

func setSystemClock(t time.Time) error {
	tv := syscall.NsecToTimeval(t.UnixNano())
	return syscall.Settimeofday(&tv)
}

// RenewAddress gets a new lease from the network; the proof is the addresses before and after.
func (l *Linux) RenewAddress(ctx context.Context) (Result, error) {
	name := l.Interface
	if name == "" {
		name = defaultInterface("/proc/net/route")
	}
	if name == "" {
		return Result{}, Refuse("there is no default route, so it is not clear which interface is meant")
	}
	before := addresses(name)
	tool, err := l.renew(ctx, name)
	r := Result{Proof: map[string]string{"interface": name, "tool": tool, "addresses_before": before}}
	if err != nil {
		return r, err
	}
	r.Proof["addresses_after"] = addresses(name)
	r.Text = "the address was renewed"
	return r, nil
}

// renew uses whichever program manages addresses here.
func (l *Linux) renew(ctx context.Context, name string) (tool string, err error) {
	for _, way := range [][]string{
		{"networkctl", "renew", name},
		{"nmcli", "device", "reapply", name},
		{"dhclient", "-1", name},
		{"udhcpc", "-n", "-q", "-i", name},
	} {
		_, err = l.runner()(ctx, way[0], way[1:]...)
		if errors.Is(err, exec.ErrNotFound) {
			continue
		}
		tool = way[0]
		if err == nil {
			return tool, nil
		}
	}
	if tool == "" {
		return "", Refuse("none of networkctl, nmcli, dhclient, udhcpc is here")
	}
	return tool, err
}

// defaultInterface reads the interface of the default route (destination and mask zero).
func defaultInterface(routes string) string {
	raw, err := os.ReadFile(routes)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); len(f) > 7 && f[1] == "00000000" && f[7] == "00000000" {
			return f[0]
		}
	}
	return ""
}

func addresses(name string) string {
	device, err := net.InterfaceByName(name)
	if err != nil {
		return ""
	}
	list, err := device.Addrs()
	if err != nil {
		return ""
	}
	var out []string
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() {
			out = append(out, p.String())
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// FetchLogs reads the ends of the configured files, newest file last, scrubbed of card data.
func (l *Linux) FetchLogs(ctx context.Context, args FetchLogs) (Result, error) {
	files := l.logs()
	if len(files) == 0 {
		return Result{}, Refuse("no log files are configured, or none is there")
	}
	limit := args.Bytes
	if limit <= 0 || limit > maxLogs {
		limit = maxLogs
	}
	var all strings.Builder
	each := max(limit/len(files), 1)
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		end, err := tail(name, each)
		if err != nil {
			end = "cannot be read"
		}
		fmt.Fprintf(&all, "==> %s\n%s\n", filepath.Base(name), end)
	}
	text, cards := carddata.Scrub(all.String())
	return Result{Text: fmt.Sprintf("%d log files", len(files)), Logs: text,
		Proof: map[string]string{"files": strconv.Itoa(len(files)), "masked": strconv.Itoa(cards)}}, nil
}

func (l *Linux) logs() []string {
	type log struct {
		name string
		at   time.Time
	}
	var found []log
	for _, pattern := range l.LogFiles {
		names, err := filepath.Glob(pattern)
		if err != nil {
			continue // checked when the agent was configured
		}
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
				found = append(found, log{name, info.ModTime()})
			}
		}
	}
	slices.SortFunc(found, func(a, b log) int { return a.at.Compare(b.at) })
	const most = 16
	found = found[max(0, len(found)-most):]
	out := make([]string, len(found))
	for i, f := range found {
		out[i] = f.name
	}
	return out
}

// tail reads the last whole lines of a file. A line cut in the middle could hold half a card number, which nobody
// would recognise as one.
func tail(name string, limit int) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	from := max(0, info.Size()-int64(limit))
	raw, err := io.ReadAll(io.NewSectionReader(f, from, int64(limit)))
	if err != nil {
		return "", err
	}
	text := strings.ToValidUTF8(string(raw), "?")
	if from > 0 {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text, nil
}

// RestoreConfig puts the last good copies back; the proof is the checksums before and after.
func (l *Linux) RestoreConfig(ctx context.Context) (Result, error) {
	if len(l.Config) == 0 || l.GoodCopy == "" {
		return Result{}, Refuse("no configuration is kept on this terminal")
	}
	good := make(map[string][]byte, len(l.Config))
	for _, name := range l.Config {
		copied, err := os.ReadFile(l.copyOf(name))
		if err != nil {
			return Result{}, Refuse("there is no good copy of %s", filepath.Base(name))
		}
		good[name] = copied
	}
	r := Result{Proof: map[string]string{}}
	for i, name := range l.Config {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		r.Proof[fmt.Sprintf("sha256_before_%d", i+1)] = checksum(name)
		if err := replace(name, good[name]); err != nil {
			return r, err
		}
		r.Proof[fmt.Sprintf("sha256_after_%d", i+1)] = checksum(name)
	}
	r.Text = fmt.Sprintf("%d configuration files restored", len(l.Config))
	return r, nil
}

// KeepConfig takes the configuration as it is now for good. The agent calls it while sales go through.
func (l *Linux) KeepConfig() error {
	for _, name := range l.Config {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if checksum(l.copyOf(name)) == checksum(name) {
			continue
		}
		if err := os.MkdirAll(l.GoodCopy, 0o700); err != nil {
			return err
		}
		if err := replace(l.copyOf(name), content); err != nil {
			return err
		}
	}
	return nil
}

// copyOf names the good copy; two files of one name in different directories have different ones.
func (l *Linux) copyOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(l.GoodCopy, filepath.Base(name)+"."+hex.EncodeToString(sum[:4]))
}

func checksum(name string) string {
	content, err := os.ReadFile(name)
	if err != nil {
		return "missing"
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// replace writes a file whole or not at all, and keeps the mode and owner of the one it replaces.
func replace(name string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	if old, statErr := os.Stat(name); statErr == nil && err == nil {
		err = tmp.Chmod(old.Mode().Perm())
		if owner, ok := old.Sys().(*syscall.Stat_t); ok && err == nil {
			err = tmp.Chown(int(owner.Uid), int(owner.Gid))
		}
	}
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// SendUnsent sends the stored sales the host has not had yet.
func (l *Linux) SendUnsent(ctx context.Context) (Result, error) {
	if l.Unsent == nil {
		return Result{}, Refuse("this agent cannot reach the payment app's stored sales")
	}
	sent, left, err := l.Unsent(ctx)
	r := Result{Text: fmt.Sprintf("%d sent, %d left", sent, left),
		Proof: map[string]string{"sent": strconv.Itoa(sent), "left": strconv.Itoa(left)}}
	return r, err
}

// RunProbes runs probes and gives what they found.
func (l *Linux) RunProbes(ctx context.Context, args RunProbes) (Result, error) {
	if l.Probe == nil {
		return Result{}, Refuse("this agent has no probes")
	}
	return l.Probe(ctx, args.Probes)
}
