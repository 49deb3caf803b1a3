package store_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// atOnce runs the functions at the same moment and returns their errors.
func atOnce(fs ...func() error) []error {
	errs := make([]error, len(fs))
	start := make(chan struct{})
	var group sync.WaitGroup
	for i, f := range fs {
		group.Go(func() {
			<-start
			errs[i] = f()
		})
	}
	close(start)
	group.Wait()
	return errs
}

func TestAHundredCallsIssueOneVoucher(t *testing.T) {
	t.Parallel()
	b := setup(t)
	out, err := b.Register(t.Context(), b.desk, b.registration(), store.RegisterOptions{CheckIn: true})
	require.NoError(t, err)
	id := out.Visit.ID

	issued := make([]store.Issued, 100)
	calls := make([]func() error, len(issued))
	for i := range calls {
		by := store.Workflow
		if i%2 == 0 {
			by = store.Fallback
		}
		calls[i] = func() (err error) {
			issued[i], err = b.IssueVoucher(t.Context(), id, by)
			return err
		}
	}
	for _, err := range atOnce(calls...) {
		require.NoError(t, err)
	}
	fresh := 0
	for _, i := range issued {
		require.Equal(t, issued[0].VoucherID, i.VoucherID)
		require.Equal(t, int64(1), i.Revision)
		if i.Fresh {
			fresh++
		}
	}
	require.Equal(t, 1, fresh)
	require.Equal(t, []int64{1}, sql[int64](t, b, "select count(*) from vouchers"))
	require.Equal(t, []string{"visitor.pre_registered", "visitor.checked_in"}, b.kinds(t, id))
	b.verify(t)
}

func TestOneKeyMakesOneVisit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	by := b.desk
	by.Idempotency = &store.Idempotency{Key: "k1", RequestHash: []byte("h")}
	outs := make([]store.VisitOutcome, 20)
	calls := make([]func() error, len(outs))
	reg := b.registration()
	for i := range calls {
		calls[i] = func() (err error) {
			outs[i], err = b.Register(t.Context(), by, reg, store.RegisterOptions{})
			return err
		}
	}
	for _, err := range atOnce(calls...) {
		require.NoError(t, err)
	}
	replayed := 0
	for _, out := range outs {
		require.Equal(t, outs[0].Visit.ID, out.Visit.ID)
		if out.Replayed {
			require.Equal(t, 201, out.PreviousStatus)
			replayed++
		}
	}
	require.Equal(t, len(outs)-1, replayed)
	require.Equal(t, []int64{1}, sql[int64](t, b, "select count(*) from visits"))
}

// Each of these races is run many times: the first committed end stays, there is
// one terminal event, and the loser is told.
func TestRacesForTheEnd(t *testing.T) {
	t.Parallel()
	races := map[string]func(b bench, ctx context.Context, id visit.VisitID) []func() error{
		"check-out and expiry": func(b bench, ctx context.Context, id visit.VisitID) []func() error {
			return []func() error{
				func() error { _, err := b.RequestCheckOut(ctx, b.desk, id); return err },
				func() error { _, err := b.RevokeVoucher(ctx, id, store.RevokeInput{By: store.Workflow}); return err },
				func() error { _, err := b.RevokeVoucher(ctx, id, store.RevokeInput{By: store.Fallback}); return err },
			}
		},
		"extension and expiry": func(b bench, ctx context.Context, id visit.VisitID) []func() error {
			to := b.Clock.Now().Add(time.Hour)
			return []func() error{
				func() error {
					_, err := b.Move(ctx, b.desk, id, to)
					if visit.KindOf(err) == visit.KindConflict {
						err = nil // expired before
					}
					return err
				},
				func() error { _, err := b.RevokeVoucher(ctx, id, store.RevokeInput{By: store.Workflow}); return err },
			}
		},
		"reissue and cancelled workflow": func(b bench, ctx context.Context, id visit.VisitID) []func() error {
			return []func() error{
				func() error {
					_, err := b.Reissue(ctx, b.desk, id)
					if visit.KindOf(err) == visit.KindConflict {
						err = nil
					}
					return err
				},
				func() error {
					_, err := b.RevokeVoucher(ctx, id, store.RevokeInput{Cancelled: true, By: store.Workflow})
					return err
				},
			}
		},
	}
	for name, race := range races {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ids := make([]visit.VisitID, 15)
			for i := range ids {
				ids[i] = b.arrived(t)
			}
			b.Clock.Advance(time.Hour) // the departures pass
			var calls []func() error
			for _, id := range ids {
				calls = append(calls, race(b, t.Context(), id)...)
			}
			for _, err := range atOnce(calls...) {
				require.NoError(t, err)
			}
			b.Clock.Advance(2 * time.Hour)
			for _, id := range ids {
				_, err := b.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Workflow})
				require.NoError(t, err)
			}
			require.Equal(t, []int64{int64(len(ids))}, sql[int64](t, b,
				"select count(*) from events where kind in ('visitor.checked_out', 'visitor.expired')"))
			require.Equal(t, []int64{0}, sql[int64](t, b, "select count(*) from vouchers where revoked_at is null"))
			b.verify(t)
		})
	}
}

func TestCancelRacingCheckIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 20 {
		id := b.registered(t)
		errs := atOnce(
			func() error { _, err := b.Cancel(t.Context(), b.desk, id); return err },
			func() error { _, err := b.RequestCheckIn(t.Context(), b.desk, id); return err },
		)
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				require.Equal(t, visit.KindConflict, visit.KindOf(err))
			}
		}
		require.Equal(t, 1, won, "one of them")
		issued, err := b.IssueVoucher(t.Context(), id, store.Workflow)
		require.NoError(t, err)
		require.Equal(t, errs[1] == nil, issued.VoucherID != "")
	}
	b.verify(t)
}
