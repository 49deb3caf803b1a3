package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/activities/activitiestest"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestTheFirstStepIssuesTheVoucherAndTheUpdateAnswersWhenItIsOver(t *testing.T) {
	t.Parallel()
	s := tell(t)
	var stepsAtAnswer []string
	s.at(0, func() {
		s.UpdateWorkflow("check-in", "check-in", &testsuite.TestUpdateCallback{
			OnReject: func(err error) { require.NoError(t, err) },
			OnAccept: func() {},
			OnComplete: func(_ any, err error) {
				require.NoError(t, err)
				stepsAtAnswer = s.desk.Steps()
			},
		})
	})
	_, row := s.play()
	require.Equal(t, []string{"IssueVoucher"}, stepsAtAnswer)
	require.True(t, row.Taken)
}

func TestAVisitThatIsCheckedInAlreadyKeepsItsVoucher(t *testing.T) {
	t.Parallel()
	s := tell(t, func(r *activitiestest.Row) { r.Status, r.CheckedInAt = visit.CheckedIn, r.CheckInRequestedAt })
	result, row := s.play()
	require.Equal(t, visit.Expired, result.Status)
	require.True(t, row.Taken, "the workflow stamps the intent also where the API's fallback acted")
	require.Equal(t, s.began, *row.CheckedInAt)
}

func TestAVisitForWhichNobodyAskedFailsSoThatItsIDStaysFree(t *testing.T) {
	t.Parallel()
	s := tell(t, func(r *activitiestest.Row) { r.CheckInRequestedAt = nil })
	s.run()
	require.ErrorContains(t, s.GetWorkflowError(), "nobody asked")
	require.Equal(t, []string{"IssueVoucher"}, s.desk.Steps())
}

func TestAVisitThatWasCancelledOrNeverShowedUpClosesAtOnce(t *testing.T) {
	t.Parallel()
	for _, status := range []visit.Status{visit.Cancelled, visit.NoShow} {
		s := tell(t, func(r *activitiestest.Row) { r.Status = status })
		result, _ := s.play()
		require.Equal(t, status, result.Status)
		require.Equal(t, []string{"IssueVoucher"}, s.desk.Steps())
	}
}

func TestASealedVisitClosesAtOnce(t *testing.T) {
	t.Parallel()
	s := tell(t, ended(visit.CheckedOut), func(r *activitiestest.Row) { r.SealedAt = r.EndedAt })
	result, _ := s.play()
	require.Equal(t, visit.CheckedOut, result.Status)
	require.Equal(t, []string{"IssueVoucher"}, s.desk.Steps())
}

func TestAVisitEndsAtItsDeparture(t *testing.T) {
	t.Parallel()
	s := tell(t)
	result, row := s.play()
	require.Equal(t, visit.Expired, result.Status)
	require.Equal(t, row.ExpectedDeparture, *row.EndedAt, "at the second")
	require.Equal(t, visit.ActorTimer, row.EndedBy)
	require.Equal(t, visit.Unconfirmed, row.Presence)
}

func TestAVisitEndsWhenSomebodyChecksOut(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.at(time.Hour, s.checkOut)
	result, row := s.play()
	require.Equal(t, visit.CheckedOut, result.Status)
	require.Equal(t, s.began.Add(time.Hour), *row.EndedAt)
	require.Equal(t, "user:1", row.EndedBy)
	require.Equal(t, visit.Left, row.Presence)
}

func TestACheckOutThatMeetsTheDepartureGivesOneEnd(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{-time.Millisecond, 0, time.Millisecond} {
		s := tell(t)
		s.at(2*time.Hour+after, s.checkOut)
		result, row := s.play()
		require.Len(t, row.Terminal, 1)
		require.Equal(t, row.Status, result.Status)
		require.NotNil(t, row.SealedAt)
	}
}

func TestACheckOutThatNoRowKnowsOfChangesNothing(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.at(time.Hour, func() { s.SignalWorkflow("check-out", nil) }) // by hand, in the Temporal UI
	result, row := s.play()
	require.Equal(t, visit.Expired, result.Status)
	require.Equal(t, row.ExpectedDeparture, *row.EndedAt)
	require.Equal(t, 2, count(s.desk.Steps(), "RevokeVoucher"))
}

func TestADepartureMovedForwardTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	s := tell(t)
	earlier := s.began.Add(90 * time.Minute)
	s.at(time.Hour, func() { s.move(earlier) })
	_, row := s.play()
	require.Equal(t, earlier, *row.EndedAt)
}

func TestADepartureMovedBackLetsTheTimerWakeAskAndWaitAgain(t *testing.T) {
	t.Parallel()
	s := tell(t)
	later := s.began.Add(3 * time.Hour)
	s.at(time.Hour, func() { s.move(later) })
	_, row := s.play()
	require.Equal(t, later, *row.EndedAt)
	require.Equal(t, 2, count(s.desk.Steps(), "RevokeVoucher"), "once when the first timer woke, once at the end")
	require.Equal(t, 2, s.timers)
}

func TestSignalsOfDeparturesThatOvertakeEachOtherDoNotMakeAVisitLonger(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.at(time.Hour, func() {
		later, earlier := s.began.Add(5*time.Hour), s.began.Add(90*time.Minute)
		s.moveRow(later)
		s.moveRow(earlier)
		s.signalMoved(earlier)
		s.signalMoved(later)
	})
	_, row := s.play()
	require.Equal(t, s.began.Add(90*time.Minute), *row.EndedAt)
}

func TestAWorkerWhoseClockIsBehindAsksAgainInASecond(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.desk.Now = func() time.Time { return s.Now().Add(-3500 * time.Millisecond) }
	result, _ := s.play()
	require.Equal(t, visit.Expired, result.Status)
	require.Equal(t, 1+4, count(s.desk.Steps(), "RevokeVoucher"))
}

func TestCancellingTheWorkflowEndsTheVisitAndLeavesAsUsual(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.at(time.Hour, s.CancelWorkflow)
	result, row := s.play()
	require.Equal(t, visit.CheckedOut, result.Status)
	require.Equal(t, visit.ActorOperator, row.EndedBy)
	require.Equal(t, s.began.Add(time.Hour), *row.EndedAt)
	require.NotNil(t, row.SealedAt)
}

func TestCancellingBeforeTheVoucherIsIssuedEndsTheVisitToo(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.desk.Fail = func(step string) error {
		if step == "IssueVoucher" && s.Now().Before(s.began.Add(time.Minute)) {
			return errDown
		}
		return nil
	}
	s.at(30*time.Second, s.CancelWorkflow)
	result, row := s.play()
	require.Equal(t, visit.CheckedOut, result.Status)
	require.Equal(t, visit.ActorOperator, row.EndedBy)
	require.Equal(t, []visit.EventKind{visit.EventCheckedOut}, row.Terminal)
	require.NotNil(t, row.SealedAt)
}

func TestOnLeavingSessionsAreEndedAndTheCRMIsToldSideBySideThenTheRecordIsSealed(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.desk.Begin = func(activities.Attempt) (visit.TerminationResult, bool, error) {
		if s.Now().Before(s.began.Add(2*time.Hour + time.Minute)) {
			return visit.TerminationResult{}, false, activities.NotDone(live(visit.ReasonNoAnswer))
		}
		return confirmed, true, nil
	}
	result, row := s.play()
	require.Equal(t, activities.SessionsEnded, result.Termination)
	steps := s.desk.Steps()
	require.Equal(t, "SealAudit", steps[len(steps)-1])
	require.Less(t, index(steps, "SyncCRM"), len(steps)-2, "the CRM did not wait for the sessions")
	require.Equal(t, []activities.SealInput{{
		VisitID: theVisit, Termination: activities.SessionsEnded, CRM: activities.NotConfigured,
	}}, row.Seals)
}

func TestAStageThatHasNothingToDoSaysSo(t *testing.T) {
	t.Parallel()
	result, _ := tell(t).play()
	require.Equal(t, activities.NoLiveSession, result.Termination)
	require.Equal(t, activities.NotConfigured, result.CRM)
}

