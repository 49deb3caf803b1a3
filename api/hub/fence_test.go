package hub_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api/hub"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// silence tells of nothing.
type silence struct{}

func (silence) Subscribe(int) (<-chan store.Notification, func()) { return nil, func() {} }

// watched tells when a follower has done its first round.
type watched struct {
	hub.Ledger
	claimed chan struct{}
}

func (w watched) ClaimCommands(ctx context.Context, site visit.SiteID, agent visit.AgentID, epoch int64, connected []visit.AgentID) ([]wire.SessionTerminate, error) {
	defer func() { w.claimed <- struct{}{} }()
	return w.Ledger.ClaimCommands(ctx, site, agent, epoch, connected)
}

// cutOff is a replica that learns of the others from its agents' writes alone:
// once it follows, it asks the store for nothing by itself.
type cutOff struct {
	*replica
	claimed chan struct{}
}

func (r *rig) cutOff(changes ...with) cutOff {
	claimed := make(chan struct{}, 100)
	changes = append(changes, timing(deaf), func(c *hub.Config) {
		c.Notifications, c.Ledger = silence{}, watched{c.Ledger, claimed}
	})
	return cutOff{r.replica(changes...), claimed}
}

func (c cutOff) follow(a *agent) *link {
	c.rig.t.Helper()
	l := c.replica.follow(a)
	select {
	case <-c.claimed:
	case <-time.After(soon):
		require.FailNow(c.rig.t, "the follower asked for no commands")
	}
	return l
}

func TestSecondConnectionReplacesTheFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p, q := r.replica(), r.replica(timing(deaf))
	a := p.agent("rack 1")
	clone := *a
	first := p.follow(a)
	second := p.follow(&clone)
	first.endsWith(wire.CloseReplaced, "by one on the same replica")
	third := q.follow(a)
	second.endsWith(wire.CloseReplaced, "by one on another replica")
	require.Equal(t, int64(3), r.state(a.id).Epoch)
	third.send(&wire.Ack{Position: a.position})
	r.eventually("the last one acts", func() bool { return r.state(a.id).AckedRevision == a.position.Revision })
}

// Nothing that the old connection says is stored once another one acts for the
// agent (P8), even where its hub has not heard of that.
func TestOldConnectionWritesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.nas(1)
	writes := map[string]func() wire.Frame{
		"ack":    func() wire.Frame { return &wire.Ack{Position: wire.Position{Revision: 99, Stamp: 99}} },
		"stats":  func() wire.Frame { return &wire.Stats{Grants: 99} },
		"report": func() wire.Frame { return refused("stale", 1) },
		"renew":  func() wire.Frame { return &wire.Renew{CSR: csr(t, newKey(t))} },
	}
	lonely, other := r.cutOff(), r.replica()
	for name, write := range writes {
		a := other.agent(name)
		clone := *a
		old := lonely.follow(a)
		other.follow(&clone)
		old.send(write())
		old.endsWith(wire.CloseReplaced, name)
		state := r.state(a.id)
		require.Less(t, state.AckedRevision, int64(99), name)
		require.Nil(t, state.Stats, name)
		require.NotEmpty(t, state.Hub, "the end of the old link is not the end of the new one")
	}
	require.Zero(t, r.count("select count(*) from refused_logins"))
	require.Equal(t, len(writes), r.count("select count(*) from agent_certificates"), "none was renewed")
}

// unfenced forgets the epoch: what the test above must find.
type unfenced struct{ *store.Store }

func (u unfenced) Ack(ctx context.Context, agent visit.AgentID, epoch int64, position wire.Position) error {
	return u.Store.Ack(ctx, agent, epoch+1, position)
}

func TestFenceOffIsFound(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	lonely, other := r.cutOff(func(c *hub.Config) { c.Store = unfenced{r.Store} }), r.replica()
	a := other.agent("rack 1")
	clone := *a
	old := lonely.follow(a)
	other.follow(&clone)
	old.send(&wire.Ack{Position: wire.Position{Revision: 99, Stamp: 99}})
	r.eventually("the stale acknowledgement is stored", func() bool { return r.state(a.id).AckedRevision == 99 })
}

func TestReplacedTooOftenIsQuarantined(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	a := p.agent("rack 1")
	var last *link
	for range 3 { // the first one replaces nobody
		clone := *a
		last = p.follow(&clone)
		r.Clock.Advance(time.Millisecond)
		last.send(&wire.Stats{})
		r.eventually("the link shows life", func() bool { s := r.state(a.id); return s.LastSeenAt.After(*s.ConnectedAt) })
	}
	p.connect(a).endsWith(wire.CloseQuarantined, "the third replacement")
	last.endsWith(wire.CloseQuarantined, "the live link")
	p.connect(a).endsWith(wire.CloseQuarantined, "until an operator decides")
	require.NotNil(t, r.state(a.id).QuarantinedAt)
	require.NoError(t, r.ReleaseQuarantine(t.Context(), r.desk, r.site.ID, a.id))
	p.follow(a)
}

func TestReplacedNowAndThenIsNot(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	a := p.agent("rack 1")
	for range 6 {
		clone := *a
		p.follow(&clone)
		r.Clock.Advance(6 * time.Minute)
	}
	for range 6 { // one that knows the last epoch is the same agent coming back
		a.epoch = r.state(a.id).Epoch
		p.follow(a)
	}
	require.Nil(t, r.state(a.id).QuarantinedAt)
}
