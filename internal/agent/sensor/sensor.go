//go:build linux

// Package sensor reads what a Linux terminal's kernel says of itself: battery, temperature, memory, disk, uptime. What
// a terminal does not have is left out, not guessed.
package sensor

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/posmedic/posmedic/wire"
)

// Readings reads everything. root is where /proc and /sys are found ("/" but in tests); disk is a path on the file
// system whose space matters.
func Readings(root, disk string) []wire.Reading {
	var out []wire.Reading
	add := func(name string, value float64, ok bool) {
		if ok {
			out = append(out, wire.Reading{Name: name, Value: value})
		}
	}
	percent, ok := battery(root)
	add("battery_percent", percent, ok)
	mains, ok := mains(root)
	add("mains_online", mains, ok)
	celsius, ok := temperature(root)
	add("temperature_c", celsius, ok)
	free, ok := memory(root)
	add("memory_free_bytes", free, ok)
	seconds, ok := uptime(root)
	add("uptime_s", seconds, ok)
	left, size, ok := space(disk)
	add("disk_free_bytes", left, ok)
	add("disk_size_bytes", size, ok)
	return out
}

// battery gives the charge of the emptiest battery of the terminal itself, in percent. Those of mice and the like say
// scope "Device".
func battery(root string) (percent float64, ok bool) {
	percent = math.Inf(1)
	for _, supply := range supplies(root, "Battery") {
		if charge, read := number(filepath.Join(supply, "capacity")); read && word(filepath.Join(supply, "scope")) != "Device" {
			percent, ok = min(percent, charge), true
		}
	}
	return percent, ok
}

// mains says whether any charger or adapter delivers: 1 or 0.
func mains(root string) (online float64, ok bool) {
	for _, kind := range []string{"Mains", "USB"} {
		for _, supply := range supplies(root, kind) {
			if on, read := number(filepath.Join(supply, "online")); read {
				online, ok = max(online, on), true
			}
		}
	}
	return online, ok
}

func supplies(root, kind string) []string {
	all, _ := filepath.Glob(filepath.Join(root, "sys/class/power_supply/*")) // the pattern is ours and well formed
	var out []string
	for _, supply := range all {
		if word(filepath.Join(supply, "type")) == kind {
			out = append(out, supply)
		}
	}
	return out
}

// temperature gives the hottest zone. The kernel counts in thousandths of a degree; zones that are off read absurdly.
func temperature(root string) (celsius float64, ok bool) {
	zones, _ := filepath.Glob(filepath.Join(root, "sys/class/thermal/thermal_zone*/temp")) // the pattern is ours and well formed
	celsius = math.Inf(-1)
	for _, zone := range zones {
		if milli, read := number(zone); read && milli > -60_000 && milli < 200_000 {
			celsius, ok = max(celsius, milli/1000), true
		}
	}
	return celsius, ok
}

// memory gives what programs can still have.
func memory(root string) (free float64, ok bool) {
	raw, err := os.ReadFile(filepath.Join(root, "proc/meminfo"))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == "MemAvailable:" && fields[2] == "kB" {
			kib, err := strconv.ParseFloat(fields[1], 64)
			return kib * 1024, err == nil
		}
	}
	return 0, false
}

func uptime(root string) (seconds float64, ok bool) {
	fields := strings.Fields(word(filepath.Join(root, "proc/uptime")))
	if len(fields) == 0 {
		return 0, false
	}
	seconds, err := strconv.ParseFloat(fields[0], 64)
	return seconds, err == nil
}

// space gives what an ordinary user can still write at a path, and the size of the file system.
func space(path string) (free, size float64, ok bool) {
	var s syscall.Statfs_t
	if syscall.Statfs(path, &s) != nil {
		return 0, 0, false
	}
	return float64(s.Bavail) * float64(s.Bsize), float64(s.Blocks) * float64(s.Bsize), true
}

func number(path string) (float64, bool) {
	v, err := strconv.ParseFloat(word(path), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// word gives a file's content without the blanks around it; nothing when it cannot be read.
func word(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(raw))
}
