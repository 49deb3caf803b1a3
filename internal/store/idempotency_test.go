package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func keyed(by store.Caller, key, hash string) store.Caller {
	by.Idempotency = &store.Idempotency{Key: key, RequestHash: []byte(hash)}
	return by
}

func TestAKeyAnswersAsTheFirstTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, other := b.registered(t), b.registered(t)
	first, err := b.RequestCheckIn(t.Context(), keyed(b.desk, "k", "h"), id)
	require.NoError(t, err)
	require.False(t, first.Replayed || first.Unchanged)
	at := b.Clock.Now()
	b.Clock.Advance(time.Minute)

	again, err := b.RequestCheckIn(t.Context(), keyed(b.desk, "k", "h"), id)
	require.NoError(t, err)
	require.Equal(t, store.Outcome{Replayed: true, PreviousStatus: 200, FirstAt: at}, again.Outcome)
	second, err := b.RequestCheckIn(t.Context(), keyed(b.desk, "k2", "h"), id)
	require.NoError(t, err)
	require.True(t, second.Unchanged)
	second, err = b.RequestCheckIn(t.Context(), keyed(b.desk, "k2", "h"), id)
	require.NoError(t, err)
	require.True(t, second.Replayed && second.Unchanged, "the key that changed nothing stays one")

	_, err = b.RequestCheckIn(t.Context(), keyed(b.desk, "k", "other body"), id)
	require.ErrorIs(t, err, visit.ErrIdempotencyKey)
	_, err = b.RequestCheckIn(t.Context(), keyed(b.desk, "k", "h"), other)
	require.ErrorIs(t, err, visit.ErrIdempotencyKey)
	stranger := keyed(store.Caller{Actor: "user:2", Scope: store.Everything}, "k", "other body")
	_, err = b.RequestCheckIn(t.Context(), stranger, other)
	require.NoError(t, err, "keys are their caller's")

	b.Clock.Advance(25 * time.Hour)
	pruned, err := b.PruneIdempotency(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, pruned)
}

func TestARefusalLeavesTheKeyFree(t *testing.T) {
	t.Parallel()
	b := setup(t)
	by := keyed(b.desk, "k", "h")
	id := b.registered(t)
	_, err := b.RequestCheckOut(t.Context(), by, id)
	require.ErrorIs(t, err, visit.ErrNotCheckedIn)
	_, err = b.RequestCheckIn(t.Context(), b.desk, id)
	require.NoError(t, err)
	out, err := b.RequestCheckOut(t.Context(), by, id)
	require.NoError(t, err)
	require.False(t, out.Replayed)
}

func TestARepeatedReadmissionIsOneVisit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.left(t)
	first, err := b.Readmit(t.Context(), keyed(b.desk, "k", "h"), id, time.Time{})
	require.NoError(t, err)
	again, err := b.Readmit(t.Context(), keyed(b.desk, "k", "h"), id, time.Time{})
	require.NoError(t, err)
	require.Equal(t, first.Visit.ID, again.Visit.ID)
	_, err = b.Readmit(t.Context(), b.desk, id, time.Time{})
	require.Equal(t, visit.KindConflict, visit.KindOf(err))
	b.Clock.Advance(13 * time.Hour)
	late := b.left(t)
	b.Clock.Advance(visit.ReadmitWithin + time.Second)
	_, err = b.Readmit(t.Context(), b.desk, late, time.Time{})
	require.ErrorIs(t, err, visit.ErrReadmitTooLate)
}
