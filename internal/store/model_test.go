package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// modelVisit is what a visit should be, by the words of the specification.
type modelVisit struct {
	id        visit.VisitID
	status    visit.Status
	presence  visit.Presence
	departure time.Time
	asked     bool // to check in
	leaving   bool // asked to check out
	endedAt   time.Time
	readmits  *modelVisit
	readmit   bool // was readmitted
}

// follower is an agent that applies what it is sent.
type follower struct {
	position wire.Position
	grants   map[string]wire.Grant
}

type machine struct {
	b      bench
	visits []*modelVisit
	agent  follower
}

// Random schedules of everything that may happen to visits, against a model.
func TestRandomSchedulesFollowTheModel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{b: bench{Bench: b.Bench, desk: b.desk, site: b.newSite(t, "Model")}}
		m.agent.grants = map[string]wire.Grant{}
		rt.Repeat(map[string]func(*rapid.T){
			"register":     m.register,
			"check in":     m.checkIn,
			"issue":        m.issue,
			"move":         m.move,
			"check out":    m.checkOut,
			"revoke":       m.revoke,
			"cancel":       m.cancel,
			"readmit":      m.readmit,
			"confirm left": m.confirmLeft,
			"time passes":  m.pass,
			"agent":        m.follow,
			"":             m.check,
		})
		m.settle(t, rt)
	})
	b.verify(t)
}

func (m *machine) pick(rt *rapid.T) *modelVisit {
	if len(m.visits) == 0 {
		rt.Skip("no visit yet")
	}
	return rapid.SampledFrom(m.visits).Draw(rt, "visit")
}

func (m *machine) now() time.Time { return m.b.Clock.Now() }

func (m *machine) register(rt *rapid.T) {
	walkIn := rapid.Bool().Draw(rt, "walk-in")
	reg := m.b.registration()
	reg.ExpectedDeparture = m.now().Add(time.Duration(rapid.IntRange(1, 90).Draw(rt, "minutes")) * time.Minute)
	out, err := m.b.Register(rt.Context(), m.b.desk, reg, store.RegisterOptions{CheckIn: walkIn})
	require.NoError(rt, err)
	m.visits = append(m.visits, &modelVisit{
		id: out.Visit.ID, status: visit.PreRegistered, presence: visit.Expected, departure: reg.ExpectedDeparture, asked: walkIn,
	})
}

func (m *machine) checkIn(rt *rapid.T) {
	v := m.pick(rt)
	_, err := m.b.RequestCheckIn(rt.Context(), m.b.desk, v.id)
	refused := v.status.Ended() || v.status == visit.PreRegistered && !v.departure.After(m.now())
	require.Equal(rt, refused, err != nil, "%v", err)
	if !refused {
		v.asked = true
	}
}

func (m *machine) issue(rt *rapid.T) {
	v := m.pick(rt)
	by := rapid.SampledFrom([]store.Taker{store.Workflow, store.Fallback}).Draw(rt, "by")
	issued, err := m.b.IssueVoucher(rt.Context(), v.id, by)
	require.NoError(rt, err)
	m.modelIssue(v)
	require.Equal(rt, v.status == visit.CheckedIn, issued.VoucherID != "")
	require.Equal(rt, v.status, issued.Work.Status)
}

func (m *machine) modelIssue(v *modelVisit) {
	switch {
	case v.status != visit.PreRegistered || !v.asked:
	case !v.departure.After(m.now()):
		v.status, v.presence, v.endedAt = visit.NoShow, visit.PresenceNone, m.now()
	default:
		v.status, v.presence = visit.CheckedIn, visit.In
		if v.readmits != nil && v.readmits.presence == visit.Unconfirmed {
			v.readmits.presence = visit.Left
		}
	}
}

func (m *machine) move(rt *rapid.T) {
	v := m.pick(rt)
	to := m.now().Add(time.Duration(rapid.IntRange(-10, 120).Draw(rt, "minutes")) * time.Minute)
	_, err := m.b.Move(rt.Context(), m.b.desk, v.id, to)
	switch {
	case v.status.Ended() || v.leaving:
		require.Equal(rt, visit.KindConflict, visit.KindOf(err))
	case !to.After(m.now()):
		require.Equal(rt, visit.KindInvalid, visit.KindOf(err))
	default:
		require.NoError(rt, err)
		v.departure = to
	}
}

func (m *machine) checkOut(rt *rapid.T) {
	v := m.pick(rt)
	_, err := m.b.RequestCheckOut(rt.Context(), m.b.desk, v.id)
	refused := v.status == visit.PreRegistered && !v.asked || v.status == visit.Cancelled || v.status == visit.NoShow
	require.Equal(rt, refused, err != nil, "%v", err)
	if !refused && !v.status.Ended() {
		v.leaving = true
	}
}

func (m *machine) revoke(rt *rapid.T) {
	v := m.pick(rt)
	cancelled := rapid.Bool().Draw(rt, "cancelled")
	revoked, err := m.b.RevokeVoucher(rt.Context(), v.id, store.RevokeInput{Cancelled: cancelled, By: store.Workflow})
	require.NoError(rt, err)
	if v.leaving {
		m.modelIssue(v)
	}
	if v.status == visit.CheckedIn {
		switch {
		case v.leaving:
			v.status, v.presence, v.endedAt = visit.CheckedOut, visit.Left, m.now()
		case !v.departure.After(m.now()):
			v.status, v.presence, v.endedAt = visit.Expired, visit.Unconfirmed, m.now()
		case cancelled:
			v.status, v.presence, v.endedAt = visit.CheckedOut, visit.Left, m.now()
		}
	}
	require.Equal(rt, v.status.Ended(), revoked.Ended)
	require.Equal(rt, v.departure, revoked.Departure)
}

