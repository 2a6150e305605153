// Package web holds the faces that people see, built by `make web` and carried inside the binary.
//
// Each face has a folder of its own: Files has "console/index.html" with its hashed "console/assets/…". Beside every
// file that is worth compressing lies a ".gz" sibling for those who accept gzip. Without a build only ".keep" is there
// and Built says no: the server still runs, and says how to build the faces.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Built reports whether the faces were built into this binary.
func Built() bool {
	_, err := fs.Stat(dist, "dist/console/index.html")
	return err == nil
}

// Files gives the built faces, one folder a face.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		// The name is a constant and the folder is always embedded, so this cannot happen in a program that compiled.
		panic(err)
	}
	return files
}
