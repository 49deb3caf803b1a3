package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/workflows"
)

var (
	tonight    = activities.PurgeInput{Day: "2026-11-22", RewriteBytes: 1 << 30}
	theErasure = activities.ErasureInput{ErasureID: "0197a000-0000-7000-8000-0000000000f1"}
	theContact = activities.CRMContact{AccountID: "account", ContactRef: "canary-contact", VisitRefs: []string{"canary-meeting"}}
)

func (s *story) purge() activities.PurgeProof {
	s.t.Helper()
	s.ExecuteWorkflow(workflows.Purge, tonight)
	require.True(s.t, s.IsWorkflowCompleted())
	require.NoError(s.t, s.GetWorkflowError())
	var proof activities.PurgeProof
	require.NoError(s.t, s.GetWorkflowResult(&proof))
	return proof
}

func (s *story) erase() (state string, reasons []string) {
	s.t.Helper()
	s.ExecuteWorkflow(workflows.Erase, theErasure)
	require.True(s.t, s.IsWorkflowCompleted())
	require.NoError(s.t, s.GetWorkflowError(), "an erasure that needs attention is a result")
	var end activities.ErasureEnd
	require.NoError(s.t, s.GetWorkflowResult(&end))
	reasons, _ = s.desk.Papers.Ends()
	return end.State, reasons
}

func TestAPurgeGoesThroughEachClassUntilNothingIsLeftAndLeavesAProof(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.desk.Papers.Due(visit.ClassVisits, 3)
	s.desk.Papers.Due(visit.ClassSessions, 45_000) // more than one activity takes
	proof := s.purge()
	require.True(t, proof.Ended)
	require.Equal(t, map[string]int{"visits": 3, "sessions": 45_000}, proof.Counts)
	require.Equal(t, []string{"visits"}, proof.Rewritten)
}

func TestAPurgeThatHasItsProofClosesAtOnce(t *testing.T) {
	t.Parallel()
	s := tell(t)
	_, err := s.desk.Papers.EndPurge(t.Context(), "")
	require.NoError(t, err)
	s.desk.Papers.Due(visit.ClassVisits, 3)
	require.Empty(t, s.purge().Counts)
}

func TestAPurgeWaitsWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.desk.Papers.Due(visit.ClassVisits, 1200)
	tries := 0
	s.desk.Papers.Fail = func(string) error {
		if tries++; tries%2 == 0 { // every other step, those between two batches too
			return errDown
		}
		return nil
	}
	proof := s.purge()
	require.Equal(t, map[string]int{"visits": 1200}, proof.Counts)
	require.True(t, proof.Ended)
}

func TestAnErasureIsDoneWhenEachCRMHasErasedThePerson(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.desk.Papers.Know(theContact, activities.CRMContact{AccountID: "another", ContactRef: "second"})
	var erased []string
	s.desk.Papers.Erase = func(c activities.CRMContact) error {
		erased = append(erased, c.ContactRef)
		if len(erased) == 2 { // the second one, once
			return visit.Unavailable("CRM", errDown)
		}
		return nil
	}
	state, reasons := s.erase()
	require.Equal(t, "done", state)
	require.Equal(t, []string{""}, reasons)
	require.Equal(t, []string{"canary-contact", "second", "second"}, erased, "what is done is not asked for again")
}

func TestACRMThatRefusesKeepsNoOtherFromErasing(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.desk.Papers.Know(theContact, activities.CRMContact{AccountID: "another", ContactRef: "second"})
	s.desk.Papers.Erase = func(c activities.CRMContact) error {
		if c.ContactRef == theContact.ContactRef {
			return visit.Errorf(visit.KindNotFound, "crm_account_not_found", "The account was removed.")
		}
		return nil
	}
	state, reasons := s.erase()
	require.Equal(t, "needs_attention", state)
	require.Equal(t, []string{"crm_account_not_found"}, reasons)
	_, left := s.desk.Papers.Ends()
	require.Equal(t, 1, left)
}

func TestWhatACRMRefusesForGoodNeedsAttentionAtOnce(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.desk.Papers.Know(theContact)
	s.desk.Papers.Erase = func(activities.CRMContact) error {
		return visit.Errorf(visit.KindForbidden, "crm_forbidden", "No.")
	}
	state, reasons := s.erase()
	require.Equal(t, "needs_attention", state)
	require.Equal(t, []string{"crm_forbidden"}, reasons)
	require.Less(t, s.Now().Sub(s.began), time.Minute)
}

func TestACRMThatStaysAwayIsAskedAgainAndThenNeedsAttention(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.desk.Papers.Know(theContact)
	tries := 0
	s.desk.Papers.Erase = func(activities.CRMContact) error {
		tries++
		return visit.Unavailable("CRM", errDown)
	}
	state, reasons := s.erase()
	require.Equal(t, "needs_attention", state)
	require.Len(t, reasons, 1)
	require.Contains(t, []string{"time_over", "unavailable"}, reasons[0])
	require.GreaterOrEqual(t, tries, 10, "the environment gives up there; a server goes on for 75 hours")
}

func TestCancellingAnErasureNeedsAttention(t *testing.T) {
	t.Parallel()
	s := tell(t)
	s.desk.Papers.Know(theContact)
	s.desk.Papers.Erase = func(activities.CRMContact) error { return visit.Unavailable("CRM", errDown) }
	s.at(time.Hour, s.CancelWorkflow)
	state, reasons := s.erase()
	require.Equal(t, "needs_attention", state)
	require.Len(t, reasons, 1)
}
