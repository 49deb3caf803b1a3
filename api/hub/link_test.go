package hub_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/api/hub"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Not parallel: it looks at all goroutines.
func TestStopTellsTheAgentsAndLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("hub", func(t *testing.T) {
		r := newRig(t)
		patient := brisk
		patient.Hello, patient.Cut, patient.Write = time.Hour, time.Hour, time.Hour // a stop that waits for one fails
		p := r.replica(timing(patient))
		a, b := p.agent("rack 1"), p.agent("rack 2")
		following, silent := p.follow(a), p.dial(b)
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		defer cancel()
		following.send(&wire.Ack{Position: a.position})
		require.NoError(t, p.Stop(ctx))
		following.endsWith(wire.CloseRestart, "an agent that follows")
		silent.endsWith(wire.CloseRestart, "an agent that has not said hello")
		require.Empty(t, r.state(a.id).Hub)
		_, response, err := p.dialer(a.pair()).DialContext(t.Context(), "wss://"+p.address+"/agent/ws", nil)
		require.Error(t, err)
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
		require.NotEmpty(t, response.Header.Get("Retry-After"))
		_ = response.Body.Close()
		require.NoError(t, p.Stop(ctx), "stopping twice is fine")
	})
	goleak.VerifyNone(t, before)
}

func TestSnapshotOrResume(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	a := p.agent("rack 1")
	nas := r.nas(1)
	visitor := r.arrive(nas)

	l := p.connect(a)
	var grants, nases []string
	for part := 0; ; part++ {
		snapshot, ok := l.next().(*wire.Snapshot)
		require.True(t, ok)
		require.Equal(t, part, snapshot.Part)
		require.Equal(t, int64(1), snapshot.Epoch)
		require.Equal(t, r.Clock.Now(), snapshot.Now)
		for _, g := range snapshot.Grants {
			grants = append(grants, g.ID)
		}
		for _, n := range snapshot.NASes {
			nases = append(nases, string(n.ID))
		}
		if snapshot.Last {
			a.position, a.epoch, a.full = snapshot.Position, snapshot.Epoch, true
			break
		}
	}
	require.Equal(t, []string{visitor.grant.ID}, grants)
	require.Equal(t, []string{string(nas.ID)}, nases)
	require.NoError(t, l.ws.Close())

	next := r.nas(2)
	l = p.connect(a)
	require.Equal(t, &wire.Resume{Position: a.position, Now: r.Clock.Now(), Epoch: 2}, l.next(), "the position is known")
	entry, ok := l.next().(*wire.Entry)
	require.True(t, ok)
	require.Equal(t, string(next.ID), entry.ObjectID, "only what came after")
	require.Equal(t, wire.TypeNASPut, entry.Type)

	a.position.Stamp++
	a.epoch = 2
	require.IsType(t, &wire.Snapshot{}, p.connect(a).next(), "the position is of another lineage")
	a.position.Stamp--
	a.full = false
	require.IsType(t, &wire.Snapshot{}, p.connect(a).next(), "the agent's ledger is unreadable")
}

// Whoever writes, an agent gets every step once and in the ledger's order.
func TestEntriesComeInLedgerOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	a := p.agent("rack 1")
	l := p.follow(a)
	const writers, each = 4, 10
	var writing sync.WaitGroup
	ids := make([][]string, writers)
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				ids[w] = append(ids[w], string(r.nas(w*each+i).ID))
			}
		})
	}
	var got []string
	for range writers * each {
		entry := expect[*wire.Entry](l)
		require.Equal(t, a.position.Revision+1, entry.Position.Revision)
		a.position = entry.Position
		got = append(got, entry.ObjectID)
	}
	writing.Wait()
	require.ElementsMatch(t, slices.Concat(ids...), got)

	l.send(&wire.Ack{Position: a.position})
	r.eventually("one acknowledgement stands for all", func() bool { return r.state(a.id).AckedRevision == a.position.Revision })
	require.Equal(t, a.position.Revision, r.state(a.id).SiteRevision)
}

func TestStatsAreKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	a := p.agent("rack 1")
	l := p.follow(a)
	l.send(&wire.Stats{Grants: 3, JournalBacklog: 7, ClockOffsetMS: -1500, DiskError: "no_space"})
	r.eventually("stored", func() bool { s := r.state(a.id).Stats; return s != nil && s.JournalBacklog == 7 })
	require.Equal(t, 4, figures(t, p), "one of each metric")
	require.NoError(t, l.ws.Close())
	r.eventually("forgotten, since another replica may have newer ones", func() bool { return figures(t, p) == 0 })
}

// figures counts what the replica's metrics say of single agents.
func figures(t *testing.T, p *replica) (n int) {
	t.Helper()
	families, err := p.metrics.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if strings.HasPrefix(family.GetName(), "foyer_hub_agent_") {
			n += len(family.GetMetric())
		}
	}
	return n
}

