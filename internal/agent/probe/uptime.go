package probe

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// uptime says how long the machine has been running and whether it went off without having been shut down.
func uptime(_ context.Context, b *Board) Result {
	seconds, err := strconv.ParseFloat(strings.SplitN(read(b.file("proc/uptime"))+" ", " ", 2)[0], 64)
	if err != nil {
		return unknown("读不到运行时间", "the uptime cannot be read")
	}
	up := time.Duration(seconds * float64(time.Second))
	restarts, known := b.unexpectedRestarts()
	zh, en := "已运行"+spanZH(up), "running for "+spanEN(up)
	if known {
		zh += fmt.Sprintf("，一天内意外重启%d次", restarts)
		en += fmt.Sprintf(", unexpected restarts within a day: %d", restarts)
	}
	r := ok(zh, en)
	const twice = 2 // one may be a power cut or an impatient hand
	if restarts >= twice {
		r = failed(zh, en).with("powers_on", "switches_itself_off", 0.7)
	}
	return r.with("running_since", runningSince(up), 0)
}

func runningSince(up time.Duration) string {
	switch {
	case up < 12*time.Hour:
		return "today"
	case up < 48*time.Hour:
		return "over_12_hours"
	}
	return "several_days"
}

// The layout of a record of wtmp on Linux (utmp(5)), the same on 32 and 64 bit.
const (
	utmpSize     = 384
	utmpUser     = 44
	utmpSeconds  = 340
	utmpRunLevel = 1
	utmpBoot     = 2
	utmpRecords  = 512 // the last so many are looked at
)

// unexpectedRestarts counts the starts of the last day that no shut-down came before. The first start on record is not
// counted, since what came before it is not known.
func (b *Board) unexpectedRestarts() (count int, known bool) {
	records := tail(b.file("var/log/wtmp"), utmpSize*utmpRecords)
	since := b.Now().Add(-24 * time.Hour)
	running, seen := false, false
	for ; len(records) >= utmpSize; records = records[utmpSize:] {
		kind := binary.LittleEndian.Uint16(records)
		user := string(bytes.TrimRight(records[utmpUser:utmpUser+32], "\x00"))
		at := time.Unix(int64(binary.LittleEndian.Uint32(records[utmpSeconds:])), 0)
		switch {
		case kind == utmpBoot:
			if running && at.After(since) {
				count++
			}
			running, seen = true, true
		case kind == utmpRunLevel && user == "shutdown":
			running = false
		}
	}
	return count, seen
}

// tail gives the last bytes of a file, a whole number of records.
func tail(path string, size int64) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	start := max(0, info.Size()-info.Size()%utmpSize-size)
	out, err := io.ReadAll(io.NewSectionReader(f, start, size))
	if err != nil {
		return nil
	}
	return out
}

func spanZH(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.0f秒", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%.0f分钟", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f小时", d.Hours())
	}
	return fmt.Sprintf("%.0f天", d.Hours()/24)
}

func spanEN(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