func (m *machine) cancel(rt *rapid.T) {
	v := m.pick(rt)
	_, err := m.b.Cancel(rt.Context(), m.b.desk, v.id)
	switch {
	case v.status == visit.Cancelled:
		require.NoError(rt, err)
	case v.status != visit.PreRegistered || v.asked:
		require.Equal(rt, visit.KindConflict, visit.KindOf(err))
	default:
		require.NoError(rt, err)
		v.status, v.presence, v.endedAt = visit.Cancelled, visit.PresenceNone, m.now()
	}
}

func (m *machine) readmit(rt *rapid.T) {
	v := m.pick(rt)
	out, err := m.b.Readmit(rt.Context(), m.b.desk, v.id, time.Time{})
	fits := (v.status == visit.CheckedOut || v.status == visit.Expired) && m.now().Sub(v.endedAt) <= visit.ReadmitWithin && !v.readmit
	require.Equal(rt, fits, err == nil, "%v", err)
	if fits {
		v.readmit = true
		m.visits = append(m.visits, &modelVisit{
			id: out.Visit.ID, status: visit.PreRegistered, presence: visit.Expected, departure: m.now().Add(visit.DefaultStay), asked: true, readmits: v,
		})
	}
}

func (m *machine) confirmLeft(rt *rapid.T) {
	v := m.pick(rt)
	_, err := m.b.ConfirmLeft(rt.Context(), m.b.desk, v.id)
	fits := v.status == visit.CheckedOut || v.status == visit.Expired
	require.Equal(rt, fits, err == nil, "%v", err)
	if fits {
		v.presence = visit.Left
	}
}

func (m *machine) pass(rt *rapid.T) {
	m.b.Clock.Advance(time.Duration(rapid.IntRange(1, 60).Draw(rt, "minutes")) * time.Minute)
	for _, v := range m.visits {
		if v.status == visit.PreRegistered && !v.asked && !v.departure.After(m.now()) {
			v.status, v.presence, v.endedAt = visit.NoShow, visit.PresenceNone, m.now()
		}
	}
	_, err := m.b.MarkNoShows(rt.Context(), 1000)
	require.NoError(rt, err)
}

// follow is the agent catching up with a few steps, sometimes from an empty disk.
func (m *machine) follow(rt *rapid.T) {
	if rapid.IntRange(0, 9).Draw(rt, "disk") == 0 {
		m.agent.position = wire.Position{Revision: 7, Stamp: 7} // unknown
	}
	m.step(rt, rapid.IntRange(1, 5).Draw(rt, "limit"))
}

func (m *machine) step(rt *rapid.T, limit int) int {
	entries, known, err := m.b.LedgerFrom(rt.Context(), m.b.site.ID, m.agent.position, limit)
	require.NoError(rt, err)
	if !known {
		m.snapshot(rt)
		return 1
	}
	for _, e := range entries {
		require.Equal(rt, m.agent.position.Revision+1, e.Position.Revision, "without gaps")
		m.agent.position = e.Position
		if e.Grant != nil {
			m.agent.grants[e.ObjectID] = *e.Grant
		} else {
			delete(m.agent.grants, e.ObjectID)
		}
	}
	return len(entries)
}

func (m *machine) snapshot(rt *rapid.T) {
	grants := map[string]wire.Grant{}
	last := false
	require.NoError(rt, m.b.Snapshot(rt.Context(), m.b.site.ID, func(part wire.Snapshot) error {
		for _, g := range part.Grants {
			grants[g.ID] = g
		}
		last, m.agent.position = part.Last, part.Position
		return nil
	}))
	require.True(rt, last)
	m.agent.grants = grants
}

func (m *machine) check(rt *rapid.T) {
	for _, v := range m.visits {
		got, err := m.b.Visit(rt.Context(), store.Everything, v.id)
		require.NoError(rt, err)
		require.Equal(rt, v.status, got.Status)
		require.Equal(rt, v.presence, got.Presence)
		require.Equal(rt, v.departure, got.ExpectedDeparture)
		require.Equal(rt, v.leaving, got.CheckOutRequestedAt != nil)
	}
}

// settle lets the agent catch up and compares its set with the model's: exactly
// the running visits whose departure has not passed, each until its departure.
func (m *machine) settle(t *testing.T, rt *rapid.T) {
	for m.step(rt, 100) > 0 && m.agent.position.Revision < sql[int64](t, m.b, "select revision from site_heads where site_id = $1", m.b.site.ID)[0] {
	}
	want := map[visit.VisitID]time.Time{}
	for _, v := range m.visits {
		if v.status == visit.CheckedIn && v.departure.After(m.now()) {
			want[v.id] = v.departure
		}
	}
	got := map[visit.VisitID]time.Time{}
	for _, g := range m.agent.grants {
		if g.NotAfter.After(m.now()) { // the agent's own part
			got[g.VisitID] = g.NotAfter
		}
	}
	require.Equal(rt, want, got)
	report, err := m.b.AuditVerify(rt.Context(), store.Everything, string(m.b.site.ID))
	require.NoError(rt, err)
	require.True(rt, report.OK, "%v", report.FirstBad)
}
