package vault

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/foyerhq/foyer/internal/seal"
)

// ErrBroken means that a file's content cannot be used: damaged, or sealed with
// another key. Load functions return it, wrapped, for what they find themselves.
var ErrBroken = errors.New("not usable")

// DB is a bbolt file whose values are JSON, sealed for their bucket and key.
// Transactions wait for the disk: when Update returns nil, the change is durable.
type DB struct {
	Tx
	keys *seal.Keyring
}

// Tx is what DB needs of bbolt, so that tests can let a disk fail.
type Tx interface {
	Update(func(*bbolt.Tx) error) error
	View(func(*bbolt.Tx) error) error
	Close() error
}

// OpenDB opens the file at path, or makes it, and lets load read it. A file that
// is broken is moved aside to path+".broken" and a new one made: moved then says
// why. Load may run twice, the second time on the empty file.
func OpenDB(path string, keys *seal.Keyring, load func(*DB, *bbolt.Tx) error) (db *DB, moved, err error) {
	db, err = tryOpen(path, keys, load)
	if !errors.Is(err, ErrBroken) {
		return db, nil, err
	}
	moved = err
	if err := os.Rename(path, path+".broken"); err != nil {
		return nil, moved, fmt.Errorf("move the broken file aside: %w", err)
	}
	db, err = tryOpen(path, keys, load)
	return db, moved, err
}

// tryOpen turns what bbolt does with a damaged file, which is to panic or to read
// beyond the end of the mapped file, into ErrBroken.
func tryOpen(path string, keys *seal.Keyring, load func(*DB, *bbolt.Tx) error) (db *DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var file *bbolt.DB
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrBroken, p)
		}
		if err != nil && file != nil {
			_ = file.Close()
		}
	}()
	file, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("%s is in use by another process", path)
	case isPathError(err):
		return nil, err // the file may be sound, we just cannot reach it
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	db = &DB{Tx: file, keys: keys}
	err = file.View(func(tx *bbolt.Tx) error { // not Update: a full disk can be read
		if err := whole(tx, path); err != nil {
			return err
		}
		return load(db, tx)
	})
	if err != nil {
		return nil, err
	}
	return db, nil
}

func isPathError(err error) bool {
	_, ok := errors.AsType[*fs.PathError](err)
	return ok
}

// whole finds a file that was cut off, before anybody reads beyond its end.
func whole(tx *bbolt.Tx, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if tx.Size() > info.Size() {
		return fmt.Errorf("%w: %d octets of %d", ErrBroken, info.Size(), tx.Size())
	}
	return nil
}

// Put stores v under key in bucket.
func (d *DB) Put(bucket *bbolt.Bucket, name string, key []byte, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	blob, err := d.keys.Seal(text, place(name, key))
	if err != nil {
		return err
	}
	return bucket.Put(key, blob)
}

// Decode opens blob, found under key in the bucket called name, into v.
func (d *DB) Decode(name string, key, blob []byte, v any) error {
	text, err := d.keys.Open(blob, place(name, key))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%w: a value does not decode", ErrBroken) // the error would quote it
	}
	return nil
}

func place(name string, key []byte) string { return name + "\x00" + string(key) }

// ErrorClass names a failure to write for reports: "" for nil, "no_space",
// "read_only" or "io". It never quotes the error.
func ErrorClass(err error) string {
	switch {
	case err == nil:
		return ""
	case is(err, syscall.ENOSPC), is(err, syscall.EDQUOT), is(err, syscall.EFBIG):
		return "no_space"
	case is(err, syscall.EROFS):
		return "read_only"
	}
	return "io"
}

// is looks at the text too: bbolt does not wrap what growing its file ran into.
func is(err error, errno syscall.Errno) bool {
	return errors.Is(err, errno) || strings.Contains(err.Error(), errno.Error())
}