func TestATerminationThatIsNotDoneIsTriedAgainWhenItsReasonSays(t *testing.T) {
	t.Parallel()
	for reason, after := range map[visit.TerminationReason]time.Duration{
		visit.ReasonBusy: 10 * time.Second, visit.ReasonNoAnswer: 30 * time.Second, visit.ReasonProhibited: 10 * time.Minute,
	} {
		s := tell(t)
		var tries []time.Time
		s.desk.Begin = func(a activities.Attempt) (visit.TerminationResult, bool, error) {
			tries = append(tries, s.Now())
			require.Equal(t, len(tries), a.Attempt)
			if len(tries) < 3 {
				return visit.TerminationResult{}, false, activities.NotDone(live(reason))
			}
			return confirmed, true, nil
		}
		result, _ := s.play()
		require.Equal(t, activities.SessionsEnded, result.Termination)
		require.Len(t, tries, 3)
		require.Equal(t, after, tries[1].Sub(tries[0]).Round(time.Second), reason)
	}
}

func TestATerminationWhoseTimeIsOverIsRecordedAsFailedAndTheSealFollows(t *testing.T) {
	t.Parallel()
	s := tell(t, func(r *activitiestest.Row) { r.TerminateFor = time.Hour })
	s.desk.Begin = func(activities.Attempt) (visit.TerminationResult, bool, error) {
		return visit.TerminationResult{}, false, activities.NotDone(live(visit.ReasonProhibited))
	}
	result, row := s.play()
	require.Equal(t, activities.Failed, result.Termination)
	require.Equal(t, []activities.FailInput{{VisitID: theVisit, Generation: 1, Reason: visit.ReasonProhibited}}, row.GivenUp)
	require.WithinDuration(t, row.EndedAt.Add(time.Hour), *row.SealedAt, 11*time.Minute)
	require.Equal(t, activities.Failed, row.Seals[0].Termination)
}

func TestRetryNowStartsTheNextGenerationAndDropsThePendingOne(t *testing.T) {
	t.Parallel()
	s := tell(t)
	var generations []int
	s.desk.Begin = func(a activities.Attempt) (visit.TerminationResult, bool, error) {
		generations = append(generations, a.Generation)
		return confirmed, a.Generation == 2, nil // the first is never heard of again
	}
	s.at(2*time.Hour+time.Minute, func() { s.retry(2) })
	s.at(2*time.Hour+time.Minute, func() { s.retry(2) }) // twice
	result, row := s.play()
	require.Equal(t, activities.SessionsEnded, result.Termination)
	require.Equal(t, []int{1, 2}, generations)
	require.Empty(t, row.GivenUp)
	require.Equal(t, s.began.Add(2*time.Hour+time.Minute), row.SealedAt.Truncate(time.Second))
}

func TestRetryNowAfterAFailedTerminationHoldsTheSealBack(t *testing.T) {
	t.Parallel()
	s := tell(t, func(r *activitiestest.Row) { r.TerminateFor = 15 * time.Minute })
	crmUp := s.began.Add(2*time.Hour + 30*time.Minute)
	s.desk.Fail = func(step string) error {
		if step == "SyncCRM" && s.Now().Before(crmUp) {
			return errDown
		}
		return nil
	}
	s.desk.Begin = func(a activities.Attempt) (visit.TerminationResult, bool, error) {
		if a.Generation == 1 || s.Now().Before(crmUp.Add(5*time.Minute)) {
			return visit.TerminationResult{}, false, activities.NotDone(live(visit.ReasonProhibited))
		}
		return confirmed, true, nil
	}
	s.at(2*time.Hour+25*time.Minute, func() { s.retry(2) })
	result, row := s.play()
	require.Equal(t, activities.SessionsEnded, result.Termination)
	require.Len(t, row.GivenUp, 1)
	require.True(t, row.SealedAt.After(crmUp.Add(4*time.Minute)), row.SealedAt)
	require.Len(t, row.Seals, 1)
}

func TestRetryNowThatCrossesTheSealIsCarriedOut(t *testing.T) {
	t.Parallel()
	s := tell(t)
	var generations []int
	s.desk.Begin = func(a activities.Attempt) (visit.TerminationResult, bool, error) {
		generations = append(generations, a.Generation)
		return visit.TerminationResult{}, true, nil
	}
	failedOnce := false
	s.desk.Fail = func(step string) error {
		if step == "SealAudit" && !failedOnce {
			failedOnce = true
			s.at(0, func() { s.retry(2) }) // while SealAudit is under way
			return errDown
		}
		return nil
	}
	s.play()
	require.Equal(t, []int{1, 2}, generations)
}

