package radius

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/wire"
)

func TestRefusalsAreOneRecordAMinute(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for range 100 {
		b.auth(t, login(t, testUser).signed(t))
	}
	want := wire.Refused{NASID: "nas-1", Reason: wire.RefusedUnsupportedMethod, Username: testUser, Count: 1}
	require.Equal(t, []wire.Refused{want}, b.journal.refused(), "the first at once")

	b.tidy(testStart.Add(refusalWindow - 1))
	require.Len(t, b.journal.refused(), 1)
	b.tidy(testStart.Add(refusalWindow))
	want.Count = 99
	require.Equal(t, want, b.journal.refused()[1], "the others together")
	b.tidy(testStart.Add(2 * refusalWindow))
	require.Len(t, b.journal.refused(), 2)
}

func TestRefusalsAreReportedAtStop(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, b.Start(t.Context()))
	for range 3 {
		b.auth(t, login(t, testUser).signed(t))
	}
	require.NoError(t, b.Stop())
	require.Equal(t, 2, b.journal.refused()[1].Count)
}

func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for i := range refusalKeys + 10 {
		b.refusals.record(wire.Refused{Username: fmt.Sprint(i)}, testStart)
	}
	require.Len(t, b.journal.refused(), refusalKeys)
	require.InDelta(t, 10, testutil.ToFloat64(b.cfg.Metrics.refusalsDropped), 0)
	b.refusals.record(wire.Refused{Username: strings.Repeat("ü", 100)}, testStart.Add(refusalWindow))
	require.Len(t, b.journal.refused()[refusalKeys].Username, refusedName)
}
