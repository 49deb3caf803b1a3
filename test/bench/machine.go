package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/foyerhq/foyer/test/stack"
)

// machineFacts says what the figures were measured with.
func machineFacts() string {
	var b strings.Builder
	fact := func(name, value string) { fmt.Fprintf(&b, "- %s: %s\n", name, strings.TrimSpace(value)) }
	fact("command", "`go run ./test/bench "+strings.Join(os.Args[1:], " ")+"`")
	fact("date", time.Now().UTC().Format("2006-01-02 15:04 UTC"))
	fact("commit", output("git", "-C", stack.Root(), "describe", "--always", "--dirty"))
	fact("machine", fmt.Sprintf("%d cores (%s), %s memory, load before %s", runtime.NumCPU(), fileField("/proc/cpuinfo", "model name"),
		fileField("/proc/meminfo", "MemTotal"), load()))
	fact("Go", runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH)
	fact("Postgres", postgresVersion())
	fact("Temporal dev server", output(found("temporal"), "--version"))
	fact("Temporal server", output(found("temporal-server"), "--version"))
	return b.String()
}

// load is the machine's load average, which says whether somebody else works too.
func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(text) + " ? ? ?")[:3], " ")
}

func output(command string, args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	text, err := exec.CommandContext(ctx, command, args...).Output() //nolint:gosec // names of our own
	if err != nil {
		return "unknown"
	}
	return string(text)
}

// found is a tool on PATH or in bin/, as the system itself finds it.
func found(tool string) string {
	if path, err := exec.LookPath(tool); err == nil {
		return path
	}
	return filepath.Join(stack.Root(), "bin", tool)
}

func postgresVersion() string {
	if _, err := exec.LookPath("postgres"); err == nil {
		return output("postgres", "--version")
	}
	paths, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(paths) == 0 {
		return "unknown"
	}
	return output(paths[len(paths)-1], "--version")
}

// fileField is the value of the first line `name: value` in a file of /proc.
func fileField(path, name string) string {
	text, err := os.ReadFile(path) //nolint:gosec // a constant
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
