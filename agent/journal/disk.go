package journal

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/foyerhq/foyer/agent/vault"
)

// Disk is how the journal writes; tests let it fail.
type disk interface {
	Create(path string) (file, error) // empty, for appending
	Rename(from, to string) error     // durable on return
	Truncate(path string, size int64) error
	SyncDir(dir string) error
}

type file interface {
	Write([]byte) (int, error)
	Sync() error
	Close() error
}

type osDisk struct{}

func (osDisk) Create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
}

func (osDisk) Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return vault.SyncDir(filepath.Dir(to))
}

// Truncate cuts the file at path and syncs it.
func (osDisk) Truncate(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), f.Sync(), f.Close())
}

func (osDisk) SyncDir(dir string) error { return vault.SyncDir(dir) }

// replace puts content in the place of the file at path, whole or not at all.
func replace(d disk, path string, content []byte) error {
	temporary := path + ".new"
	f, err := d.Create(temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return d.Rename(temporary, path)
}
