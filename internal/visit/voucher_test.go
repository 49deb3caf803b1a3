package visit

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewCredentials(t *testing.T) {
	t.Parallel()
	username := regexp.MustCompile(`^v-[` + Alphabet + `]{8}$`)
	password := regexp.MustCompile(`^[` + Alphabet + `]{12}$`)
	seen := map[string]bool{}
	for range 1000 {
		c, err := NewCredentials(rand.Reader)
		require.NoError(t, err)
		require.Regexp(t, username, c.Username)
		require.Regexp(t, password, c.Password)
		require.False(t, seen[c.Password])
		seen[c.Password] = true
		require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", c, c, c, c), c.Password, "a password does not print itself")
	}
}

// Every octet is used once: each letter comes up as often as any other, and the
// octets that would favour some are drawn again.
func TestLettersAreEquallyLikely(t *testing.T) {
	t.Parallel()
	octets := make([]byte, 256)
	for i := range octets {
		octets[i] = byte(i)
	}
	fair := 256 / len(Alphabet) * len(Alphabet)
	drawn, err := draw(bytes.NewReader(octets), fair)
	require.NoError(t, err)
	count := map[rune]int{}
	for _, letter := range drawn {
		count[letter]++
	}
	require.Len(t, count, len(Alphabet))
	for letter, n := range count {
		require.Equal(t, 256/len(Alphabet), n, "%c", letter)
	}
	_, err = draw(bytes.NewReader(octets), fair+1)
	require.Error(t, err, "the octets left over are not used")
}

func TestRandomSourceThatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := NewCredentials(failing{broken})
	require.ErrorIs(t, err, broken)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestNormalForms(t *testing.T) {
	t.Parallel()
	require.Equal(t, "v-k7m2p9qa", NormalizeUsername(" V-K7M2P9QA\n"))
	require.NotEqual(t, NormalizeUsername("v-k7m2p9qa"), NormalizeUsername("vk7m2p9qa"), "the dash is part of the name")
	require.Equal(t, "abcd2345efgh", NormalizePassword("ABCD-2345 efgh"))
}
