package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/activities/activitiestest"
	"github.com/foyerhq/foyer/internal/visit"
)

// What an attempt's error tells Temporal: when the next one is due, and the code.
func TestAnAttemptThatWasNotAcceptedAsksForTheNext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		receipt visit.Receipt
		err     error
		code    string
		after   time.Duration
		ends    int
	}{
		"the schedule":         {visit.Receipt{Status: 500}, visit.Errorf(visit.KindUnavailable, "status_500", ""), "status_500", 5 * time.Second, 1},
		"the receiver's wish":  {visit.Receipt{Status: 429}, &visit.Error{Kind: visit.KindLimited, Code: "status_429", RetryAfter: time.Minute}, "status_429", time.Minute, 1},
		"a wish too large":     {visit.Receipt{Status: 429}, &visit.Error{Kind: visit.KindLimited, Code: "status_429", RetryAfter: 1000 * time.Hour}, "status_429", 24 * time.Hour, 1},
		"an error of ours":     {visit.Receipt{Reason: "composed"}, errors.New("Ada Quill"), "composed", 5 * time.Second, 1},
		"held back":            {visit.Receipt{}, &visit.Error{Kind: visit.KindLimited, Code: "held_back", RetryAfter: 3 * time.Second}, "held_back", 3 * time.Second, 0},
		"the database is away": {visit.Receipt{}, visit.Unavailable("the database", errors.New("refused")), "unavailable", 0, 0},
	} {
		desk := activitiestest.New(time.Now)
		desk.Post.Add(visit.Delivery{ID: "d", Target: "webhook:w"})
		desk.Post.Carry = func(visit.Delivery) (visit.Receipt, error) { return c.receipt, c.err }
		_, err := desk.Set().Deliveries.Deliver(t.Context(), activities.DeliverInput{DeliveryID: "d"})
		refusal, ok := errors.AsType[*visit.Error](err)
		require.True(t, ok, name)
		require.Equal(t, c.code, refusal.Code, name)
		require.Equal(t, c.after, refusal.RetryAfter, name)
		require.Len(t, desk.Post.Letter("d").Ends, c.ends, name)
	}
}

// What was sent has been sent: it is recorded although the attempt's time is up.
func TestAnAttemptIsRecordedWhenItsTimeIsUp(t *testing.T) {
	t.Parallel()
	desk := activitiestest.New(time.Now)
	desk.Post.Add(visit.Delivery{ID: "d", Target: "webhook:w"})
	ctx, cancel := context.WithCancel(t.Context())
	desk.Post.Carry = func(visit.Delivery) (visit.Receipt, error) {
		cancel()
		return visit.Receipt{Status: 200}, nil
	}
	done, err := desk.Set().Deliveries.Deliver(ctx, activities.DeliverInput{DeliveryID: "d"})
	require.NoError(t, err)
	require.Equal(t, visit.DeliveryDelivered, done.State)
}

// A process that is older than a sort of target leaves it to others.
func TestATargetWithoutACourierWaits(t *testing.T) {
	t.Parallel()
	desk := activitiestest.New(time.Now)
	desk.Post.Add(visit.Delivery{ID: "d", Target: "carrier-pigeon:1"})
	_, err := desk.Set().Deliveries.Deliver(t.Context(), activities.DeliverInput{DeliveryID: "d"})
	require.ErrorContains(t, err, "no_courier")
	require.Empty(t, desk.Post.Letter("d").Ends)
}
