package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// begun is an access of a roll of five, used a moment ago.
func begun(t *testing.T) (b bench, zone store.Zone, codes []string, id roll.AccessID) {
	t.Helper()
	b = setup(t)
	zone = b.zone(t, store.LongZone, "lobby")
	codes = b.codes(t, zone, b.roll(t, zone, 1, 5))
	return b, zone, codes, b.use(t, zone, codes[0]).Holder.AccessID()
}

// toTell are the accesses whose workflow is to be told now.
func (b bench) toTell(t *testing.T) (ids []roll.AccessID) {
	t.Helper()
	tell, err := b.AccessesToTell(t.Context(), 100)
	require.NoError(t, err)
	for _, a := range tell {
		ids = append(ids, a.ID)
	}
	return ids
}

func TestAWorkflowIsToldUntilItTakesNotice(t *testing.T) {
	t.Parallel()
	b, zone, codes, id := begun(t)
	require.Equal(t, []roll.AccessID{id}, b.toTell(t))
	require.Empty(t, b.toTell(t), "not again at once")
	b.Clock.Advance(9 * time.Second)
	require.Empty(t, b.toTell(t))
	b.Clock.Advance(2 * time.Second)
	require.Equal(t, []roll.AccessID{id}, b.toTell(t))
	b.Clock.Advance(11 * time.Second)
	require.Empty(t, b.toTell(t), "the pause doubles")

	end, err := b.EndAccess(t.Context(), id, false)
	require.NoError(t, err)
	require.Nil(t, end.Access.EndedAt)
	b.Clock.Advance(time.Minute)
	require.Empty(t, b.toTell(t), "it knows")

	b.use(t, zone, codes[0], codes[1]) // more time
	require.Equal(t, []roll.AccessID{id}, b.toTell(t))
	_, err = b.EndAccess(t.Context(), id, false)
	require.NoError(t, err)
	_, err = b.ExpireCodes(t.Context(), b.desk, b.site.ID, zone.ID, codes[:1])
	require.NoError(t, err)
	require.Equal(t, []roll.AccessID{id}, b.toTell(t), "staff ended it")
}

func TestAnAccessIsEndedByItsTimeOrByAnOperator(t *testing.T) {
	t.Parallel()
	b, zone, codes, id := begun(t)
	sealed, err := b.SealAccess(t.Context(), id, "no_live_session")
	require.NoError(t, err)
	require.False(t, sealed, "it goes on")

	other := b.use(t, zone, codes[1]).Holder.AccessID()
	end, err := b.EndAccess(t.Context(), other, true)
	require.NoError(t, err)
	require.Equal(t, "cancelled", end.Access.EndReason)
	require.Equal(t, roll.Expired, b.state(t, zone, codes[1]))

	b.Clock.Advance(time.Hour)
	require.NoError(t, b.DeleteZone(t.Context(), b.desk, b.site.ID, zone.ID))
	end, err = b.EndAccess(t.Context(), id, false)
	require.NoError(t, err, "also in a zone that was deleted")
	require.NotNil(t, end.Access.EndedAt)
	for range 2 {
		sealed, err = b.SealAccess(t.Context(), id, "ended")
		require.NoError(t, err)
		require.True(t, sealed)
	}
	open, err := b.OpenAccesses(t.Context(), "", 10)
	require.NoError(t, err)
	require.Len(t, open, 1)
	_, err = b.EndAccess(t.Context(), roll.Ticket{Roll: "r", Number: 1}.AccessID(), false)
	require.ErrorIs(t, err, store.ErrAccessNotFound)
	b.verify(t)
}

// TestGivingUpOnAnAccess is in the trail.
func TestGivingUpOnAnAccess(t *testing.T) {
	t.Parallel()
	b, _, _, id := begun(t)
	for range 2 {
		require.NoError(t, b.FailTermination(t.Context(), visit.VisitID(id), 1, "no_answer"))
	}
	require.Equal(t, []int64{1}, sql[int64](t, b, "select count(*) from audit where action = 'access.termination_failed'"))
	b.verify(t)
}