func TestAVisitThatEndedWhileNoWorkflowRanIsTakenUpWhereItStands(t *testing.T) {
	t.Parallel()
	for _, status := range []visit.Status{visit.CheckedOut, visit.Expired} {
		s := tell(t, ended(status))
		s.desk.Change(theVisit, func(r *activitiestest.Row) { r.Generation = 3 })
		generation := 0
		s.desk.Begin = func(a activities.Attempt) (visit.TerminationResult, bool, error) {
			generation = a.Generation
			return confirmed, true, nil
		}
		result, row := s.play()
		require.Equal(t, status, result.Status)
		require.Equal(t, 3, generation)
		require.Empty(t, row.Terminal, "its end is not announced again")
		require.NotNil(t, row.SealedAt)
		require.Zero(t, s.timers)
	}
}

func TestACheckOutThatNoWorkflowHeardOfIsFoundOnTheRow(t *testing.T) {
	t.Parallel()
	s := tell(t, func(r *activitiestest.Row) {
		r.Status, r.CheckOutRequestedAt, r.CheckOutRequestedBy = visit.CheckedIn, r.CheckInRequestedAt, "user:2"
	})
	result, row := s.play()
	require.Equal(t, visit.CheckedOut, result.Status)
	require.Equal(t, s.began, row.EndedAt.Truncate(time.Second))
	require.Zero(t, s.timers)
}

func TestAStepThatFailsIsRepeatedInTheTaskAndThenAsLongAsItTakes(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"IssueVoucher", "RevokeVoucher", "SyncCRM", "SealAudit"} {
		s := tell(t)
		local, ordinary := s.attempts()
		tries := 0
		s.desk.Fail = func(asked string) error {
			if asked != step {
				return nil
			}
			if tries++; tries > 3+5 { // the test environment ends at ten
				return nil
			}
			return errDown
		}
		s.play()
		require.Equal(t, 3, local[step], step)
		require.Positive(t, ordinary[step], step)
		// A late answer may be asked for once more: steps are idempotent.
		require.GreaterOrEqual(t, tries, 3+5+1, step)
	}
}

func TestARefusalIsNotRepeated(t *testing.T) {
	t.Parallel()
	s := tell(t)
	tries := 0
	s.desk.Fail = func(step string) error {
		if step == "IssueVoucher" {
			tries++
			return visit.ErrSiteArchived
		}
		return nil
	}
	s.run()
	require.ErrorContains(t, s.GetWorkflowError(), "site_archived")
	require.Equal(t, 1, tries)
}

func TestAWaitWhoseHistoryGrowsLongGoesOnInANewRun(t *testing.T) {
	t.Parallel()
	for name, grow := range map[string]func(s *story){
		"by its length":     func(s *story) { s.SetCurrentHistoryLength(451) },
		"as Temporal finds": func(s *story) { s.SetContinueAsNewSuggested(true) },
	} {
		s := tell(t)
		s.at(time.Hour, func() {
			grow(s)
			s.move(s.began.Add(4 * time.Hour))
		})
		s.run()
		require.ErrorContains(t, s.GetWorkflowError(), "continue as new", name)
		require.NotContains(t, s.desk.Steps(), "RevokeVoucher")
	}
}

var errDown = visit.Unavailable("the database", errors.New("connection refused"))

var confirmed = visit.TerminationResult{Sessions: []visit.SessionTermination{{
	SessionID: "s", NASID: "n", State: visit.TerminationConfirmed,
}}}

func live(reason visit.TerminationReason) visit.TerminationResult {
	return visit.TerminationResult{Sessions: []visit.SessionTermination{{
		SessionID: "s", NASID: "n", State: visit.TerminationFailed, Reason: reason,
	}}}
}

// ended makes a visit that ended, by the API's fallback say, before now.
func ended(status visit.Status) func(*activitiestest.Row) {
	return func(r *activitiestest.Row) {
		at := r.CheckInRequestedAt.Add(-time.Minute)
		r.Status, r.CheckedInAt, r.EndedAt, r.EndedBy = status, &at, &at, "user:1"
	}
}

func count(steps []string, step string) (n int) {
	for _, s := range steps {
		if s == step {
			n++
		}
	}
	return n
}

func index(steps []string, step string) int {
	for i, s := range steps {
		if s == step {
			return i
		}
	}
	return -1
}
