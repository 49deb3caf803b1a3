package devstack

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user a child runs as.
type account struct {
	name     string
	uid, gid uint32
}

// postgresAccount is the unprivileged user for Postgres, which refuses to run
// as root; nil when we are not root and it runs as ourselves.
func postgresAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nil is an answer: nobody else
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := lookup(name)
		if err == nil {
			return found, nil
		}
	}
	return nil, errors.New("running as root, but there is neither a user postgres nor nobody to run Postgres as")
}

func lookup(name string) (*account, error) {
	found, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", name, err)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", name, err)
	}
	return &account{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
}

// reaches tells whether the account may pass through the directory and all
// above it. A nil account is ourselves, who made the directory.
func (a *account) reaches(dir string) bool {
	if a == nil {
		return true
	}
	for {
		info, err := os.Stat(dir)
		if err != nil || !a.mayPass(info) {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

func (a *account) mayPass(dir os.FileInfo) bool {
	owner, ok := dir.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	switch {
	case owner.Uid == a.uid:
		return dir.Mode()&0o100 != 0
	case owner.Gid == a.gid:
		return dir.Mode()&0o010 != 0
	default:
		return dir.Mode()&0o001 != 0
	}
}

// own gives a file or directory to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}
