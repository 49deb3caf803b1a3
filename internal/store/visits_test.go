package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestAVisitFromRegistrationToItsSeal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.registered(t)
	require.Equal(t, visit.PreRegistered, b.visit(t, id).Status)

	out, err := b.RequestCheckIn(t.Context(), b.desk, id)
	require.NoError(t, err)
	require.False(t, out.Unchanged)
	require.Equal(t, b.Clock.Now(), *out.Visit.CheckInRequestedAt)

	issued, err := b.IssueVoucher(t.Context(), id, store.Workflow)
	require.NoError(t, err)
	require.True(t, issued.Fresh)
	require.Equal(t, int64(1), issued.Revision)
	require.Equal(t, visit.CheckedIn, issued.Work.Status)

	credentials, voucher, err := b.Credentials(t.Context(), id)
	require.NoError(t, err)
	require.Regexp(t, `^v-[2-9a-z]{8}$`, credentials.Username)
	require.Len(t, credentials.Password, 12)
	require.Equal(t, issued.VoucherID, voucher.ID)
	require.Equal(t, b.visit(t, id).ExpectedDeparture, voucher.NotAfter)

	b.leave(t, id)
	ended := b.visit(t, id)
	require.Equal(t, visit.CheckedOut, ended.Status)
	require.Equal(t, visit.Left, ended.Presence)
	require.Equal(t, b.desk.Actor, ended.EndedBy)
	_, _, err = b.Credentials(t.Context(), id)
	require.ErrorIs(t, err, visit.ErrVoucherWiped)

	for range 2 {
		require.NoError(t, b.SealVisit(t.Context(), id, store.SealInput{Termination: "no_session", CRM: "not_configured"}))
	}
	require.Equal(t, []string{"visitor.pre_registered", "visitor.checked_in", "visitor.checked_out", "visit.sealed"}, b.kinds(t, id))
	require.Equal(t, []int64{1}, sql[int64](t, b, "select count(*) from audit_checkpoints"))
	b.verify(t)
}

func TestExpiryLeavesThePersonUnconfirmed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.arrived(t)

	running, err := b.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Workflow})
	require.NoError(t, err)
	require.False(t, running.Ended)
	require.Equal(t, b.visit(t, id).ExpectedDeparture, running.Departure)

	b.Clock.Advance(time.Hour)
	ended, err := b.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Workflow})
	require.NoError(t, err)
	require.True(t, ended.Ended && ended.Fresh)
	require.Equal(t, visit.Expired, ended.Status)
	require.Equal(t, visit.Unconfirmed, b.visit(t, id).Presence)

	again, err := b.RevokeVoucher(t.Context(), id, store.RevokeInput{Cancelled: true, By: store.Fallback})
	require.NoError(t, err)
	require.True(t, again.Ended)
	require.False(t, again.Fresh)
	require.Equal(t, ended.EndedAt, again.EndedAt)

	out, err := b.ConfirmLeft(t.Context(), b.desk, id)
	require.NoError(t, err)
	require.Equal(t, visit.Left, out.Visit.Presence)
	out, err = b.ConfirmLeft(t.Context(), b.desk, id)
	require.NoError(t, err)
	require.True(t, out.Unchanged)
	b.verify(t)
}

// The longest stay counts from the check-in: an arrival far ahead must not buy
// access until then.
func TestNobodyStaysLongerThanTheSiteAllows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ahead := b.registration()
	ahead.ExpectedArrival = b.Clock.Now().Add(7 * 24 * time.Hour)
	ahead.ExpectedDeparture = ahead.ExpectedArrival.Add(time.Hour)
	_, err := b.Register(t.Context(), b.desk, ahead, store.RegisterOptions{CheckIn: true})
	require.ErrorIs(t, err, visit.ErrStayTooLong, "a walk-in is here now")

	out, err := b.Register(t.Context(), b.desk, ahead, store.RegisterOptions{})
	require.NoError(t, err)
	_, err = b.RequestCheckIn(t.Context(), b.desk, out.Visit.ID)
	require.NoError(t, err, "a week early")
	issued, err := b.IssueVoucher(t.Context(), out.Visit.ID, store.Fallback)
	require.NoError(t, err)
	latest := b.Clock.Now().Add(visit.DefaultMaxStay)
	require.Equal(t, latest, issued.Work.ExpectedDeparture)
	require.Equal(t, latest, b.visit(t, out.Visit.ID).ExpectedDeparture)
	_, voucher, err := b.Credentials(t.Context(), out.Visit.ID)
	require.NoError(t, err)
	require.Equal(t, latest, voucher.NotAfter)

	planned := b.registered(t)
	_, err = b.RequestCheckIn(t.Context(), b.desk, planned)
	require.NoError(t, err)
	departure := b.visit(t, planned).ExpectedDeparture
	_, err = b.IssueVoucher(t.Context(), planned, store.Workflow)
	require.NoError(t, err)
	require.Equal(t, departure, b.visit(t, planned).ExpectedDeparture, "who comes in time leaves as planned")
	b.verify(t)
}
