package bench

import (
	"bufio"
	"cmp"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// Machine says where and with what a figure was measured. Every object that a measure prints carries it.
type Machine struct {
	Go         string `json:"go"`
	CPU        string `json:"cpu"`
	GOMAXPROCS int    `json:"gomaxprocs"`
	Commit     string `json:"commit"` // with "+dirty" where files had been changed
}

// ThisMachine describes the machine and the binary that run; version stands for the commit in a build that does not
// know its own.
func ThisMachine(version string) Machine {
	revision := cmp.Or(commit(debug.ReadBuildInfo()), version, "unknown")
	return Machine{Go: runtime.Version(), CPU: cpu("/proc/cpuinfo"), GOMAXPROCS: runtime.GOMAXPROCS(0), Commit: revision}
}

// cpu is the processor's name as the kernel gives it, or its architecture.
func cpu(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if value = strings.TrimSpace(value); strings.TrimSpace(name) == "model name" && value != "" {
			return value
		}
	}
	return runtime.GOARCH // ARM kernels name no model
}

// commit is what the Go tool has written into the binary; "" where it has not.
func commit(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return ""
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision != "" && settings["vcs.modified"] == "true" {
		return revision + "+dirty"
	}
	return revision
}
