package devstacktest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

// userEnv makes this test binary a user of its own private services.
const userEnv = "DEVSTACKTEST_USER"

func TestSharedServicesAreThere(t *testing.T) {
	t.Parallel()
	database := SharedPostgres(t)
	require.Equal(t, database, SharedPostgres(t), "one for all")
	conn, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))

	connected, err := client.DialContext(t.Context(), client.Options{HostPort: SharedTemporal(t)})
	require.NoError(t, err)
	connected.Close()
}

// TestUser is the other half of TestServicesEndWithTheirUser; on its own it
// only shows that the services start.
func TestUser(t *testing.T) {
	t.Parallel()
	database, err := url.Parse(SharedPostgres(t))
	require.NoError(t, err)
	temporal := SharedTemporal(t)
	if os.Getenv(userEnv) != "" {
		fmt.Println("USES", database.Host, temporal)
		os.Exit(3) // an end without any cleaning up
	}
}

func TestServicesEndWithTheirUser(t *testing.T) {
	t.Parallel()
	path, err := os.Executable()
	require.NoError(t, err)
	user := exec.CommandContext(t.Context(), path, "-test.run=^TestUser$")
	// Without addresses in its environment it starts services of its own.
	user.Env = append(os.Environ(), userEnv+"=1", DatabaseURLEnv+"=", TemporalAddressEnv+"=")
	output, err := user.Output()
	require.Error(t, err)
	var postgres, temporal string
	for line := range strings.Lines(string(output)) {
		if rest, ok := strings.CutPrefix(line, "USES "); ok {
			_, err := fmt.Sscan(rest, &postgres, &temporal)
			require.NoError(t, err)
		}
	}
	require.NotEmpty(t, temporal, string(output))
	require.Eventually(t, func() bool { return closed(t, postgres) && closed(t, temporal) }, 20*time.Second, 20*time.Millisecond)
}

func closed(t *testing.T, address string) bool {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		return true
	}
	require.NoError(t, conn.Close())
	return false
}
