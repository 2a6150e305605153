//go:build linux

package sensor_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/posmedic/posmedic/internal/agent/sensor"
)

func read(t *testing.T, files map[string]string) map[string]float64 {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := map[string]float64{}
	for _, r := range sensor.Readings(root, root) {
		out[r.Name] = r.Value
	}
	return out
}

func TestReadings(t *testing.T) {
	t.Parallel()
	const supply, zone = "sys/class/power_supply/", "sys/class/thermal/thermal_zone"
	t.Run("a terminal with everything says everything", func(t *testing.T) {
		t.Parallel()
		got := read(t, map[string]string{
			supply + "bat/type": "Battery\n", supply + "bat/capacity": "17\n",
			supply + "mouse/type": "Battery\n", supply + "mouse/capacity": "3\n", supply + "mouse/scope": "Device\n",
			supply + "ac/type": "Mains\n", supply + "ac/online": "0\n", supply + "usb/type": "USB\n", supply + "usb/online": "1\n",
			zone + "0/temp": "41000\n", zone + "1/temp": "-274000\n", zone + "2/temp": "39000\n",
			"proc/meminfo": "MemTotal:  100 kB\nMemAvailable:   50 kB\n", "proc/uptime": "1234.5 99.0\n",
		})
		want := map[string]float64{"battery_percent": 17, "mains_online": 1, "temperature_c": 41, "memory_free_bytes": 51200, "uptime_s": 1234.5}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s is %v, want %v", name, got[name], value)
			}
		}
		if got["disk_free_bytes"] <= 0 || got["disk_free_bytes"] > got["disk_size_bytes"] {
			t.Errorf("disk: %v of %v", got["disk_free_bytes"], got["disk_size_bytes"])
		}
	})
	t.Run("what is missing or damaged is left out", func(t *testing.T) {
		t.Parallel()
		got := read(t, map[string]string{
			supply + "bat/type": "Battery", supply + "bat/capacity": "NaN", zone + "0/temp": "warm", "proc/meminfo": "MemAvailable: much", "proc/uptime": "",
		})
		if len(got) != 2 { // only the disk
			t.Fatalf("got %v", got)
		}
	})
	t.Run("this machine says at least how long it is up and how much is free", func(t *testing.T) {
		t.Parallel()
		got := map[string]bool{}
		for _, r := range sensor.Readings("/", "/") {
			got[r.Name] = r.Value > 0
		}
		if !got["uptime_s"] || !got["memory_free_bytes"] {
			t.Fatalf("got %v", got)
		}
	})
}
