package devstack

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

func startTemporal(t *testing.T, config TemporalConfig) *Temporal {
	t.Helper()
	temporal, err := StartTemporal(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, temporal.Stop(context.WithoutCancel(t.Context()))) })
	return temporal
}

func dial(t *testing.T, temporal *Temporal) client.Client {
	t.Helper()
	connected, err := client.DialContext(t.Context(), client.Options{HostPort: temporal.Address()})
	require.NoError(t, err)
	t.Cleanup(connected.Close)
	return connected
}

func TestTemporalKeepsItsWorkflowsOverEveryEnd(t *testing.T) {
	t.Parallel()
	config := TemporalConfig{Dir: filepath.Join(newDir(t), "temporal"), Headless: true}
	first := startTemporal(t, config)
	options := client.StartWorkflowOptions{ID: "kept", TaskQueue: "nobody-polls"}
	started, err := dial(t, first).ExecuteWorkflow(t.Context(), options, "Nothing")
	require.NoError(t, err)

	require.NoError(t, first.Kill9())
	require.NoError(t, first.Restart(t.Context()))
	found, err := dial(t, first).DescribeWorkflowExecution(t.Context(), "kept", "")
	require.NoError(t, err, "after kill -9")
	require.Equal(t, started.GetRunID(), found.GetWorkflowExecutionInfo().GetExecution().GetRunId())

	require.NoError(t, first.Stop(t.Context()))
	require.NoError(t, first.Stop(t.Context()), "a second stop is fine")
	second := startTemporal(t, config)
	_, err = dial(t, second).DescribeWorkflowExecution(t.Context(), "kept", "")
	require.NoError(t, err, "after a clean stop")
}

func TestTemporalServesItsInterface(t *testing.T) {
	t.Parallel()
	temporal := startTemporal(t, TemporalConfig{
		Dir: filepath.Join(newDir(t), "temporal"), Namespace: "visits", Ephemeral: true, CodecEndpoint: "http://127.0.0.1:1",
	})
	require.Eventually(t, func() bool { return serves(t, temporal.UIURL()+"/api/v1/settings") }, waitFor, pollEvery)
}

func TestTemporalDirectoryBelongsToOneProcess(t *testing.T) {
	t.Parallel()
	config := TemporalConfig{Dir: filepath.Join(newDir(t), "temporal"), Headless: true}
	startTemporal(t, config)
	_, err := StartTemporal(t.Context(), config)
	require.ErrorContains(t, err, "in use by another process")
}

func TestMissingTemporalSaysHowToGetIt(t *testing.T) {
	t.Parallel()
	_, err := StartTemporal(t.Context(), TemporalConfig{Dir: newDir(t), BinaryPath: "/nowhere/temporal"})
	require.ErrorIs(t, err, ErrNoTemporal)
}

func serves(t *testing.T, address string) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}
