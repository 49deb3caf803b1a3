package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is what Linux counts CPU time in: USER_HZ, 100 everywhere Go runs.
const clockTick = time.Second / 100

// cpuOf is the CPU time that a process and its children have used, those that have
// ended included.
func cpuOf(pid int) time.Duration {
	total := time.Duration(0)
	for _, p := range append(children(pid), pid) {
		if stat := statOf(p); stat != nil {
			total += ticks(stat[11:15]) // utime, stime, cutime, cstime
		}
	}
	return total
}

// ownCPU is the CPU time of this program, which makes the load, without the systems
// it has started.
func ownCPU() time.Duration {
	if stat := statOf(os.Getpid()); stat != nil {
		return ticks(stat[11:13])
	}
	return 0
}

func ticks(fields []string) time.Duration {
	sum := time.Duration(0)
	for _, field := range fields {
		n, _ := strconv.ParseInt(field, 10, 64)
		sum += time.Duration(n) * clockTick
	}
	return sum
}

// statOf is /proc/<pid>/stat from its third field on; nil when there is none.
func statOf(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// The second field is the program's name in parentheses, which may hold anything.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 15 {
		return nil
	}
	return fields
}

func children(pid int) []int {
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	var list []int
	for _, entry := range entries {
		child, err := strconv.Atoi(filepath.Base(entry))
		if stat := statOf(child); err == nil && stat != nil && stat[1] == strconv.Itoa(pid) {
			list = append(list, child)
		}
	}
	return list
}

// residentOf is the memory of a process that is in RAM, in bytes.
func residentOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// part is a process whose cost is measured.
type part struct {
	name string
	pid  int
}

// usage is CPU time by part.
type usage map[string]time.Duration

func usageOf(parts []part) usage {
	u := usage{partLoad: ownCPU()}
	for _, p := range parts {
		u[p.name] += cpuOf(p.pid)
	}
	return u
}

// since is what was used after before.
func (u usage) since(before usage) usage {
	d := usage{}
	for name, t := range u {
		d[name] = t - before[name]
	}
	return d
}

func (u usage) add(other usage) {
	for name, t := range other {
		u[name] += t
	}
}
