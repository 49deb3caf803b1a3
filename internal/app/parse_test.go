package app

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// parsed reads a worker's settings the way the program does.
func parsed(t *testing.T, yaml string, args ...string) *CLI {
	t.Helper()
	path := ""
	if yaml != "" {
		path = filepath.Join(t.TempDir(), "foyer.yaml")
		require.NoError(t, os.WriteFile(path, []byte(yaml), 0o600))
	}
	cli := &CLI{}
	parser, err := newParser(cli, path)
	require.NoError(t, err)
	_, err = parser.Parse(append([]string{"worker"}, args...))
	require.NoError(t, err)
	return cli
}

// A flag beats the environment, which beats the file, which beats the default.
func TestPrecedence(t *testing.T) { // not parallel: the environment is the process's
	t.Setenv("FOYER_DATABASE_URL", "postgres://from-environment")
	t.Setenv("FOYER_KEY", "a-key")
	const yaml = "temporal-namespace: from-file\nmetrics_listen: 127.0.0.1:1\ndatabase-url: postgres://from-file\n"

	require.Equal(t, "foyer", parsed(t, "").Worker.Namespace, "default")
	cli := parsed(t, yaml)
	require.Equal(t, "from-file", cli.Worker.Namespace)
	require.Equal(t, "127.0.0.1:1", cli.Worker.MetricsListen, "with underscores too")
	require.Equal(t, "postgres://from-environment", cli.Worker.Database.URL)
	t.Setenv("FOYER_TEMPORAL_NAMESPACE", "from-environment")
	require.Equal(t, "from-environment", parsed(t, yaml).Worker.Namespace)
	require.Equal(t, "from-flag", parsed(t, yaml, "--temporal-namespace=from-flag").Worker.Namespace)
}

func TestSecretsFromFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte("from-a-file\n"), 0o600))
	t.Setenv("FOYER_DATABASE_URL", "postgres://x")
	t.Setenv("FOYER_KEY_FILE", path)
	require.Equal(t, "from-a-file", parsed(t, "").Worker.Key, "without the line's end")
	t.Setenv("FOYER_KEY", "from-environment")
	require.Equal(t, "from-environment", parsed(t, "").Worker.Key)

	require.NoError(t, os.Unsetenv("FOYER_KEY"))
	t.Setenv("FOYER_KEY_FILE", path+".missing")
	parser, err := newParser(&CLI{}, "")
	require.NoError(t, err)
	_, err = parser.Parse([]string{"worker"})
	require.ErrorContains(t, err, "no such file")
}

func TestListsInFiles(t *testing.T) {
	t.Setenv("FOYER_DATABASE_URL", "postgres://x")
	t.Setenv("FOYER_KEY", "a-key")
	path := filepath.Join(t.TempDir(), "foyer.yaml")
	require.NoError(t, os.WriteFile(path, []byte("agent-hosts: [hub.example.org, 192.0.2.1]\n"), 0o600))
	cli := &CLI{}
	parser, err := newParser(cli, path)
	require.NoError(t, err)
	_, err = parser.Parse([]string{"api"})
	require.NoError(t, err)
	require.Equal(t, []string{"hub.example.org", "192.0.2.1"}, cli.API.AgentHosts)
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	_, err := newParser(&CLI{}, filepath.Join(t.TempDir(), "missing.yaml"))
	require.Error(t, err)
	path := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(path, []byte("key: canary-secret\n\tbroken"), 0o600))
	_, err = newParser(&CLI{}, path)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "canary-secret")
}

func TestConfigPath(t *testing.T) {
	require.Equal(t, "a", configPath([]string{"api", "--config=a"}))
	require.Equal(t, "b", configPath([]string{"--config", "b", "api"}))
	t.Setenv("FOYER_CONFIG", "c")
	require.Equal(t, "c", configPath([]string{"api"}))
}

func TestUpRefusesADemoInPublic(t *testing.T) {
	t.Parallel()
	c := &UpCommand{Dir: t.TempDir(), Host: "0.0.0.0"}
	err := c.Run(t.Context(), &Program{Logger: discard, Out: io.Discard})
	require.ErrorIs(t, err, errDemoHost)
}

// What `foyer up` makes up is random, kept for its owner alone, and found again.
func TestStateIsMadeOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "up.json")
	first, err := openState(path)
	require.NoError(t, err)
	second, err := openState(path)
	require.NoError(t, err)
	require.Equal(t, first, second)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	other, err := openState(filepath.Join(t.TempDir(), "up.json"))
	require.NoError(t, err)
	require.NotEqual(t, first.Key, other.Key)
	require.NotEqual(t, first.AdminPassword, other.AdminPassword)
	require.NotEqual(t, first.RADIUSSecret, other.RADIUSSecret)
}
