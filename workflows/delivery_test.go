package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/activities/activitiestest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/workflows"
)

var theDelivery = workflows.DeliveryInput{
	DeliverInput: activities.DeliverInput{
		DeliveryID: "0197a000-0000-7000-8000-0000000000d1", EventID: "0197a000-0000-7000-8000-0000000000e1", Target: "webhook:w",
	},
	SiteID: theSite,
}

// letter is one delivery in virtual time.
type letter struct {
	*story
	carried []time.Duration // since the beginning
}

// send prepares a delivery whose attempts are answered in order; then all are accepted.
func send(t *testing.T, answers ...func() (visit.Receipt, error)) *letter {
	t.Helper()
	l := &letter{story: tell(t)}
	l.desk.Post.Add(visit.Delivery{
		ID: theDelivery.DeliveryID, Target: theDelivery.Target, Event: visit.Event{ID: theDelivery.EventID, Kind: visit.EventCheckedIn},
	})
	l.desk.Post.Carry = func(visit.Delivery) (visit.Receipt, error) {
		l.carried = append(l.carried, l.Now().Sub(l.began))
		if n := len(l.carried); n <= len(answers) {
			return answers[n-1]()
		}
		return visit.Receipt{Status: 204}, nil
	}
	return l
}

// arrive runs the workflow to its end.
func (l *letter) arrive() (activities.Delivered, activitiestest.Letter) {
	l.t.Helper()
	l.ExecuteWorkflow(workflows.Delivery, theDelivery)
	require.True(l.t, l.IsWorkflowCompleted())
	require.NoError(l.t, l.GetWorkflowError(), "a delivery that failed is a result")
	var done activities.Delivered
	require.NoError(l.t, l.GetWorkflowResult(&done))
	return done, l.desk.Post.Letter(theDelivery.DeliveryID)
}

func answer(status int, kind visit.Kind, code string, after time.Duration) func() (visit.Receipt, error) {
	return func() (visit.Receipt, error) {
		return visit.Receipt{Status: status, Reason: code}, &visit.Error{Kind: kind, Code: code, RetryAfter: after}
	}
}

func unsent(after time.Duration) func() (visit.Receipt, error) {
	return func() (visit.Receipt, error) {
		return visit.Receipt{}, &visit.Error{Kind: visit.KindLimited, Code: "held_back", RetryAfter: after}
	}
}

var busy = answer(500, visit.KindUnavailable, "status_500", 0)

func TestADeliveryIsCarriedByOneActivityAndEndsWithHowItCameOut(t *testing.T) {
	t.Parallel()
	for want, carry := range map[activities.Delivered]func() (visit.Receipt, error){
		{State: visit.DeliveryDelivered, Attempts: 1, Status: 204}:              func() (visit.Receipt, error) { return visit.Receipt{Status: 204}, nil },
		{State: visit.DeliverySkipped, Attempts: 1, Reason: "no_address"}:       func() (visit.Receipt, error) { return visit.Receipt{Skipped: true, Reason: "no_address"}, nil },
		{State: visit.DeliveryFailed, Attempts: 1, Status: 410, Reason: "gone"}: answer(410, visit.KindGone, "gone", 0),
		{State: visit.DeliveryFailed, Attempts: 1, Reason: "webhook_disabled"}: func() (visit.Receipt, error) {
			return visit.Receipt{}, visit.Errorf(visit.KindConflict, "webhook_disabled", "")
		},
	} {
		l := send(t, carry)
		done, row := l.arrive()
		require.Equal(t, want, done)
		require.Equal(t, want, row.Delivered)
		require.Len(t, l.carried, 1)
	}
}

func TestAnAttemptThatWasNotAcceptedIsRepeatedOnTheSchedule(t *testing.T) {
	t.Parallel()
	l := send(t, busy, answer(0, visit.KindUnavailable, "timeout", 0), busy)
	done, row := l.arrive()
	require.Equal(t, activities.Delivered{State: visit.DeliveryDelivered, Attempts: 4, Status: 204}, done)
	require.Equal(t, []time.Duration{0, 5 * time.Second, 5*time.Minute + 5*time.Second, 35*time.Minute + 5*time.Second}, l.carried)
	require.Equal(t, "timeout", row.Ends[1].Code)
	require.Equal(t, l.began.Add(5*time.Minute+5*time.Second), row.Ends[1].NextAt)
}

