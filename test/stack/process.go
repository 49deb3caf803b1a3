package stack

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Process is one process that can be killed and started again. Its methods are
// for the test's goroutine.
type Process struct {
	t       testing.TB
	name    string
	program string // empty: foyer
	account *syscall.Credential
	args    []string
	env     []string
	log     string // path; all its lives append to it

	mu     sync.Mutex // guards the rest
	cmd    *exec.Cmd
	exited chan struct{}
}

var (
	buildOnce sync.Once
	binary    string
	errBuild  error
)

// Binary builds foyer once per test process and returns its path. FOYER_BIN
// names one that is built already.
func Binary(t testing.TB) string {
	t.Helper()
	buildOnce.Do(func() {
		if binary = os.Getenv("FOYER_BIN"); binary != "" {
			return
		}
		dir, err := os.MkdirTemp("", "foyer-bin-")
		if err != nil {
			errBuild = err
			return
		}
		binary = filepath.Join(dir, "foyer")
		build := exec.Command("go", "build", "-o", binary, "./cmd/foyer") //nolint:noctx // for all tests of the process
		build.Dir = Root()
		if out, err := build.CombinedOutput(); err != nil {
			errBuild = fmt.Errorf("%w: %s", err, out)
		}
	})
	require.NoError(t, errBuild)
	return binary
}

// Root is the repository's top folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// NewProcess prepares a process without starting it. The environment is exactly
// env plus PATH and HOME.
func NewProcess(t testing.TB, dir, name string, env []string, args ...string) *Process {
	t.Helper()
	p := &Process{
		t: t, name: name, args: args, log: filepath.Join(dir, name+".log"),
		env: append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, env...),
	}
	t.Cleanup(func() {
		p.Kill9()
		if t.Failed() {
			t.Logf("--- %s, last lines:\n%s", name, p.tail(60))
		}
	})
	return p
}

// NewProgram is NewProcess for another program than foyer, which runs as
// account; nil for ourselves.
func NewProgram(t testing.TB, dir, name, program string, account *syscall.Credential, env []string, args ...string) *Process {
	t.Helper()
	p := NewProcess(t, dir, name, env, args...)
	p.program, p.account = program, account
	return p
}

// Start runs the process; it may have run before.
func (p *Process) Start() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.Nil(p.t, p.cmd, "%s runs already", p.name)
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(p.t, err)
	program := p.program
	if program == "" {
		program = Binary(p.t)
	}
	cmd := exec.Command(program, p.args...) //nolint:noctx // it ends by Kill9 and Stop
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, log, log
	// A thread that ends would take the child along, so the parent's death is
	// signalled to a child of a thread that is kept.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: p.account}
	started, exited := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the child
		started <- cmd.Start()
		_ = cmd.Wait()
		_ = log.Close()
		close(exited)
	}()
	require.NoError(p.t, <-started)
	p.cmd, p.exited = cmd, exited
}

// Running reports whether the process has been started and not ended.
func (p *Process) Running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Kill9 kills the process and waits until it is gone.
func (p *Process) Kill9() { p.signal(syscall.SIGKILL, time.Minute) }

// Stop asks the process to end and waits for it.
func (p *Process) Stop() { p.signal(syscall.SIGTERM, 45*time.Second) }

func (p *Process) signal(s syscall.Signal, within time.Duration) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(s) // gone already: fine
	select {
	case <-p.exited:
	case <-time.After(within):
		_ = p.cmd.Process.Kill()
		<-p.exited
		p.t.Errorf("%s did not end within %s of %s", p.name, within, s)
	}
	p.cmd = nil
}

// PID is the running process's.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	require.NotNil(p.t, p.cmd, "%s does not run", p.name)
	return p.cmd.Process.Pid
}

// Log is all that the process has written, in all its lives.
func (p *Process) Log() []byte {
	body, err := os.ReadFile(p.log)
	if err != nil && !os.IsNotExist(err) {
		require.NoError(p.t, err)
	}
	return body
}

func (p *Process) tail(lines int) []byte {
	all := bytes.Split(bytes.TrimSpace(p.Log()), []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], []byte("\n"))
}
