//go:build !linux

package main

import "os"

// hideInput hides nothing here: give the password on standard input.
func hideInput(*os.File) (hidden bool, restore func()) { return false, func() {} }