func TestAReceiverThatAsksForTimeIsGivenItAndNoLessThanTheScheduleSays(t *testing.T) {
	t.Parallel()
	l := send(t, answer(429, visit.KindLimited, "status_429", time.Minute), answer(503, visit.KindLimited, "status_503", time.Second))
	_, _ = l.arrive()
	require.Equal(t, []time.Duration{0, time.Minute, 6 * time.Minute}, l.carried)
}

func TestADeliveryThatWasHeldBackHasUsedUpNoAttempt(t *testing.T) {
	t.Parallel()
	l := send(t, unsent(10*time.Second), busy, unsent(20*time.Minute))
	done, row := l.arrive()
	require.Equal(t, 2, done.Attempts)
	require.Equal(t, []time.Duration{0, 10 * time.Second, 15 * time.Second, 20*time.Minute + 15*time.Second}, l.carried)
	require.Equal(t, []time.Time{l.began.Add(20*time.Minute + 15*time.Second)}, row.Postponed)
}

func TestAfterTheLastAttemptTheDeliveryHasFailedAndTheWorkflowHasNot(t *testing.T) {
	t.Parallel()
	answers := make([]func() (visit.Receipt, error), 100)
	for i := range answers {
		answers[i] = busy
	}
	l := send(t, answers...)
	done, row := l.arrive()
	require.Equal(t, activities.Delivered{State: visit.DeliveryFailed, Reason: "exhausted", Attempts: 10, Status: 500}, done)
	require.Len(t, row.Ends, 10)
	require.Equal(t, 75*time.Hour+35*time.Minute+5*time.Second, l.carried[9])
}

// Promise P17: a receiver that is back within three days has missed nothing.
func TestAReceiverThatIsBackWithinThreeDaysMissesNothing(t *testing.T) {
	t.Parallel()
	for _, back := range []time.Duration{time.Minute, 24 * time.Hour, 72 * time.Hour} {
		l := send(t)
		away := 0
		l.desk.Post.Carry = func(visit.Delivery) (visit.Receipt, error) {
			if l.Now().Sub(l.began) < back {
				away++
				return answer(0, visit.KindUnavailable, "connection_refused", 0)()
			}
			return visit.Receipt{Status: 204}, nil
		}
		done, row := l.arrive()
		require.Equal(t, activities.Delivered{State: visit.DeliveryDelivered, Attempts: away + 1, Status: 204}, done, back)
		require.NotZero(t, away)
		require.Len(t, row.Ends, away+1)
	}
}

func TestADeliveryThatHasEndedClosesAtOnce(t *testing.T) {
	t.Parallel()
	l := send(t)
	ended := activities.Delivered{State: visit.DeliveryFailed, Reason: "exhausted", Attempts: 10}
	l.desk.Post.Change(theDelivery.DeliveryID, func(row *activitiestest.Letter) { row.Delivered = ended })
	done, _ := l.arrive()
	require.Equal(t, ended, done)
	require.Empty(t, l.carried)
}

func TestCancellingTheWorkflowEndsTheDelivery(t *testing.T) {
	t.Parallel()
	l := send(t, busy, busy, busy)
	l.at(time.Minute, l.CancelWorkflow)
	done, row := l.arrive()
	require.Equal(t, activities.Delivered{State: visit.DeliveryFailed, Reason: "cancelled"}, done)
	require.Equal(t, "cancelled", row.Reason)
	require.Len(t, l.carried, 2)
}

func TestADeliveryWhoseTimeIsOverIsRecordedAsFailed(t *testing.T) {
	t.Parallel()
	answers := make([]func() (visit.Receipt, error), 100)
	for i := range answers {
		answers[i] = unsent(24 * time.Hour)
	}
	l := send(t, answers...)
	done, row := l.arrive()
	require.Equal(t, "exhausted", done.Reason)
	require.Equal(t, visit.DeliveryFailed, row.State)
	require.Less(t, len(l.carried), 6)
}

func TestWhileTheDatabaseIsAwayNoAttemptIsCounted(t *testing.T) {
	t.Parallel()
	l := send(t)
	tries := 0
	l.desk.Post.Fail = func(string) error {
		if tries++; tries <= 5 {
			return errDown
		}
		return nil
	}
	done, _ := l.arrive()
	require.Equal(t, activities.Delivered{State: visit.DeliveryDelivered, Attempts: 1, Status: 204}, done)
}
