package devstack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockDir creates the directory and locks it for this process. The lock goes
// when the file is closed or the process ends; children do not inherit it.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o711); err != nil { //nolint:gosec // others may pass through, not look: the cluster's user must reach its directory
		return nil, fmt.Errorf("create the service's directory: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the directory's lock: %w", err)
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("%s is in use by another process", dir)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}
