package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
)

// textbook drives the textbook workflow through a worker process.
type textbook struct {
	client client.Client
	pid    int
	serial atomic.Int64

	mu      sync.Mutex // guards waiting
	waiting map[string]chan time.Time
}

// startTextbook starts the worker: this program again, in a process that ends with
// this one.
func startTextbook(s *system) *textbook {
	c, err := dialTextbook(s.Temporal.Address(), s.Key)
	s.b.must(err)
	s.b.Cleanup(c.Close)
	path, err := os.Executable()
	s.b.must(err)
	command := exec.Command(path, "textbook") //nolint:gosec,noctx // ourselves; ended below
	command.Env = append(os.Environ(), "BENCH_TEMPORAL_ADDRESS="+s.Temporal.Address(), "FOYER_KEY="+s.Key)
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	lines, err := command.StdoutPipe()
	s.b.must(err)
	t := &textbook{client: c, waiting: map[string]chan time.Time{}}
	ready := t.expect("ready", 0)
	var running sync.WaitGroup
	started := make(chan error)
	running.Go(func() {
		runtime.LockOSThread() // the death signal follows the thread that forked
		started <- command.Start()
		t.listen(lines)
		_ = command.Wait()
	})
	s.b.must(<-started)
	s.b.Cleanup(func() {
		_ = command.Process.Kill()
		running.Wait()
	})
	t.pid = command.Process.Pid
	_, err = await(s.b.ctx, ready)
	s.b.must(err)
	return t
}

// listen reads the worker's lines until it ends.
func (t *textbook) listen(lines io.Reader) {
	scanner := bufio.NewScanner(lines)
	for scanner.Scan() {
		t.mu.Lock()
		if waiting, ok := t.waiting[scanner.Text()]; ok {
			waiting <- time.Now() // has room for the one line
			delete(t.waiting, scanner.Text())
		}
		t.mu.Unlock()
	}
}

// expect returns a channel that gets the time of a workflow's step.
func (t *textbook) expect(id string, step int) <-chan time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := make(chan time.Time, 1)
	t.waiting[fmt.Sprint(id, " ", step)] = c
	return c
}

// visit runs one workflow from its start to its last step. It starts it in the way
// that costs the server least.
func (t *textbook) visit(ctx context.Context) (times, error) {
	id := fmt.Sprintf("textbook-%d", t.serial.Add(1))
	first, last := t.expect(id, 1), t.expect(id, textbookSteps)
	begun := time.Now()
	_, err := t.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: textbookQueue}, Textbook, id)
	if err != nil {
		return times{}, err
	}
	opened, err := await(ctx, first)
	if err != nil {
		return times{}, fmt.Errorf("%s: first step: %w", id, err)
	}
	pauseFor(ctx, stayFor)
	signalled := time.Now()
	if err := t.client.SignalWorkflow(ctx, id, "", textbookSignal, nil); err != nil {
		return times{}, err
	}
	closed, err := await(ctx, last)
	return times{workflow: id, opening: opened.Sub(begun), closing: closed.Sub(signalled)}, err
}

func await(ctx context.Context, c <-chan time.Time) (time.Time, error) {
	limit := time.NewTimer(2 * time.Minute)
	defer limit.Stop()
	select {
	case t := <-c:
		return t, nil
	case <-limit.C:
		return time.Time{}, context.DeadlineExceeded
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
}