func TestWrongFramesCloseTheLink(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	a := p.agent("rack 1")
	for _, wrong := range []struct {
		name string
		kind int
		body string
		code int
	}{
		{"bad JSON", websocket.TextMessage, `{"type":"agent.ack"`, websocket.CloseInvalidFramePayloadData},
		{"fields that do not fit", websocket.TextMessage, `{"type":"agent.ack","position":7}`, websocket.CloseInvalidFramePayloadData},
		{"binary", websocket.BinaryMessage, `{"type":"agent.ack"}`, websocket.CloseUnsupportedData},
		{"oversized", websocket.TextMessage, `{"type":"agent.ack","x":"` + strings.Repeat("x", wire.MaxFrame) + `"}`, websocket.CloseMessageTooBig},
		{"the wrong way", websocket.TextMessage, `{"type":"ledger.resume"}`, websocket.ClosePolicyViolation},
		{"hello again", websocket.TextMessage, `{"type":"agent.hello","protocol":1}`, websocket.ClosePolicyViolation},
	} {
		l := p.follow(a)
		require.NoError(t, l.ws.WriteMessage(wrong.kind, []byte(wrong.body)))
		l.endsWith(wrong.code, wrong.name)
	}
	for name, first := range map[string]string{
		"no hello":    `{"type":"agent.ack"}`,
		"no protocol": `{"type":"agent.hello"}`,
	} {
		l := p.dial(a)
		require.NoError(t, l.ws.WriteMessage(websocket.TextMessage, []byte(first)))
		l.endsWith(websocket.ClosePolicyViolation, name)
	}

	l := p.follow(a)
	require.NoError(t, l.ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"agent.weather","sunny":true}`)))
	l.send(&wire.Ack{Position: a.position})
	r.eventually("a frame of a newer agent is skipped", func() bool { return r.state(a.id).AckedRevision == a.position.Revision })
}

// A silent agent is suspect and heals by answering; the hub's clock says when.
func TestSuspectAndHealed(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, hub.DefaultTiming.Suspect+hub.DefaultTiming.Look, 5*time.Second)
	r := newRig(t)
	p := r.replica()
	a := p.agent("rack 1")
	l := p.dial(a)
	l.send(a.hello())
	r.eventually("connected", func() bool { return r.state(a.id).Hub != "" })
	require.Nil(t, r.state(a.id).SuspectSince)
	r.eventually("suspect", func() bool { // the hello may be heard after the row says connected
		r.Clock.Advance(time.Second)
		return r.state(a.id).SuspectSince != nil
	})
	l.begin()
	r.eventually("healed by a pong", func() bool { return r.state(a.id).SuspectSince == nil })
}

func TestSilentAgentIsCut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	quick := brisk
	quick.Cut = 100 * time.Millisecond
	p := r.replica(timing(quick))
	a := p.agent("rack 1")
	l := p.dial(a) // nobody reads, so that no ping is answered
	l.send(a.hello())
	r.eventually("connected and cut", func() bool { s := r.state(a.id); return s.Epoch == 1 && s.Hub == "" })

	mute := brisk
	mute.Hello = 50 * time.Millisecond
	r.replica(timing(mute)).dial(a).endsWith(websocket.CloseGoingAway, "no hello in time")
}

// bulky gives one agent a snapshot that no socket's buffers hold.
type bulky struct {
	hub.Ledger
	read chan struct{} // closed when the snapshot has been read from the database
}

func (b bulky) Snapshot(ctx context.Context, site visit.SiteID, part func(wire.Snapshot) error) error {
	select {
	case <-b.read:
		return b.Ledger.Snapshot(ctx, site, part)
	default:
	}
	defer close(b.read)
	for i := range 200 {
		err := part(wire.Snapshot{ID: "bulky", Part: i, NASes: []wire.NAS{{Name: strings.Repeat("x", 200<<10)}}})
		if err != nil {
			return err
		}
	}
	return nil
}

// An agent that does not read is cut, holds no database connection, and delays
// nobody.
func TestSlowAgentHarmsNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stuckAt := func(write time.Duration, which *agent) (*replica, *agent, *link) {
		t.Helper()
		timed, read := brisk, make(chan struct{})
		timed.Write = write
		p := r.replica(timing(timed), func(c *hub.Config) { c.Ledger = bulky{c.Ledger, read} })
		if which == nil {
			which = p.agent("rack 1")
		}
		stuck := p.dial(which)
		stuck.send(which.hello())
		select {
		case <-read: // and not only when the agent has taken it
		case <-time.After(soon):
			require.FailNow(t, "the snapshot waits for the agent")
		}
		return p, which, stuck
	}
	// Nobody waits for it, however long it takes until it is cut.
	p, slow, stuck := stuckAt(time.Hour, nil)
	other := p.agent("rack 2")
	l := p.follow(other)
	for i := range 3 {
		nas := r.nas(i)
		require.Equal(t, string(nas.ID), expect[*wire.Entry](l).ObjectID)
	}
	require.NotEmpty(t, r.state(slow.id).Hub, "the slow one is still there")
	require.NoError(t, stuck.ws.Close())
	r.eventually("gone", func() bool { return r.state(slow.id).Hub == "" })

	_, _, stuck = stuckAt(100*time.Millisecond, slow)
	r.eventually("cut", func() bool { return r.state(slow.id).Hub == "" })
	require.NotEmpty(t, r.state(other.id).Hub)
	require.NoError(t, stuck.ws.Close())
}

// The store's word that the agent was withdrawn reaches the hub that holds the
// link by notification, whichever process wrote it.
func TestWithdrawnAgentLosesItsLiveLink(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica(timing(deaf))
	a, b := p.agent("rack 1"), p.agent("rack 2")
	l, other := p.follow(a), p.follow(b)
	elsewhere := storetest.On(t, r.URL)
	require.NoError(t, elsewhere.WithdrawAgent(t.Context(), r.desk, r.site.ID, a.id))
	l.endsWith(wire.CloseWithdrawn, "the live link")
	p.connect(a).endsWith(wire.CloseWithdrawn, "the next connection")
	nas := r.nas(1)
	require.Equal(t, string(nas.ID), expect[*wire.Entry](other).ObjectID, "the site's other agent stays")
}

// Where a notification is lost, the poll finds out.
func TestWithdrawnWithoutNotification(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica(func(c *hub.Config) { c.Notifications = silence{} })
	a := p.agent("rack 1")
	l := p.follow(a)
	require.NoError(t, r.WithdrawAgent(t.Context(), r.desk, r.site.ID, a.id))
	l.endsWith(wire.CloseWithdrawn, "the live link")
}
