package link

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/agent/link/linktest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestTestsOfNASes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	asked := make(chan visit.NASID, 10)
	goOn := make(chan struct{})
	b.cfg.Test = func(ctx context.Context, id visit.NASID) visit.NASReport {
		asked <- id
		select {
		case <-goOn:
			return visit.NASReport{Answer: visit.ProbeUnderstood}
		case <-ctx.Done():
			return visit.NASReport{Answer: visit.ProbeNoAnswer}
		}
	}
	hub := b.start()
	require.Equal(t, []wire.Type{wire.TakesDevices, wire.TypeNASTest}, hub.Hello.Takes)

	hub.Send(&wire.NASTest{ID: "t0", NASID: "nas-1", WithinMS: 1})
	require.Equal(t, visit.ProbeNoAnswer, linktest.Expect[*wire.NASTested](hub).Report.Answer, "the hub's limit")
	<-asked

	for range maxTests + 1 {
		hub.Send(&wire.NASTest{ID: "t1", NASID: "nas-1", WithinMS: 60_000})
	}
	for range maxTests {
		require.Equal(t, visit.NASID("nas-1"), <-asked)
	}
	hub.Send(&wire.SessionReport{}) // other frames go on meanwhile
	<-b.sessions
	require.Empty(t, asked, "one too many is left out")
	close(goOn)
	require.Equal(t, "t1", linktest.Expect[*wire.NASTested](hub).ID)
}

// A test under way does not outlive its link.
func TestTheEndOfTheLinkEndsItsTests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	asked, over := make(chan struct{}), make(chan struct{})
	b.cfg.Test = func(ctx context.Context, _ visit.NASID) visit.NASReport {
		close(asked)
		<-ctx.Done()
		close(over)
		return visit.NASReport{}
	}
	hub := b.start()
	hub.Send(&wire.NASTest{ID: "t1", NASID: "nas-1", WithinMS: 60_000})
	<-asked
	hub.Cut()
	<-over
}

func TestWithoutATestHelloTakesNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, []wire.Type{wire.TakesDevices}, b.start().Hello.Takes)
}
