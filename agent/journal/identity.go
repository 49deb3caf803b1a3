package journal

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
)

// An identity is a journal's name and what must survive its segments.
type identity struct {
	ID      string `json:"id"`
	Dropped int64  `json:"dropped"`
}

func identityPath(dir string) string { return filepath.Join(dir, "journal.json") }

// identify reads a journal's identity. One that is missing or unreadable is made
// anew: records sent under another name are stored again rather than lost.
func identify(dir string, d disk, random io.Reader) (identity, error) {
	var known identity
	text, err := os.ReadFile(identityPath(dir))
	if err == nil && json.Unmarshal(text, &known) == nil && known.ID != "" {
		return known, nil
	}
	var raw [16]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return identity{}, err
	}
	made := identity{ID: hex.EncodeToString(raw[:])}
	return made, made.save(dir, d)
}

func (i identity) save(dir string, d disk) error {
	text, err := json.Marshal(i)
	if err != nil {
		return err
	}
	return replace(d, identityPath(dir), text)
}
