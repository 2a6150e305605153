package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// hideInput stops a terminal from showing what is typed, until restore; hidden is false for files and pipes.
func hideInput(f *os.File) (hidden bool, restore func()) {
	fd := int(f.Fd())
	was, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return false, func() {}
	}
	quiet := *was
	quiet.Lflag &^= unix.ECHO
	if unix.IoctlSetTermios(fd, unix.TCSETS, &quiet) != nil {
		return false, func() {}
	}
	return true, func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, was) } // the terminal is gone when this fails
}
