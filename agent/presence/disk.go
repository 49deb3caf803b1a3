package presence

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/seal"
)

const (
	listFile = "presence.list"
	keyFile  = "presence.tls"
	// maxFile bounds what is read back: 50,000 people with long names.
	maxFile = 64 << 20
)

// disk keeps small things in sealed files of their own.
type disk struct {
	dir  string
	keys *seal.Keyring
}

// load reads name into v, and reports false where there is no such file.
func (d disk) load(name string, v any) (bool, error) {
	path := filepath.Join(d.dir, name)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.Size() > maxFile:
		return false, fmt.Errorf("%s is too large", name)
	}
	blob, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	text, err := d.keys.Open(blob, name)
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return false, fmt.Errorf("%s does not decode", name) // the error would quote it
	}
	return true, nil
}

func (d disk) save(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	blob, err := d.keys.Seal(text, name)
	if err != nil {
		return err
	}
	return vault.Replace(filepath.Join(d.dir, name), blob)
}

// remove deletes name and what a crash may have left of writing it.
func (d disk) remove(name string) error {
	for _, path := range []string{filepath.Join(d.dir, name), filepath.Join(d.dir, name+".new")} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return vault.SyncDir(d.dir)
}
