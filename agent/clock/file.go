package clock

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"

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
	return vault.Replace(string(f), text)
}
