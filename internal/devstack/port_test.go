package devstack

import (
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFreePortsAreFreeAndDifferent(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 50 {
		port, err := FreePort()
		require.NoError(t, err)
		require.False(t, seen[port], "handed out twice")
		require.True(t, portIsFree(port))
		seen[port] = true
	}
}

func TestPickedPortTakenByAnotherIsPickedAgain(t *testing.T) {
	t.Parallel()
	var port int
	var thief net.Listener
	tries := 0
	err := onFreePort(&port, func() error {
		tries++
		if tries > 1 {
			return nil
		}
		var config net.ListenConfig
		var err error
		thief, err = config.Listen(t.Context(), "tcp", loopback(port))
		require.NoError(t, err)
		return errors.New("address in use")
	})
	require.NoError(t, err)
	require.Equal(t, 2, tries)
	require.NoError(t, thief.Close())
}

func TestOtherFailuresAreNotRepeated(t *testing.T) {
	t.Parallel()
	var port int
	tries := 0
	err := onFreePort(&port, func() error { tries++; return errors.New("disk full") })
	require.ErrorContains(t, err, "disk full")
	require.Equal(t, 1, tries)
}
