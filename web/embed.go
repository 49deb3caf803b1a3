// Package web holds the dashboard as it was built into this binary: the sources
// are in TypeScript beside it, and `make web` fills dist.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are the dashboard's: index.html, and what it loads under assets, each also
// compressed as name.br and name.gz. In a binary built without the dashboard there
// is placeholder.html alone, which says so.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: " + err.Error()) // the name is constant
	}
	return files
}
