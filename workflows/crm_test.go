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

func hasCRM(r *activitiestest.Row) { r.CRM = "account" }

func TestAVisitIsHandedToTheCRMOutsideTheWorkflowsTask(t *testing.T) {
	t.Parallel()
	s := tell(t, hasCRM)
	local, ordinary := s.attempts()
	handed := 0
	s.desk.HandOver = func(visit.CRMJob) error { handed++; return nil }
	result, row := s.play()
	require.Equal(t, activities.HandedOver, result.CRM)
	require.Equal(t, activities.HandedOver, row.Seals[0].CRM)
	require.Equal(t, 1, handed)
	require.Equal(t, 1, local["SyncCRM"], "asked once, and sent outward at once")
	require.Equal(t, 1, ordinary["SyncCRM"])
	require.WithinDuration(t, *row.EndedAt, *row.SealedAt, time.Second)
}

func TestACRMThatRefusesForGoodIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	s := tell(t, hasCRM)
	asked := 0
	s.desk.HandOver = func(visit.CRMJob) error {
		asked++
		return visit.Errorf(visit.KindForbidden, "crm_unauthorized", "no")
	}
	result, row := s.play()
	require.Equal(t, activities.Failed, result.CRM)
	require.Equal(t, 1, asked)
	require.Equal(t, visit.CRMNeedsAttention, row.Synced.State)
	require.NotNil(t, row.SealedAt, "the visit is over all the same")
}

func TestACRMThatIsAwayForADayLosesNothing(t *testing.T) {
	t.Parallel()
	s := tell(t, hasCRM)
	s.desk.HandOver = func(visit.CRMJob) error {
		if s.Now().Before(s.began.Add(26 * time.Hour)) {
			// The test environment ends at ten attempts, so that they are far apart.
			return &visit.Error{Kind: visit.KindLimited, Code: "crm_limited", RetryAfter: 3 * time.Hour}
		}
		return nil
	}
	result, row := s.play()
	require.Equal(t, activities.HandedOver, result.CRM)
	require.Equal(t, row.ExpectedDeparture, *row.EndedAt, "and delays nothing but the seal")
}

func TestACRMThatStaysAwayForThreeDaysIsGivenUp(t *testing.T) {
	t.Parallel()
	s := tell(t, hasCRM)
	s.desk.HandOver = func(visit.CRMJob) error {
		return &visit.Error{Kind: visit.KindLimited, Code: "crm_limited", RetryAfter: 10 * time.Hour}
	}
	result, row := s.play()
	require.Equal(t, activities.Failed, result.CRM)
	require.Equal(t, activities.CRMExhausted, row.Synced.Reason)
	require.Equal(t, visit.CRMNeedsAttention, row.Synced.State)
	require.WithinDuration(t, row.EndedAt.Add(75*time.Hour), *row.SealedAt, 10*time.Hour)
}

func TestAHandOverThatStaffAskForIsTheSameStep(t *testing.T) {
	t.Parallel()
	s := tell(t, hasCRM, func(r *activitiestest.Row) { r.Status = visit.CheckedOut })
	s.ExecuteWorkflow(workflows.SyncVisit, workflows.VisitInput{VisitID: theVisit, SiteID: theSite})
	require.NoError(t, s.GetWorkflowError())
	var outcome activities.Outcome
	require.NoError(t, s.GetWorkflowResult(&outcome))
	require.Equal(t, activities.HandedOver, outcome)
	require.Equal(t, visit.CRMSynced, s.desk.Row(theVisit).Synced.State)
}
