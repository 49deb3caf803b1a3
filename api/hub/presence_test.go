package hub_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api/hub"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func (r *rig) shows(enabled bool) {
	r.t.Helper()
	list := visit.OfflineList{Enabled: enabled, Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/24")}}
	_, err := r.SetOfflineList(r.t.Context(), r.desk, r.site.ID, list, "$a hash")
	require.NoError(r.t, err)
}

// watching connects an agent that shows lists and has one of that version.
func (p *replica) watching(a *agent, version string) *link {
	p.rig.t.Helper()
	hello := a.hello()
	hello.Takes, hello.Presence = []wire.Type{wire.TypePresenceSnapshot}, version
	l := p.dial(a)
	l.send(hello)
	l.begin()
	return l
}

func names(f *wire.PresenceSnapshot) (list []string) {
	for _, person := range f.People {
		list = append(list, person.Name)
	}
	return list
}

func TestAgentsHearWhoIsInTheBuilding(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows(true)
	p := r.replica()
	a, old := p.agent("a"), p.agent("old")
	l, skips := p.watching(a, ""), p.follow(old)
	first := expect[*wire.PresenceSnapshot](l)
	require.True(t, first.Last)
	require.Empty(t, first.People)
	require.Equal(t, "Berlin", first.Settings.Site)
	require.Equal(t, r.Clock.Now(), first.AsOf.UTC())

	began := time.Now()
	guest := r.arrive(r.nas(1))
	came := expect[*wire.PresenceSnapshot](l)
	require.Equal(t, []string{"Quill, Ada"}, names(came))
	require.NotEqual(t, first.Version, came.Version)
	t.Logf("%s from the check-in to the agent", time.Since(began))
	r.leave(guest)
	require.Empty(t, names(expect[*wire.PresenceSnapshot](l)))

	r.shows(false)
	off := expect[*wire.PresenceSnapshot](l)
	require.Nil(t, off.Settings)
	require.Empty(t, off.Version)
	skips.report(guest.accounting(1, wire.AccountingStart))
	for frame := skips.next(); frame.FrameType() != wire.TypeReportAck; frame = skips.next() {
		require.NotEqual(t, wire.TypePresenceSnapshot, frame.FrameType(), "an agent that would skip it is told nobody's name")
	}
}

func TestListThatTheAgentHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows(true)
	nas := r.nas(1)
	r.arrive(nas)
	p := r.replica()
	a := p.agent("a")
	version := expect[*wire.PresenceSnapshot](p.watching(a, "")).Version

	l := p.watching(a, version)
	same := expect[*wire.PresenceSnapshot](l)
	require.True(t, same.Unchanged, "it is told that its list is right, and no name")
	require.Equal(t, version, same.Version)
	require.Empty(t, same.People)
	_, err := r.CreateNAS(t.Context(), r.desk, visit.NAS{SiteID: r.site.ID, Name: "x", Source: netip.MustParsePrefix("10.9.0.0/16"), Secret: "a shared secret"})
	require.NoError(t, err, "something happens that has nothing to do with it")
	r.arrive(nas)
	require.Len(t, expect[*wire.PresenceSnapshot](l).People, 2)
}

func TestListOfASiteThatShowsNoneIsTakenBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.arrive(r.nas(1))
	p := r.replica(timing(hub.DefaultTiming))
	a := p.agent("a")
	l := p.watching(a, "of before the backup")
	require.Equal(t, &wire.PresenceSnapshot{Last: true, AsOf: r.Clock.Now()}, utc(expect[*wire.PresenceSnapshot](l)))

	none := p.watching(a, "")
	none.report(wire.Record{Sequence: 1, At: r.Clock.Now(), Presence: &wire.PresenceOpened{Opened: 1}})
	for frame := none.next(); frame.FrameType() != wire.TypeReportAck; frame = none.next() {
		require.NotEqual(t, wire.TypePresenceSnapshot, frame.FrameType())
	}
	require.Equal(t, 1, r.count("select count(*)::int from audit where action = 'presence.opened'"))
}

func utc(f *wire.PresenceSnapshot) *wire.PresenceSnapshot {
	f.AsOf = f.AsOf.UTC()
	return f
}
