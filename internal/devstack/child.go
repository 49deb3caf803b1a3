package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// child is one running process. A goroutine started with it waits for it and
// ends with it.
type child struct {
	name   string
	cmd    *exec.Cmd
	log    string        // path of its output, for error messages
	exited chan struct{} // closed by run when the process is gone
}

// launch describes a child to start.
type launch struct {
	name          string
	path          string
	args          []string
	env           []string // added to childEnv
	account       *account // nil: ours
	onParentDeath syscall.Signal
	logFile       string
}

// start runs the process with its output appended to the log file.
func (l launch) start() (*child, error) {
	log, err := openLog(l.logFile)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the child has its own copy of the descriptor
	// No context: the child ends by stop or kill, never by somebody's deadline.
	cmd := exec.Command(l.path, l.args...) //nolint:gosec,noctx // the paths are the operator's choice
	cmd.Dir = "/"                          // the caller's directory may be closed to the child's user
	cmd.Env = append(childEnv(), l.env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = childAttr(l.account, l.onParentDeath)
	c := &child{name: l.name, cmd: cmd, log: l.logFile, exited: make(chan struct{})}
	started := make(chan error)
	go c.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", l.name, err)
	}
	return c, nil
}

// run starts the process and waits for it on one locked thread. The kernel
// sends the death signal when the *thread* that forked ends, and Go ends idle
// threads as it likes; this one is kept for as long as the child lives.
func (c *child) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := c.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	_ = c.cmd.Wait() // how it ended is in its log; callers ask only whether
	close(c.exited)
}

// pid is the process's, also after its end.
func (c *child) pid() int { return c.cmd.Process.Pid }

func (c *child) alive() bool {
	select {
	case <-c.exited:
		return false
	default:
		return true
	}
}

// stop sends the signal and waits for the end. When ctx ends first the process
// is killed and stop returns an error.
func (c *child) stop(ctx context.Context, signal syscall.Signal) error {
	if !c.alive() {
		return nil
	}
	if err := c.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", c.name, err)
	}
	select {
	case <-c.exited:
		return nil
	case <-ctx.Done():
		c.kill()
		return fmt.Errorf("stop %s: killed, it did not stop in time: %w", c.name, ctx.Err())
	}
}

// kill ends the process like kill -9 and waits until it is gone.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // the only failure is that it has ended already
	<-c.exited
}

// await calls ready every few milliseconds until it returns nil, the child
// ends, or ctx does. The error carries the last refusal and the log's end.
func (c *child) await(ctx context.Context, ready func(context.Context) error) error {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-c.exited:
			return fmt.Errorf("%s ended while starting: %s", c.name, tail(c.log))
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer (%w): %w; its log ends: %s", c.name, err, context.Cause(ctx), tail(c.log))
		}
	}
}

// childEnv leaves out the caller's environment, whose PG… and TEMPORAL_…
// variables would change what the child does.
func childEnv() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC",
	}
}

// maxLogBytes is what a log may hold when its service starts; a longer one is
// begun anew.
const maxLogBytes = 16 << 20

func openLog(path string) (*os.File, error) {
	flags := os.O_CREATE | os.O_APPEND | os.O_WRONLY
	if info, err := os.Stat(path); err == nil && info.Size() > maxLogBytes {
		flags |= os.O_TRUNC
	}
	log, err := os.OpenFile(filepath.Clean(path), flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return log, nil
}

// tail returns the last part of a log, for error messages.
func tail(path string) string {
	const most = 1500
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return "no log: " + err.Error()
	}
	defer file.Close() //nolint:errcheck // read only
	if info, err := file.Stat(); err == nil && info.Size() > most {
		_, _ = file.Seek(-most, io.SeekEnd) // from the start then, which is harmless
	}
	text, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return "no log: " + err.Error()
	}
	return string(text)
}
