package probe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// longestFile bounds what is read of a file of sys or proc.
const longestFile = 64 << 10

// read gives the trimmed content of a small file and "" where it cannot be read: the file may be absent on this kind of
// machine, or be for root only.
func read(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	buf := make([]byte, longestFile)
	n, _ := f.Read(buf) // what could be read is all there is to say
	return strings.TrimSpace(string(buf[:n]))
}

func number(path string) (float64, bool) {
	n, err := strconv.ParseFloat(read(path), 64)
	return n, err == nil
}

// supply is one entry of sys/class/power_supply.
type supply struct {
	name, kind, status string
	online             bool
	percent            float64
	hasPercent         bool
}

func (b *Board) supplies() []supply {
	dirs, _ := filepath.Glob(b.file("sys/class/power_supply/*")) // fails only on a bad pattern
	var out []supply
	for _, dir := range dirs {
		if strings.EqualFold(read(filepath.Join(dir, "scope")), "device") {
			continue // the battery of a mouse or a headset
		}
		s := supply{name: filepath.Base(dir), kind: read(filepath.Join(dir, "type")), status: read(filepath.Join(dir, "status")),
			online: read(filepath.Join(dir, "online")) == "1"}
		s.percent, s.hasPercent = number(filepath.Join(dir, "capacity"))
		out = append(out, s)
	}
	return out
}

// power reads adapter and battery. A terminal without a battery shows no supply at all, which says nothing.
func power(_ context.Context, b *Board) Result {
	list := b.supplies()
	if len(list) == 0 {
		return unknown("读不到供电信息", "this machine says nothing about its power supply")
	}
	plugged, adapter := false, false
	var battery *supply
	for i, s := range list {
		switch {
		case strings.EqualFold(s.kind, "battery"):
			battery = &list[i]
		default:
			adapter = true
			plugged = plugged || s.online
		}
	}
	if battery == nil {
		return ok("接着电源，没有电池", "on mains power, no battery")
	}
	return judgeBattery(*battery, adapter, plugged)
}

func judgeBattery(s supply, adapter, plugged bool) Result {
	const half, low, empty, full = 50, 20, 3, 90
	detail := fmt.Sprintf("%s %s %.0f%% plugged=%t", s.name, s.status, s.percent, plugged)
	r := ok(fmt.Sprintf("电量%.0f%%", s.percent), fmt.Sprintf("battery at %.0f %%", s.percent))
	if !s.hasPercent {
		r = unknown("读不到电量", "the battery does not tell its level")
	}
	level := ""
	switch {
	case !s.hasPercent:
	case s.percent > half:
		level = "over_50"
	case s.percent >= low:
		level = "from_20_to_50"
	case s.percent > empty:
		level = "under_20"
	default:
		level = "empty"
	}
	switch {
	case plugged && strings.EqualFold(s.status, "Charging"):
		r = r.with("charging", "charges", 0)
	case plugged && strings.EqualFold(s.status, "Discharging"), plugged && strings.EqualFold(s.status, "Not charging") && s.hasPercent && s.percent < full:
		r = failed(fmt.Sprintf("插着电但充不进，电量%.0f%%", s.percent), fmt.Sprintf("plugged in but not charging, battery at %.0f %%", s.percent)).
			with("charging", "does_not_charge", 0.8)
	case !plugged && adapter && (level == "empty" || level == "under_20"):
		r = failed(fmt.Sprintf("没插电，电量只剩%.0f%%", s.percent), fmt.Sprintf("not plugged in, battery down to %.0f %%", s.percent))
	}
	if level != "" {
		r = r.with("battery_level", level, 0)
	}
	if !plugged && adapter {
		r = r.with("power_source", "not_plugged_in", 0)
	}
	return r.because(detail)
}

// Degrees Celsius above which a terminal is too hot. Processors run warm; batteries must not.
const (
	hotProcessor = 85
	hotBattery   = 50
)

func temperature(_ context.Context, b *Board) Result {
	zones, _ := filepath.Glob(b.file("sys/class/thermal/thermal_zone*")) // fails only on a bad pattern
	hottest, hot, seen := 0.0, "", false
	for _, zone := range zones {
		milli, readable := number(filepath.Join(zone, "temp"))
		degrees := milli / 1000
		if !readable || degrees < -40 || degrees > 150 { // what broken sensors say
			continue
		}
		kind := strings.ToLower(read(filepath.Join(zone, "type")))
		limit := float64(hotProcessor)
		if strings.Contains(kind, "bat") {
			limit = hotBattery
		}
		seen, hottest = true, max(hottest, degrees)
		if degrees >= limit {
			hot += fmt.Sprintf("%s=%.0f ", kind, degrees)
		}
	}
	switch {
	case !seen:
		return unknown("没有温度传感器", "no temperature sensor")
	case hot != "":
		return failed(fmt.Sprintf("过热，%.0f℃", hottest), fmt.Sprintf("too hot, %.0f °C", hottest)).with("device_temperature", "hot", 0).because(hot)
	}
	return ok(fmt.Sprintf("%.0f℃", hottest), fmt.Sprintf("%.0f °C", hottest)).with("device_temperature", "normal", 0)
}

func storage(ctx context.Context, b *Board) Result {
	const leastBytes, leastShare = 100 << 20, 0.03
	free, total, err := b.DiskFree(ctx, b.Root)
	if err != nil || total == 0 {
		return unknown("读不到存储空间", "the storage cannot be read")
	}
	share := float64(free) / float64(total)
	zh := fmt.Sprintf("剩余%.1f GB（%.0f%%）", float64(free)/1e9, share*100)
	en := fmt.Sprintf("%.1f GB free (%.0f %%)", float64(free)/1e9, share*100)
	if free < leastBytes || share < leastShare {
		return failed("快满了，"+zh, "nearly full, "+en).with("storage_free", "nearly_full", 0)
	}
	return ok(zh, en).with("storage_free", "enough", 0)
}

// memory says how much is available; the pack has no finding for it, but a technician wants to know.
func memory(_ context.Context, b *Board) Result {
	const least = 0.04
	values := map[string]float64{}
	for line := range strings.Lines(read(b.file("proc/meminfo"))) {
		if f := strings.Fields(line); len(f) >= 2 {
			values[f[0]], _ = strconv.ParseFloat(f[1], 64) // unreadable stays 0 and is caught below
		}
	}
	total, available := values["MemTotal:"], values["MemAvailable:"]
	if total <= 0 {
		return unknown("读不到内存", "the memory cannot be read")
	}
	zh, en := fmt.Sprintf("可用%.0f%%", 100*available/total), fmt.Sprintf("%.0f %% available", 100*available/total)
	if available/total < least {
		return failed("几乎用完，"+zh, "nearly used up, "+en)
	}
	return ok(zh, en)
}
