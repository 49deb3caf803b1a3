package clock

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/foyerhq/foyer/agent/vault"
)

// File is a Store in a file of its own, replaced whole at each save.
type File string

// Load reads the mark; a missing file is no mark.
func (f File) Load() (Mark, error) {
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return Mark{}, nil
	}
	if err != nil {
		return Mark{}, err
	}
	var m Mark
	if err := json.Unmarshal(text, &m); err != nil {
		return Mark{}, errMark
	}
	return m, nil
}

// Save replaces the mark and returns once it is on disk.
func (f File) Save(m Mark) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	path := string(f)
	if err := writeSynced(path+".new", text); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return vault.SyncDir(filepath.Dir(path))
}

func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
