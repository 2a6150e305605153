//go:build !unix

package app

// lock does nothing where there is no flock: the operator must not start two servers on one folder.
func (Config) lock() (release func() error, err error) { return func() error { return nil }, nil }
