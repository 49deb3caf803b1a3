package vault_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/agent/vault"
)

func TestKeyIsMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.key")
	ring, err := vault.Open(path, rand.Reader)
	require.NoError(t, err)
	blob, err := ring.Seal([]byte("value"), "place")
	require.NoError(t, err)

	again, err := vault.Open(path, rand.Reader)
	require.NoError(t, err)
	plain, err := again.Open(blob, "place")
	require.NoError(t, err)
	require.Equal(t, "value", string(plain))

	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing but the key stays")
}

func TestKeyFileOthersMayReadIsRefused(t *testing.T) {
	t.Parallel()
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o666} {
		path := filepath.Join(t.TempDir(), "ledger.key")
		_, err := vault.Open(path, rand.Reader)
		require.NoError(t, err)
		require.NoError(t, os.Chmod(path, mode))
		_, err = vault.Open(path, rand.Reader)
		require.ErrorContains(t, err, "chmod 600 "+path)
	}
}

func TestBrokenKeyFileIsNeitherUsedNorReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.key")
	require.NoError(t, os.WriteFile(path, []byte("secret-ish"), 0o600))
	_, err := vault.Open(path, rand.Reader)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret-ish")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "secret-ish", string(text))
}

func TestShortRandomnessMakesNoKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.key")
	_, err := vault.Open(path, bytes.NewReader([]byte("too short")))
	require.Error(t, err)
	require.NoFileExists(t, path)
}

func TestConcurrentStartsAgreeOnOneKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.key")
	ids := make([]string, 8)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			if ring, err := vault.Open(path, rand.Reader); err == nil {
				ids[i] = ring.KeyID()
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		require.NotEmpty(t, id)
		require.Equal(t, ids[0], id)
	}
}

func TestErrorClass(t *testing.T) {
	t.Parallel()
	require.Empty(t, vault.ErrorClass(nil))
	require.Equal(t, "no_space", vault.ErrorClass(&os.PathError{Op: "write", Path: "/secret", Err: syscall.ENOSPC}))
	require.Equal(t, "no_space", vault.ErrorClass(errors.New("file resize error: "+syscall.EDQUOT.Error())))
	require.Equal(t, "read_only", vault.ErrorClass(syscall.EROFS))
	require.Equal(t, "io", vault.ErrorClass(errors.New("else")))
}
