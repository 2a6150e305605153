//go:build !linux

package bench

import (
	"os/exec"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

func endWithUs(*exec.Cmd) {}

// usage is what a process has used.
type usage struct {
	cpu time.Duration
	rss int64
}

var errOnlyLinux = problem.New(problem.Unavailable, "bench.only_linux", lang.Text{
	ZH: "只有在 Linux 上才能测量服务器的处理器和内存用量", EN: "what a server uses can only be measured on Linux",
})

func used(int) (usage, error) { return usage{}, errOnlyLinux }
