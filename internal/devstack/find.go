package devstack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// ErrNoPostgres and its like say what to do when a program is missing.
var (
	ErrNoPostgres = errors.New("no Postgres server found on PATH or in /usr/lib/postgresql: " +
		"install it with `apt-get install postgresql`, or set FOYER_DATABASE_URL to a server")
	ErrNoTemporal = errors.New("no temporal program found on PATH, in bin/ or in var/bin/: " +
		"build it with `scripts/ensure-tools temporal`, or set FOYER_TEMPORAL_ADDRESS to a server")
	ErrNoTemporalServer = errors.New("no temporal-server and temporal-sql-tool found on PATH, in bin/ or in var/bin/: " +
		"build them with `scripts/ensure-tools temporal-server`")
)

// findPostgres returns the directory that holds initdb and postgres: the one on
// PATH, or the newest of those Debian installs beside it.
func findPostgres() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil && runnable(filepath.Join(filepath.Dir(path), "initdb")) {
		return filepath.Dir(path), nil
	}
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", fmt.Errorf("look for Postgres: %w", err)
	}
	dirs = slices.DeleteFunc(dirs, func(dir string) bool {
		return !runnable(filepath.Join(dir, "initdb")) || !runnable(filepath.Join(dir, "postgres"))
	})
	if len(dirs) == 0 {
		return "", ErrNoPostgres
	}
	return slices.MaxFunc(dirs, func(a, b string) int { return majorVersion(a) - majorVersion(b) }), nil
}

// majorVersion reads the 15 of /usr/lib/postgresql/15/bin; anything else is 0.
func majorVersion(dir string) int {
	version, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	if err != nil {
		return 0
	}
	return version
}

// findTemporal returns the temporal program: the configured one, the one on
// PATH, or the one built into the repository around the working directory.
func findTemporal(configured string) (string, error) {
	if configured != "" {
		if !runnable(configured) {
			return "", fmt.Errorf("%s cannot be run: %w", configured, ErrNoTemporal)
		}
		return configured, nil
	}
	path, err := findBuilt("temporal")
	if err != nil || path == "" {
		return "", errors.Join(err, ErrNoTemporal)
	}
	return path, nil
}

// findBuilt returns a program on PATH or built into the repository around the
// working directory, and nothing when there is none.
func findBuilt(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", program, err)
	}
	for {
		for _, path := range []string{filepath.Join(dir, "bin", program), filepath.Join(dir, "var", "bin", program)} {
			if runnable(path) {
				return path, nil
			}
		}
		// The root of our module is the last place: what lies above is not ours.
		parent := filepath.Dir(dir)
		if parent == dir || exists(filepath.Join(dir, "go.mod")) {
			return "", nil
		}
		dir = parent
	}
}

func runnable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
