package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endWithUs has the kernel end the child when this process dies, however it dies.
func endWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// usage is what a process has used.
type usage struct {
	cpu time.Duration // user and system
	rss int64         // bytes, now
}

// ticksPerSecond is USER_HZ, the unit of times in /proc; Linux has had no other for user space on any machine Go runs on.
const ticksPerSecond = 100

// used reads what the process with this id has used, from /proc (see proc_pid_stat(5)).
func used(pid int) (usage, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, err
	}
	return parseStat(raw, os.Getpagesize())
}

// parseStat counts fields from the end of the program's name, which may hold spaces and brackets itself.
func parseStat(raw []byte, page int) (usage, error) {
	const utime, stime, rss = 11, 12, 21 // of the fields after the name
	end := bytes.LastIndexByte(raw, ')')
	fields := strings.Fields(string(raw[end+1:]))
	if end < 0 || len(fields) <= rss {
		return usage{}, fmt.Errorf("the kernel's account of a process has %d fields", len(fields))
	}
	var numbers [3]int64
	for i, field := range []int{utime, stime, rss} {
		var err error
		if numbers[i], err = strconv.ParseInt(fields[field], 10, 64); err != nil {
			return usage{}, err
		}
	}
	return usage{
		cpu: time.Duration(numbers[0]+numbers[1]) * time.Second / ticksPerSecond,
		rss: numbers[2] * int64(page),
	}, nil
}
