// Command foyer is a self-hosted visit engine for guest WiFi; see `foyer --help`.
package main

import (
	"os"
	"runtime/debug"

	"github.com/foyerhq/foyer/internal/app"
)

// version is set by the build (-X main.version=…).
var version string

func main() {
	os.Exit(app.Main(os.Args[1:], versionOrBuild()))
}

// versionOrBuild falls back to what the Go tool recorded.
func versionOrBuild() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}
