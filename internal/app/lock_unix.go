//go:build unix

package app

import (
	"os"
	"path/filepath"
	"syscall"
)

// lock keeps a second server from this data folder: two would write the same events and send the same commands. The
// lock goes with the process, however it ends.
func (c Config) lock() (release func() error, err error) {
	f, err := os.OpenFile(filepath.Join(c.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, wrong("--dir", c.Dir, "换一个可写的文件夹，或修改权限", "choose a folder that can be written, or change its permissions", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // the lock is what failed
		return nil, wrong("--dir", c.Dir, "另一个 posmedic 正在使用它：停掉那一个，或换一个文件夹",
			"another posmedic uses it: stop that one, or choose another folder", err)
	}
	return f.Close, nil
}
