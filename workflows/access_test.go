package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/activities/activitiestest"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/workflows"
)

const theAccess = roll.AccessID("0197a000-0000-8000-8000-0000000000a1")

// tellAccess is a story of an access that was begun a moment ago, for an hour.
func tellAccess(t *testing.T) *story {
	t.Helper()
	s := tell(t)
	s.desk.AddAccess(theAccess, activitiestest.AccessRow{EndsAt: s.began.Add(time.Hour)})
	return s
}

func (s *story) access() (workflows.AccessResult, activitiestest.AccessRow) {
	s.t.Helper()
	s.ExecuteWorkflow(workflows.Access, workflows.AccessInput{AccessID: theAccess, SiteID: theSite})
	require.True(s.t, s.IsWorkflowCompleted())
	require.NoError(s.t, s.GetWorkflowError())
	var result workflows.AccessResult
	require.NoError(s.t, s.GetWorkflowResult(&result))
	return result, s.desk.AccessRow(theAccess)
}

func (s *story) changeAccess(edit func(*activitiestest.AccessRow)) {
	s.desk.ChangeAccess(theAccess, edit)
	s.SignalWorkflow("access-changed", nil)
}

func TestAnAccessEndsWhenItsTimeIsOverAndLeavesAsAVisitDoes(t *testing.T) {
	t.Parallel()
	s := tellAccess(t)
	var asked activities.Attempt
	s.desk.Begin = func(a activities.Attempt) (visit.TerminationResult, bool, error) {
		asked = a
		return confirmed, true, nil
	}
	result, row := s.access()
	require.Equal(t, workflows.AccessResult{Reason: "time", Termination: activities.SessionsEnded}, result)
	require.Equal(t, s.began.Add(time.Hour), s.Now().Truncate(time.Second))
	require.Equal(t, theAccess, asked.AccessID)
	require.Equal(t, []activities.SealAccessInput{{AccessID: theAccess, Termination: activities.SessionsEnded}}, row.Seals)
	require.Equal(t, []string{"EndAccess", "EndAccess", "TerminateSessions", "SealAccess"}, s.desk.Steps())
}

func TestAnAccessThatIsGivenMoreTimeGoesOn(t *testing.T) {
	t.Parallel()
	s := tellAccess(t)
	s.at(30*time.Minute, func() { s.changeAccess(func(r *activitiestest.AccessRow) { r.EndsAt = s.began.Add(2 * time.Hour) }) })
	s.access()
	require.Equal(t, s.began.Add(2*time.Hour), s.Now().Truncate(time.Second))
	require.Equal(t, 2, s.timers)
}

func TestAnAccessThatStaffEndIsLeftAtOnce(t *testing.T) {
	t.Parallel()
	s := tellAccess(t)
	s.at(30*time.Minute, func() {
		s.changeAccess(func(r *activitiestest.AccessRow) { r.Ended, r.Reason = true, "expired" })
	})
	result, _ := s.access()
	require.Equal(t, "expired", result.Reason)
	require.Equal(t, s.began.Add(30*time.Minute), s.Now().Truncate(time.Second))
}

func TestASignalThatIsLostCostsNothing(t *testing.T) {
	t.Parallel()
	s := tellAccess(t)
	s.at(30*time.Minute, func() {
		s.desk.ChangeAccess(theAccess, func(r *activitiestest.AccessRow) { r.EndsAt = s.began.Add(2 * time.Hour) })
	})
	s.access()
	require.Equal(t, s.began.Add(2*time.Hour), s.Now().Truncate(time.Second))
}

func TestCancellingTheWorkflowEndsTheAccess(t *testing.T) {
	t.Parallel()
	s := tellAccess(t)
	s.at(30*time.Minute, s.CancelWorkflow)
	result, row := s.access()
	require.Equal(t, "cancelled", result.Reason)
	require.True(t, row.Sealed)
}

func TestAnAccessThatGoesOnAfterItsEndIsNotSealed(t *testing.T) {
	t.Parallel()
	s := tellAccess(t)
	late := false
	s.desk.Begin = func(a activities.Attempt) (visit.TerminationResult, bool, error) {
		if !late { // an agent that was cut off reports a later use
			late = true
			s.desk.ChangeAccess(theAccess, func(r *activitiestest.AccessRow) {
				r.Ended, r.EndsAt, r.Generation = false, s.Now().Add(time.Hour), 2
			})
		}
		return visit.TerminationResult{}, true, nil
	}
	result, row := s.access()
	require.Equal(t, "time", result.Reason)
	require.Len(t, row.Seals, 1)
	require.Equal(t, s.began.Add(2*time.Hour), s.Now().Truncate(time.Second))
}

func TestASealedAccessClosesAtOnce(t *testing.T) {
	t.Parallel()
	s := tellAccess(t)
	s.desk.ChangeAccess(theAccess, func(r *activitiestest.AccessRow) { r.Ended, r.Sealed, r.Reason = true, true, "time" })
	result, row := s.access()
	require.Equal(t, "time", result.Reason)
	require.Empty(t, row.Seals)
	require.Equal(t, []string{"EndAccess"}, s.desk.Steps())
}

func TestAStepOfAnAccessThatFailsIsRepeatedAsLongAsItTakes(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"EndAccess", "SealAccess"} {
		s := tellAccess(t)
		tries := 0
		s.desk.Fail = func(asked string) error {
			if asked != step {
				return nil
			}
			if tries++; tries <= 3+5 {
				return errDown
			}
			return nil
		}
		_, row := s.access()
		require.True(t, row.Sealed)
	}
}

func TestAnAccessThatIsGivenMoreTimeVeryOftenGoesOnInANewRun(t *testing.T) {
	t.Parallel()
	s := tellAccess(t)
	s.at(time.Minute, func() {
		s.SetCurrentHistoryLength(451)
		s.changeAccess(func(r *activitiestest.AccessRow) { r.EndsAt = s.began.Add(2 * time.Hour) })
	})
	s.ExecuteWorkflow(workflows.Access, workflows.AccessInput{AccessID: theAccess, SiteID: theSite})
	require.ErrorContains(t, s.GetWorkflowError(), "continue as new")
}
