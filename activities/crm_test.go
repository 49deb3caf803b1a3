package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/activities/activitiestest"
	"github.com/foyerhq/foyer/internal/visit"
)

// crmDesk is a desk with one ended visit whose site has a CRM.
func crmDesk(edit ...func(*activitiestest.Row)) *activitiestest.Desk {
	desk := activitiestest.New(time.Now)
	row := activitiestest.Row{Visit: visit.Visit{ID: "v", Status: visit.CheckedOut}, CRM: "account"}
	for _, e := range edit {
		e(&row)
	}
	desk.Add(row)
	return desk
}

func syncCRM(t *testing.T, desk *activitiestest.Desk) (synced activities.Synced, err error) {
	t.Helper()
	var crm *activities.CRM
	value, err := environment(t, desk).ExecuteActivity(crm.SyncCRM, activities.VisitInput{VisitID: "v"})
	if err == nil {
		require.NoError(t, value.Get(&synced))
	}
	return synced, err
}

func TestSyncCRMSaysHowItCameOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit   func(*activitiestest.Row)
		said   error
		want   activities.Synced
		state  visit.CRMState
		called bool
	}{
		"not configured": {edit: func(r *activitiestest.Row) { r.CRM = "" }, want: activities.Synced{Outcome: activities.NotConfigured}},
		"skipped": {edit: func(r *activitiestest.Row) { r.CRMSkip = true },
			want: activities.Synced{Outcome: activities.Skipped, Reason: visit.CRMDoNotSync}, state: visit.CRMSkipped},
		"written": {want: activities.Synced{Outcome: activities.HandedOver}, state: visit.CRMSynced, called: true},
		"written before": {edit: func(r *activitiestest.Row) { r.Synced = &visit.CRMSync{State: visit.CRMSynced} },
			want: activities.Synced{Outcome: activities.HandedOver}, state: visit.CRMSynced},
		"erased meanwhile": {edit: func(r *activitiestest.Row) { r.Synced = &visit.CRMSync{State: visit.CRMErased} },
			want: activities.Synced{Outcome: activities.Skipped, Reason: "erased"}, state: visit.CRMErased},
		"erased during the attempt": {said: visit.ErrCRMErased,
			want: activities.Synced{Outcome: activities.Skipped, Reason: "erased"}, called: true},
		"refused for good": {said: visit.Errorf(visit.KindForbidden, "crm_unauthorized", "no"),
			want: activities.Synced{Outcome: activities.Failed, Reason: "crm_unauthorized"}, state: visit.CRMNeedsAttention, called: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			edit := c.edit
			if edit == nil {
				edit = func(*activitiestest.Row) {}
			}
			desk, called := crmDesk(edit), false
			desk.HandOver = func(visit.CRMJob) error { called = true; return c.said }
			synced, err := syncCRM(t, desk)
			require.NoError(t, err, "what is final is a result, and burns no attempts")
			require.Equal(t, c.want, synced)
			require.Equal(t, c.called, called)
			if c.state != "" {
				require.Equal(t, c.state, desk.Row("v").Synced.State)
			}
		})
	}
}

func TestWhatMayYetSucceedIsTriedAgainWhenTheCRMSays(t *testing.T) {
	t.Parallel()
	desk := crmDesk()
	desk.HandOver = func(visit.CRMJob) error {
		return &visit.Error{Kind: visit.KindLimited, Code: "crm_limited", RetryAfter: 7 * time.Minute}
	}
	_, err := syncCRM(t, desk)
	failure, ok := errors.AsType[*temporal.ApplicationError](activities.Failure(errors.Unwrap(err)))
	require.True(t, ok)
	require.False(t, failure.NonRetryable())
	require.Equal(t, visit.CRMPending, desk.Row("v").Synced.State)
	require.Equal(t, "crm_limited", desk.Row("v").Synced.Reason, "staff see what it waits for")
}

// shut is an account that lets nobody in.
type shut struct {
	activities.CRMs
	waited []visit.VisitID
}

func (s *shut) Enter(visit.CRMAccountID) (func(error), time.Duration, bool) {
	return nil, 42 * time.Second, false
}

type waitLog struct {
	activities.CRMLog
	shut *shut
}

func (w waitLog) WaitCRMSync(_ context.Context, id visit.VisitID, _ visit.CRMAccountID) error {
	w.shut.waited = append(w.shut.waited, id)
	return nil
}

func TestAnAccountThatIsShutTurnsAttemptsAwayAtOnce(t *testing.T) {
	t.Parallel()
	desk, account := crmDesk(), &shut{}
	set := desk.Set()
	set.CRM.Accounts, set.CRM.Log = account, waitLog{shut: account}
	env := bareEnvironment(t)
	set.Register(env)
	_, err := env.ExecuteActivity(set.CRM.SyncCRM, activities.VisitInput{VisitID: "v"})
	require.ErrorContains(t, err, "crm_held_back")
	require.Equal(t, []visit.VisitID{"v"}, account.waited, "it is seen to be waiting")
}

func TestAProcessWithoutCRMsLeavesThemToOthers(t *testing.T) {
	t.Parallel()
	set := crmDesk().Set()
	set.CRM.Accounts = nil
	env := bareEnvironment(t)
	set.Register(env)
	_, err := env.ExecuteActivity(set.CRM.SyncCRM, activities.VisitInput{VisitID: "v"})
	require.ErrorContains(t, err, "crm_unknown")
}

func TestAWorkflowsTaskDoesNotCallTheCRM(t *testing.T) {
	t.Parallel()
	desk := crmDesk()
	desk.HandOver = func(visit.CRMJob) error { t.Error("called"); return nil }
	env, crm := bareEnvironment(t), desk.Set().CRM
	value, err := env.ExecuteLocalActivity(crm.SyncCRM, activities.VisitInput{VisitID: "v"})
	require.NoError(t, err)
	var synced activities.Synced
	require.NoError(t, value.Get(&synced))
	require.Equal(t, activities.Outward, synced.Outcome)
	desk.Change("v", func(r *activitiestest.Row) { r.CRMSkip = true })
	_, err = env.ExecuteLocalActivity(crm.SyncCRM, activities.VisitInput{VisitID: "v"})
	require.NoError(t, err, "what needs no call is decided there")
}

func TestAVisitThatTheCRMDidNotTakeInTimeNeedsAttention(t *testing.T) {
	t.Parallel()
	var crm *activities.CRM
	desk := crmDesk()
	value, err := environment(t, desk).ExecuteActivity(crm.FailCRM, activities.VisitInput{VisitID: "v"})
	require.NoError(t, err)
	var synced activities.Synced
	require.NoError(t, value.Get(&synced))
	require.Equal(t, activities.Synced{Outcome: activities.Failed, Reason: activities.CRMExhausted}, synced)
	require.Equal(t, visit.CRMNeedsAttention, desk.Row("v").Synced.State)

	written := crmDesk(func(r *activitiestest.Row) { r.Synced = &visit.CRMSync{State: visit.CRMSynced} })
	value, err = environment(t, written).ExecuteActivity(crm.FailCRM, activities.VisitInput{VisitID: "v"})
	require.NoError(t, err)
	require.NoError(t, value.Get(&synced))
	require.Equal(t, activities.HandedOver, synced.Outcome, "it was, after all")
}
