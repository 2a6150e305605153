// Package packs carries the knowledge packs that posmedic ships with, and the worked examples beside them.
package packs

import (
	"embed"
	"io/fs"
)

//go:embed core golden
var files embed.FS

// Core is the folder of the core pack, as pack.Load reads it.
func Core() fs.FS { return folder("core") }

// Golden is the folder of the worked examples: one casebook for each group of faults (<group>.jsonl), with at least
// one plain case of every fault of the core pack. A change of the numbers must leave them right.
func Golden() fs.FS { return folder("golden") }

func folder(name string) fs.FS {
	f, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // the folder is compiled in under this very name
	}
	return f
}
