package worker

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"google.golang.org/protobuf/proto"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestTheNightsPurgeIsStartedOnceItsHourHasComeAndUntilThereIsAProof(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.purged = map[string]bool{}
	s := b.sweeper()
	s.purges = PurgeSettings{Hour: 3}
	try := func(at string) int {
		now, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		s.now = func() time.Time { return now }
		n, err := s.purge(t.Context())
		require.NoError(t, err)
		return n
	}
	require.Zero(t, try("2026-11-22T02:59:59Z"))
	require.Zero(t, b.count("NightPurged"), "nobody is asked before the hour")
	require.Equal(t, 1, try("2026-11-22T03:00:00Z"))
	require.Equal(t, 1, try("2026-11-22T23:59:59+02:00"), "UTC, and made up for as long as there is no proof")
	require.Equal(t, 2, b.count("StartPurge 2026-11-22"))
	b.purged["2026-11-22"] = true
	require.Zero(t, try("2026-11-22T04:00:00Z"))
	require.Equal(t, 1, try("2026-11-23T03:00:00Z"), "the next night is another one")
	b.fail["StartPurge 2026-11-24"] = visit.Unavailable("Temporal", errors.New("down"))
	s.now = func() time.Time { return time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC) }
	_, err := s.purge(t.Context())
	require.Error(t, err)
}

func TestErasuresThatNoWorkflowIsAtAreStarted(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.erasing = []visit.ErasureID{"a", "broken", "c"}
	b.fail["StartErase broken"] = errors.New("down")
	n, err := b.sweeper().erasures(t.Context())
	require.Error(t, err)
	require.Equal(t, 2, n, "one that fails stops no other")
	require.Equal(t, 1, b.count("StartErase c"))
}

// A purge and an erasure on a real database and a real Temporal server. No CRM is
// spoken to here, so that the erasure ends by asking for attention.
func TestAPurgeAndAnErasureCarriedOut(t *testing.T) {
	t.Parallel()
	r := newRole(t)
	old, erased := r.walkIn(time.Hour), r.walkIn(time.Hour)
	for _, id := range []visit.VisitID{old, erased} {
		_, err := r.IssueVoucher(t.Context(), id, store.Workflow)
		require.NoError(t, err)
		_, err = r.RequestCheckOut(t.Context(), system, id)
		require.NoError(t, err)
		_, err = r.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Workflow})
		require.NoError(t, err)
		require.NoError(t, r.SealVisit(t.Context(), id, store.SealInput{}))
	}
	conn, err := pgx.Connect(t.Context(), r.URL)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `insert into crm_accounts (id, name, kind, credentials_sealed, created_at, updated_at)
		values ('0197a000-0000-7000-8000-00000000000a', 'crm', 'hubspot', '\x00', now(), now())`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `insert into crm_syncs (visit_id, account_id, state, contact_ref, created_at, updated_at)
		values ($1, '0197a000-0000-7000-8000-00000000000a', 'synced', 'canary-contact', now(), now())`, erased)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	erasure, err := r.ErasePerson(t.Context(), system, r.visit(erased).PersonID)
	require.NoError(t, err)
	require.Equal(t, store.ErasurePending, erasure.State)

	r.run()
	require.Eventually(t, func() bool { // the sweeper starts what nobody told Temporal of
		now, err := r.Erasure(t.Context(), store.Everything, erasure.ID)
		return err == nil && now.State == store.ErasureAttention && now.Reason == "crm_unknown"
	}, 60*time.Second, 20*time.Millisecond)
	require.NotContains(t, r.history("erase-"+string(erasure.ID)), "canary-contact")

	r.Clock.Advance(100 * 24 * time.Hour)
	in := activities.PurgeInput{Day: "2026-11-22", Run: int(uuid.New().ID() >> 1), RewriteBytes: 1 << 30}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	proof, err := r.client.Purge(ctx, in)
	require.NoError(t, err)
	require.True(t, proof.Ended)
	require.Equal(t, map[string]int{"visits": 1, "people": 1}, proof.Counts)
	require.Contains(t, proof.Rewritten, "visits")
	require.Empty(t, r.visit(old).Visitor.LastName)
	report, err := r.AuditVerify(t.Context(), store.Everything, "")
	require.NoError(t, err)
	require.True(t, report.OK)
}

// history is a workflow's history as text.
func (r *role) history(id string) string {
	r.t.Helper()
	var text string
	events := r.temporal.GetWorkflowHistory(r.t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(r.t, err)
		raw, err := proto.Marshal(event)
		require.NoError(r.t, err)
		text += string(raw)
	}
	require.NotEmpty(r.t, text)
	return text
}
