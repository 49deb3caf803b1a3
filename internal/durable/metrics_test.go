package durable_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/durable"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	root := durable.NewMetrics(registry).Handler()
	handler := root.WithTags(map[string]string{"namespace": "ns", "operation": "Start"})
	handler.WithTags(map[string]string{"operation": "Signal"}).Counter("temporal_request").Inc(2)
	handler.Counter("temporal_request").Inc(1)
	handler.Counter("temporal_unheard_of").Inc(1)
	handler.Gauge("temporal_unheard_of").Update(1)
	handler.Timer("temporal_unheard_of").Record(time.Second)
	handler.Gauge("temporal_sticky_cache_size").Update(3)
	handler.Timer("temporal_request_latency").Record(20 * time.Millisecond)

	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP foyer_temporal_request_total Requests to the Temporal server.
# TYPE foyer_temporal_request_total counter
foyer_temporal_request_total{operation="Signal"} 2
foyer_temporal_request_total{operation="Start"} 1
# HELP foyer_temporal_sticky_cache_size Workflows in this worker's cache.
# TYPE foyer_temporal_sticky_cache_size gauge
foyer_temporal_sticky_cache_size 3
`), "foyer_temporal_request_total", "foyer_temporal_sticky_cache_size"))
	n, err := testutil.GatherAndCount(registry, "foyer_temporal_request_latency_seconds")
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

// A label takes names from the source of programs, not text.
func TestMetricLabelsAreBounded(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	handler := durable.NewMetrics(registry).Handler()
	for _, name := range []string{canary, strings.Repeat("x", 100), "a b", "é"} {
		handler.WithTags(map[string]string{"activity_type": name}).Counter("temporal_activity_execution_failed").Inc(1)
	}
	handler.Counter("temporal_activity_execution_failed").Inc(1)
	n, err := testutil.GatherAndCount(registry, "foyer_temporal_activity_execution_failed_total")
	require.NoError(t, err)
	require.Equal(t, 2, n, "other, and none")
}
