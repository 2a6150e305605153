package bench

import (
	"bufio"
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
	Commit     string `json:"commit"` // with "+dirty" where files had been changed; "unknown" in a build without history
}

// ThisMachine describes the machine and the binary that run.
func ThisMachine() Machine {
	return Machine{Go: runtime.Version(), CPU: cpu("/proc/cpuinfo"), GOMAXPROCS: runtime.GOMAXPROCS(0), Commit: commit(debug.ReadBuildInfo())}
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

func commit(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return "unknown"
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	switch {
	case revision == "":
		return "unknown"
	case settings["vcs.modified"] == "true":
		return revision + "+dirty"
	default:
		return revision
	}
}
