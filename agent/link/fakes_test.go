package link

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/agent/ledger"
	"github.com/foyerhq/foyer/agent/link/linktest"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errDisk = errors.New("disk full")

// fakeLedger keeps what it is told, unless its disk fails.
type fakeLedger struct {
	mu       sync.Mutex
	position wire.Position
	empty    bool
	epoch    int64
	grants   []string
	nases    []wire.NAS // of the last Replace
	batches  []int
	fails    bool
	tries    int
	applied  int // calls of Apply
}

func (f *fakeLedger) Position() (wire.Position, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.position, f.empty
}

func (f *fakeLedger) Epoch() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.epoch
}

func (f *fakeLedger) SetEpoch(epoch int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fails {
		return errDisk
	}
	f.epoch = epoch
	return nil
}

func (f *fakeLedger) Apply(entries []*wire.Entry) (ended []ledger.Ended, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tries++
	f.applied++
	for _, e := range entries {
		at := slices.Index(f.grants, e.ObjectID)
		switch {
		case e.Grant == nil && at >= 0:
			f.grants = slices.Delete(f.grants, at, at+1)
			ended = append(ended, ledger.Ended{Grant: wire.Grant{ID: e.ObjectID}, Reason: wire.RefusedRevoked})
		case e.Grant != nil && at < 0 && !f.fails:
			f.grants = append(f.grants, e.ObjectID)
		}
	}
	if f.fails {
		return ended, errDisk
	}
	f.batches = append(f.batches, len(entries))
	f.position, f.empty = entries[len(entries)-1].Position, false
	return ended, nil
}

func (f *fakeLedger) Replace(set ledger.Set) (ended []ledger.Ended, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tries++
	var grants, kept []string
	for _, g := range set.Grants {
		grants = append(grants, g.ID)
	}
	for _, id := range f.grants {
		if slices.Contains(grants, id) {
			kept = append(kept, id)
		} else {
			ended = append(ended, ledger.Ended{Grant: wire.Grant{ID: id}})
		}
	}
	if f.fails {
		f.grants = kept
		return ended, errDisk
	}
	f.grants, f.nases, f.position, f.empty = grants, set.NASes, set.Position, false
	return ended, nil
}

func (f *fakeLedger) Clear() ([]ledger.Ended, error) {
	ended, err := f.Replace(ledger.Set{})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.empty = f.empty || err == nil
	return ended, err
}

func (f *fakeLedger) held() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.grants)
}

func (f *fakeLedger) fail(fails bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fails = fails
}

func (f *fakeLedger) tried() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tries
}

// fakeJournal is a journal in memory.
type fakeJournal struct {
	mu      sync.Mutex
	records []wire.Record
	acked   uint64
	notify  chan struct{}
}

func newFakeJournal(records int) *fakeJournal {
	j := &fakeJournal{notify: make(chan struct{}, 1)}
	j.add(records)
	return j
}

func (j *fakeJournal) add(records int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for range records {
		j.records = append(j.records, wire.Record{
			Sequence: uint64(len(j.records)) + 1, At: time.Unix(1, 0).UTC(), Refused: &wire.Refused{Reason: wire.RefusedUnknownUser},
		})
	}
	select {
	case j.notify <- struct{}{}:
	default:
	}
}

func (j *fakeJournal) ID() string              { return "journal-1" }
func (j *fakeJournal) Notify() <-chan struct{} { return j.notify }

// Pending returns at most two records, so that there are several reports.
func (j *fakeJournal) Pending(from uint64, _ int) ([]wire.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	at := min(int(max(from, j.acked+1))-1, len(j.records))
	return slices.Clone(j.records[at:min(at+2, len(j.records))]), nil
}

func (j *fakeJournal) Ack(seq uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.acked = max(j.acked, seq)
	return nil
}

func (j *fakeJournal) stored() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.acked
}

// ask is a call of Ladder.End, or of Ladder.Cut.
type ask struct {
	grant wire.Grant
	cmd   *wire.Command
	extra []wire.Session
	only  bool
}

type fakeLadder chan ask

func (f fakeLadder) End(grant wire.Grant, cmd *wire.Command, extra []wire.Session) {
	f <- ask{grant, cmd, extra, false}
}

func (f fakeLadder) Cut(grant wire.Grant, cmd wire.Command, sessions []wire.Session) {
	f <- ask{grant, &cmd, sessions, true}
}

type fakeSessions chan wire.SessionReport

func (f fakeSessions) Remote(open []wire.Session, closed []wire.SessionKey) {
	f <- wire.SessionReport{Open: open, Closed: closed}
}

// bundle is an agent's link with fakes around it, and its hub.
type bundle struct {
	t        *testing.T
	hub      *linktest.Hub
	cfg      Config
	ledger   *fakeLedger
	journal  *fakeJournal
	ladder   fakeLadder
	sessions fakeSessions
	synced   chan time.Time
	link     *Link
	end      func() // stops Run and waits for it
}

// quickly is DefaultTiming for tests: what must not pass is long, what is waited
// for is short.
var quickly = Timing{
	Handshake: 10 * time.Second, Silence: 10 * time.Second, Write: 5 * time.Second,
	Stats: time.Hour, Flush: 20 * time.Millisecond, Renew: 20 * time.Millisecond,
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{
		t: t, hub: linktest.New(t), ledger: &fakeLedger{empty: true}, journal: newFakeJournal(0),
		ladder: make(fakeLadder, 100), sessions: make(fakeSessions, 100), synced: make(chan time.Time, 10_000),
	}
	b.cfg = Config{
		Dir: t.TempDir(), Token: b.hub.Token("secret-1"), Version: "test",
		Ledger: b.ledger, Journal: b.journal, Sessions: b.sessions, Ladder: b.ladder,
		Stats: func() wire.Stats { return wire.Stats{Grants: len(b.ledger.held())} },
		Now:   time.Now,
		Sync: func(hub time.Time, _ time.Duration) {
			select {
			case b.synced <- hub:
			default:
			}
		},
		Timing: quickly,
		Wait:   func(context.Context, time.Duration) {},
	}
	return b
}

// start runs the link until the test's end.
func (b *bundle) start() *linktest.Link {
	b.t.Helper()
	b.run()
	return b.hub.Next()
}

func (b *bundle) run() {
	b.t.Helper()
	var err error
	b.link, err = New(b.cfg)
	require.NoError(b.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = b.link.Run(ctx) })
	b.end = func() { cancel(); wg.Wait() }
	b.t.Cleanup(b.end)
}

func (b *bundle) ended() ask {
	b.t.Helper()
	select {
	case a := <-b.ladder:
		return a
	case <-time.After(20 * time.Second):
		require.FailNow(b.t, "the ladder was not asked")
		return ask{}
	}
}

func at(revision int64) wire.Position { return wire.Position{Revision: revision, Stamp: 7} }

func put(id string, revision int64) *wire.Entry {
	return &wire.Entry{Type: wire.TypeVoucherCreate, Position: at(revision), ObjectID: id, Grant: &wire.Grant{ID: id, Username: id}}
}

func drop(id string, revision int64) *wire.Entry {
	return &wire.Entry{Type: wire.TypeVoucherRevoke, Position: at(revision), ObjectID: id}
}

func snapshot(id string, revision int64, grants ...string) []wire.Frame {
	var parts []wire.Frame
	for i, g := range grants {
		parts = append(parts, &wire.Snapshot{
			ID: id, Part: i, Last: i == len(grants)-1, Position: at(revision), Epoch: 3, Now: time.Now(),
			Grants: []wire.Grant{{ID: g, Username: g}},
		})
	}
	return parts
}
