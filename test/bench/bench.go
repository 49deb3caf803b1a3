package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"
)

// bench is the testing.TB that test/stack asks for, outside a test binary: a
// failure ends the measurement, and what was started is stopped in any case. Of
// the interface it has what test/stack and require use.
type bench struct {
	testing.TB
	ctx context.Context
	dir string

	mu       sync.Mutex // guards the fields below
	cleanups []func()
	failed   bool
}

// runOne runs a measurement to its end or to its first failure, cleans up, and
// reports whether it succeeded.
func runOne(ctx context.Context, name string, run func(*bench)) bool {
	b := &bench{ctx: ctx}
	done := make(chan struct{})
	go func() { // of its own: FailNow ends it
		defer close(done)
		defer b.clean()
		defer func() {
			if p := recover(); p != nil {
				b.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		dir, err := os.MkdirTemp("", "foyer-bench-")
		if err != nil {
			b.Fatalf("no directory: %v", err)
		}
		b.dir = dir
		b.Cleanup(func() { _ = os.RemoveAll(dir) })
		run(b)
	}()
	<-done
	if b.Failed() {
		fmt.Printf("%s failed: nothing above is a figure.\n", name)
	}
	return !b.Failed()
}

func (b *bench) clean() {
	for {
		b.mu.Lock()
		if len(b.cleanups) == 0 {
			b.mu.Unlock()
			return
		}
		last := b.cleanups[len(b.cleanups)-1]
		b.cleanups = b.cleanups[:len(b.cleanups)-1]
		b.mu.Unlock()
		last()
	}
}

// note tells whoever waits how far the measurement is.
func (b *bench) note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

// must ends the measurement on an error.
func (b *bench) must(err error) {
	if err != nil {
		b.Fatalf("%v", err)
	}
}

// pause waits, unless the measurement is interrupted, which ends it.
func (b *bench) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-b.ctx.Done():
		b.Fatalf("interrupted")
	}
}

// Context implements testing.TB: it ends when the run is interrupted.
func (b *bench) Context() context.Context { return b.ctx }

// TempDir implements testing.TB.
func (b *bench) TempDir() string { return b.dir }

// Cleanup implements testing.TB.
func (b *bench) Cleanup(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cleanups = append(b.cleanups, f)
}

// Helper implements testing.TB.
func (*bench) Helper() {}

// Name implements testing.TB.
func (*bench) Name() string { return "bench" }

// Logf implements testing.TB.
func (b *bench) Logf(format string, args ...any) { b.note(format, args...) }

// Errorf implements testing.TB.
func (b *bench) Errorf(format string, args ...any) {
	b.mu.Lock()
	b.failed = true
	b.mu.Unlock()
	b.note(format, args...)
}

// Fatalf implements testing.TB.
func (b *bench) Fatalf(format string, args ...any) {
	b.Errorf(format, args...)
	runtime.Goexit()
}

// FailNow implements testing.TB.
func (b *bench) FailNow() {
	b.mu.Lock()
	b.failed = true
	b.mu.Unlock()
	runtime.Goexit()
}

// Failed implements testing.TB.
func (b *bench) Failed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}
