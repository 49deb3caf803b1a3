package devstack

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// cluster is where one Postgres cluster lies and how its files are owned.
// The base directory is ours and holds the lock, the password and the log; the
// cluster itself belongs to the account Postgres runs as.
type cluster struct {
	base    string
	data    string // what Postgres calls PGDATA
	bin     string // directory of the server's programs
	account *account
	logger  *slog.Logger
}

// superuser is the role that owns everything in a private cluster.
const superuser = "foyer"

// locate chooses the data directory: in the base directory, or, where the
// account cannot reach that, in one under /var/tmp that depends on nothing but
// the base directory's path. A cluster that exists in either place is kept.
func (c *cluster) locate() error {
	inside, outside := filepath.Join(c.base, "data"), fallbackDir(c.base)
	if c.account == nil || exists(filepath.Join(inside, "PG_VERSION")) || !exists(outside) && c.account.reaches(c.base) {
		c.data = inside
		return nil
	}
	c.logger.Info("postgres data lies outside its directory, which its user cannot reach",
		"directory", c.base, "data", outside, "user", c.account.name)
	if err := c.claim(outside); err != nil {
		return err
	}
	c.data = filepath.Join(outside, "data")
	return nil
}

func fallbackDir(base string) string {
	sum := sha256.Sum256([]byte(base))
	return filepath.Join("/var/tmp", "foyer-"+hex.EncodeToString(sum[:8]))
}

// claim makes the directory for the account alone. /var/tmp is open to
// everybody, so what is found there must be what we would have made.
func (c *cluster) claim(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		return c.account.own(dir)
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("create the data directory: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the data directory: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || owner.Uid != c.account.uid || info.Mode().Perm() != 0o700 {
		return fmt.Errorf("%s exists and is not a private directory of user %s", dir, c.account.name)
	}
	return nil
}

// password returns the superuser's password, making one for a new cluster.
func (c *cluster) password() (password string, fresh bool, err error) {
	path := filepath.Join(c.base, "password")
	text, err := os.ReadFile(filepath.Clean(path))
	if err == nil {
		return strings.TrimSpace(string(text)), false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", false, fmt.Errorf("read the database password: %w", err)
	}
	password = rand.Text()
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		return "", false, fmt.Errorf("keep the database password: %w", err)
	}
	return password, true, nil
}

// setAside makes room where a cluster lies whose password is gone: somebody has
// deleted the base directory to begin anew, and the data lay outside it. What was
// set aside before is deleted.
func (c *cluster) setAside(ctx context.Context) error {
	if !exists(c.data) {
		return nil
	}
	if err := killIn(ctx, c.data); err != nil {
		return err
	}
	old := c.data + ".old"
	if err := errors.Join(os.RemoveAll(old), os.Rename(c.data, old)); err != nil {
		return fmt.Errorf("set the old cluster aside: %w", err)
	}
	c.logger.Warn("postgres data without its password is set aside", "data", old)
	return nil
}

// ensure creates the cluster unless there is one. It appears by a rename, so
// that an interrupted creation leaves nothing that looks like a cluster.
func (c *cluster) ensure(ctx context.Context, password string, fsync bool) error {
	if exists(filepath.Join(c.data, "PG_VERSION")) {
		return nil
	}
	fresh := c.data + ".new"
	if err := errors.Join(os.RemoveAll(fresh), os.Mkdir(fresh, 0o700), c.account.own(fresh)); err != nil {
		return fmt.Errorf("create the data directory: %w", err)
	}
	if err := c.initdb(ctx, fresh, password, fsync); err != nil {
		return err
	}
	if err := os.Rename(fresh, c.data); err != nil {
		return fmt.Errorf("put the new cluster in place: %w", err)
	}
	return nil
}

func (c *cluster) initdb(ctx context.Context, dir, password string, fsync bool) error {
	// initdb wants the password as a file it may read, and an empty directory.
	pwfile := dir + ".password"
	defer os.Remove(pwfile) //nolint:errcheck // the account owns it and nobody else can read it
	err := os.WriteFile(pwfile, []byte(password), 0o600)
	if err := errors.Join(err, c.account.own(pwfile)); err != nil {
		return fmt.Errorf("hand over the database password: %w", err)
	}
	// C.UTF-8: bytes order names, but letters of all languages fold their case.
	args := []string{
		"-D", dir, "-U", superuser, "--pwfile", pwfile, "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--locale", "C.UTF-8",
	}
	if !fsync {
		args = append(args, "--no-sync")
	}
	process, err := launch{
		name: "initdb", path: filepath.Join(c.bin, "initdb"), args: args, account: c.account,
		onParentDeath: syscall.SIGKILL, logFile: c.logFile(),
	}.start()
	if err != nil {
		return err
	}
	select {
	case <-process.exited:
	case <-ctx.Done():
		process.kill()
		return fmt.Errorf("create the cluster: %w", context.Cause(ctx))
	}
	if !process.cmd.ProcessState.Success() {
		return fmt.Errorf("create the cluster: %s", tail(c.logFile()))
	}
	return nil
}

func (c *cluster) logFile() string { return filepath.Join(c.base, "postgres.log") }

// remove deletes everything, also what lies outside the base directory.
func (c *cluster) remove() error {
	return errors.Join(os.RemoveAll(c.base), os.RemoveAll(fallbackDir(c.base)))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
