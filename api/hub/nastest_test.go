package hub_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// test asks for a test and returns what comes of it, in the background.
func (r *rig) test(nas visit.NAS) (result func() store.NASTest) {
	r.t.Helper()
	id, err := r.BeginNASTest(r.t.Context(), r.desk, r.site.ID, nas.ID)
	require.NoError(r.t, err)
	var test store.NASTest
	var waiting sync.WaitGroup
	notes := r.listening()
	waiting.Go(func() { test, err = r.WaitNASTest(r.t.Context(), notes, store.Everything, r.site.ID, nas.ID, id) })
	return func() store.NASTest {
		r.t.Helper()
		waiting.Wait()
		require.NoError(r.t, err)
		return test
	}
}

// Whichever replica somebody asks, the link's own carries the test.
func TestATestOfANASReachesTheAgentAndComesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p, q := r.replica(timing(deaf)), r.replica()
	a, b := p.agent("rack 1"), q.agent("rack 2")
	a.takes, b.takes = true, true
	one, two := p.follow(a), q.follow(b)
	nas := r.nas(1)

	result := r.test(nas)
	for _, l := range []*link{one, two} {
		test := expect[*wire.NASTest](l)
		require.Equal(t, nas.ID, test.NASID)
		require.InDelta(t, 7000, test.WithinMS, 2000)
		answer := visit.ProbeUnderstood
		if l == two {
			answer = visit.ProbeNoAnswer
		}
		l.send(&wire.NASTested{ID: test.ID, Report: visit.NASReport{Answer: answer, HeardSince: r.Clock.Now()}},
			&wire.NASTested{ID: test.ID, Report: visit.NASReport{Answer: visit.ProbeForged}}, // the first one counts
			&wire.NASTested{ID: "no test of ours"})
	}
	found := result()
	require.Len(t, found.Agents, 2)
	require.Equal(t, "rack 1", found.Agents[0].Name)
	require.Equal(t, visit.ProbeUnderstood, found.Agents[0].Report.Answer)
	require.Equal(t, visit.ProbeNoAnswer, found.Agents[1].Report.Answer)
}

func TestAnOldAgentIsSaidToBeTooOld(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	l := p.follow(p.agent("rack 1"))
	found := r.test(r.nas(1))()
	require.Equal(t, visit.ProbeAgentTooOld, found.Agents[0].Report.Answer)
	l.send(&wire.Ack{}) // the link stands
}

func TestNobodyWaitsForAnAgentThatIsAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	nas := r.nas(1)
	require.Empty(t, r.test(nas)().Agents, "none was ever enrolled")
	p.agent("rack 1")
	began := time.Now()
	found := r.test(nas)()
	require.Equal(t, visit.ProbeAgentOffline, found.Agents[0].Report.Answer)
	require.Less(t, time.Since(began), 5*time.Second)
}
