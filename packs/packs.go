// Package packs carries the knowledge packs that posmedic ships with.
package packs

import (
	"embed"
	"io/fs"
)

//go:embed core
var files embed.FS

// Core is the folder of the core pack, as pack.Load reads it.
func Core() fs.FS {
	core, err := fs.Sub(files, "core")
	if err != nil {
		panic(err) // the folder is compiled in under this very name
	}
	return core
}
