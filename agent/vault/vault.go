// Package vault keeps the key that seals what an agent writes to its disk.
//
// The key lies beside the data, in a file only its owner may read. That protects
// copies and backups of the data without the file, not a stolen machine.
package vault

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/foyerhq/foyer/internal/seal"
)

const maxKeyFile = 4 << 10

// Open reads the key file at path, or makes it with a new random key. A file that
// others may read is refused: the key has to be taken for known.
func Open(path string, random io.Reader) (*seal.Keyring, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(path, random)
	}
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer f.Close()
	return read(f)
}

func read(f *os.File) (*seal.Keyring, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("key file %s is not a regular file", f.Name())
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("key file %s has mode %#o, so that others may read it; run: chmod 600 %s", f.Name(), mode, f.Name())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	ring, err := seal.Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", f.Name(), err)
	}
	return ring, nil
}

// create writes a new key beside path and links it into place, so that a crash
// leaves a whole file or none and two processes agree on one key.
func create(path string, random io.Reader) (*seal.Keyring, error) {
	var raw [seal.KeySize]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return nil, fmt.Errorf("new key: %w", err)
	}
	temporary := fmt.Sprintf("%s.new.%d", path, os.Getpid())
	defer os.Remove(temporary)
	if err := write(temporary, base64.StdEncoding.EncodeToString(raw[:])+"\n"); err != nil {
		return nil, fmt.Errorf("new key file: %w", err)
	}
	if err := os.Link(temporary, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("new key file: %w", err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("new key file: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer f.Close()
	return read(f)
}

func write(path, text string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Sync()
}

func syncDir(dir string) (err error) {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.Sync()
}
