// Package vault keeps the key that seals what an agent writes to its disk.
//
// The key lies beside the data, in a file only its owner may read. That protects
// copies and backups of the data without the file, not a stolen machine.
package vault

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/foyerhq/foyer/internal/seal"
)

const maxKeyFile = 4 << 10

// Open reads the key file at path, or makes it with a new key from random. A file
// that others may read is refused: its key has to be taken for known.
func Open(path string, random io.Reader) (*seal.Keyring, error) {
	ring, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path, random); err != nil {
			return nil, fmt.Errorf("new key file: %w", err)
		}
		ring, err = read(path)
	}
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return ring, nil
}

func read(path string) (*seal.Keyring, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat() // of the open file: the path may change under us
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %#o, so that others may have read it; run: chmod 600 %s", path, mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, err
	}
	return seal.Parse(string(text))
}

// create writes a new key beside path and links it into place, so that a crash
// leaves a whole file or none and two processes that start at once agree on one key.
func create(path string, random io.Reader) error {
	text, err := seal.Generate(random)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".key*") // O_EXCL, 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(text + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes names that were added to or removed from dir durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
