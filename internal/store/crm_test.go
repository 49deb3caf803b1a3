package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

const canaryCRMToken = "canary-crm-token"

func (b bench) crmAccount(t testing.TB) visit.CRMAccount {
	t.Helper()
	account, err := b.CreateCRMAccount(t.Context(), b.desk, visit.CRMAccount{
		Name: " Sales ", Kind: visit.HubSpot, Settings: visit.CRMSettings{VisitField: "visit_id"},
		Credentials: visit.CRMCredentials{Token: canaryCRMToken},
	})
	require.NoError(t, err)
	return account
}

// withCRM is a site that hands its visits to an account.
func (b bench) withCRM(t testing.TB, fields ...visit.CRMField) visit.CRMAccount {
	t.Helper()
	account := b.crmAccount(t)
	_, err := b.SetSiteCRM(t.Context(), b.desk, b.site.ID, visit.SiteCRM{AccountID: account.ID, Fields: fields})
	require.NoError(t, err)
	return account
}

func valid(visit.CRMAccount) error { return nil }

func TestCRMAccountsAreKeptWithSealedCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account := b.crmAccount(t)
	require.Equal(t, "Sales", account.Name)
	require.Empty(t, account.Credentials, "written, never shown")
	read, err := b.CRMAccount(t.Context(), store.Everything, account.ID)
	require.NoError(t, err)
	require.Equal(t, account, read)
	opened, err := b.OpenCRMAccount(t.Context(), store.Everything, account.ID)
	require.NoError(t, err)
	require.Equal(t, canaryCRMToken, opened.Credentials.Token)

	changed, err := b.UpdateCRMAccount(t.Context(), b.desk, account.ID, store.CRMAccountChange{
		Name: new("Other"), Credentials: &visit.CRMCredentials{Token: canaryCRMToken + "2"},
	}, valid)
	require.NoError(t, err)
	require.Equal(t, "Other", changed.Name)
	refused := visit.Invalid("settings.base_url", "no")
	_, err = b.UpdateCRMAccount(t.Context(), b.desk, account.ID, store.CRMAccountChange{Name: new("Third")}, func(a visit.CRMAccount) error {
		require.Equal(t, canaryCRMToken+"2", a.Credentials.Token, "judged as it would become")
		return refused
	})
	require.ErrorIs(t, err, refused)
	for _, settings := range []visit.CRMSettings{{BaseURL: "https://mine.example"}, {TokenURL: "https://mine.example"}, {Tenant: "mine"}} {
		change := store.CRMAccountChange{Settings: &settings}
		_, err = b.UpdateCRMAccount(t.Context(), b.desk, account.ID, change, valid)
		require.Equal(t, visit.KindInvalid, visit.KindOf(err), "who may change an account does not get its credentials sent to them")
		change.Credentials = &visit.CRMCredentials{Token: canaryCRMToken + "2"}
		_, err = b.UpdateCRMAccount(t.Context(), b.desk, account.ID, change, valid)
		require.NoError(t, err)
	}
	list, err := b.CRMAccounts(t.Context(), store.Everything)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "Other", list[0].Name)

	everywhere := sql[string](t, b, "select to_jsonb(t)::text from crm_accounts t union all select to_jsonb(t)::text from audit t")
	require.NotContains(t, fmt.Sprint(everywhere), canaryCRMToken)
	b.verify(t)

	require.NoError(t, b.DeleteCRMAccount(t.Context(), b.desk, account.ID))
	_, err = b.OpenCRMAccount(t.Context(), store.Everything, account.ID)
	require.ErrorIs(t, err, visit.ErrCRMAccountNotFound)
	require.Equal(t, []int{0}, sql[int](t, b, "select length(credentials_sealed) from crm_accounts"))
}

func TestCRMAccountsOfOtherSitesDoNotExist(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account := b.withCRM(t)
	other := b.newSite(t, "Paris")
	here, there := store.Scope{Sites: []visit.SiteID{b.site.ID}}, store.Scope{Sites: []visit.SiteID{other.ID}}
	_, err := b.CRMAccount(t.Context(), here, account.ID)
	require.NoError(t, err)
	_, err = b.CRMAccount(t.Context(), there, account.ID)
	require.ErrorIs(t, err, visit.ErrCRMAccountNotFound)
	_, err = b.CRMSyncs(t.Context(), there, account.ID, "", store.Page{})
	require.ErrorIs(t, err, visit.ErrCRMAccountNotFound)
	list, err := b.CRMAccounts(t.Context(), there)
	require.NoError(t, err)
	require.Empty(t, list)
	mine := store.Caller{Actor: "user:there", Scope: there}
	_, err = b.SetSiteCRM(t.Context(), mine, other.ID, visit.SiteCRM{AccountID: account.ID})
	require.ErrorIs(t, err, visit.ErrCRMAccountNotFound)
	_, err = b.SetSiteCRM(t.Context(), mine, b.site.ID, visit.SiteCRM{})
	require.ErrorIs(t, err, visit.ErrSiteNotFound)
	for _, scope := range []store.Scope{here, there} { // changing is for who sees every site that may use it
		by := store.Caller{Actor: "user:x", Scope: scope}
		_, err = b.CreateCRMAccount(t.Context(), by, visit.CRMAccount{Name: "x", Kind: visit.HubSpot})
		require.ErrorIs(t, err, visit.ErrCRMAccountNotFound)
		_, err = b.UpdateCRMAccount(t.Context(), by, account.ID, store.CRMAccountChange{Name: new("x")}, valid)
		require.ErrorIs(t, err, visit.ErrCRMAccountNotFound)
		require.ErrorIs(t, b.DeleteCRMAccount(t.Context(), by, account.ID), visit.ErrCRMAccountNotFound)
	}
}

func TestASiteChoosesItsCRM(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account := b.withCRM(t, visit.CRMLastName, visit.CRMHost)
	crm, err := b.SiteCRM(t.Context(), store.Everything, b.site.ID)
	require.NoError(t, err)
	require.Equal(t, visit.SiteCRM{AccountID: account.ID, Kind: visit.HubSpot, Fields: []visit.CRMField{visit.CRMLastName, visit.CRMHost}}, crm)
	work, err := b.WorkView(t.Context(), b.arrived(t))
	require.NoError(t, err)
	require.Equal(t, "hubspot", work.CRM)
	require.ErrorIs(t, b.DeleteCRMAccount(t.Context(), b.desk, account.ID), visit.ErrCRMAccountInUse)
	_, err = b.SetSiteCRM(t.Context(), b.desk, b.site.ID, visit.SiteCRM{AccountID: account.ID, Fields: []visit.CRMField{"password"}})
	require.ErrorContains(t, err, "no such field")
	crm, err = b.SetSiteCRM(t.Context(), b.desk, b.site.ID, visit.SiteCRM{})
	require.NoError(t, err)
	require.Empty(t, crm.Kind)
	require.NoError(t, b.DeleteCRMAccount(t.Context(), b.desk, account.ID))
	b.verify(t)
}

func TestACRMJobHoldsWhatWasChosen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account := b.withCRM(t, visit.CRMLastName, visit.CRMLocation)
	id := b.left(t)
	job, err := b.CRMJob(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, account.ID, job.AccountID)
	require.Equal(t, visit.Visitor{LastName: "Quill", Email: "ada@example.org"}, job.Visit.Visitor)
	require.Equal(t, "Berlin", job.Visit.Site)
	require.Empty(t, job.Visit.Host)
	require.Equal(t, []visit.CRMField{visit.CRMLastName, visit.CRMLocation}, job.Visit.Fields)
	require.Empty(t, job.Skip)
	require.Nil(t, job.Known)

	for reason, edit := range map[string]func(*visit.Registration){
		visit.CRMNoEmail:   func(r *visit.Registration) { r.Visitor.Email = "" },
		visit.CRMDoNotSync: func(r *visit.Registration) { r.CRMSkip = true },
	} {
		reg := b.registration()
		edit(&reg)
		out, err := b.Register(t.Context(), b.desk, reg, store.RegisterOptions{})
		require.NoError(t, err)
		job, err := b.CRMJob(t.Context(), out.Visit.ID)
		require.NoError(t, err)
		require.Equal(t, reason, job.Skip)
	}
}

func TestDoNotSyncIsChangedAndCarriedOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.arrived(t)
	out, err := b.Change(t.Context(), b.desk, id, store.VisitChange{CRMSkip: new(true)})
	require.NoError(t, err)
	require.True(t, out.Visit.CRMSkip)
	b.leave(t, id)
	again, err := b.Readmit(t.Context(), b.desk, id, time.Time{})
	require.NoError(t, err)
	require.True(t, again.Visit.CRMSkip)
}

func TestACRMSyncIsTriedByOneAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account := b.withCRM(t)
	id := b.left(t)
	require.NoError(t, b.WaitCRMSync(t.Context(), id, account.ID))
	job, err := b.CRMJob(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, visit.CRMPending, job.Known.State)
	require.True(t, job.Since.IsZero(), "waiting is no attempt")

	require.NoError(t, b.BeginCRMSync(t.Context(), id, account.ID))
	require.ErrorIs(t, b.BeginCRMSync(t.Context(), id, account.ID), visit.ErrCRMBusy)
	refs := visit.CRMRefs{Contact: "c1"}
	require.NoError(t, b.NoteCRMRefs(t.Context(), id, refs))
	b.Clock.Advance(visit.CRMBusyFor) // whoever began it died
	require.NoError(t, b.BeginCRMSync(t.Context(), id, account.ID))
	job, err = b.CRMJob(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, refs, job.Known.Refs)
	require.Equal(t, 2, job.Known.Attempts)
	require.False(t, job.Since.IsZero())

	refs.Visit = "m1"
	require.NoError(t, b.NoteCRMRefs(t.Context(), id, refs))
	fields := []visit.CRMField{visit.CRMLastName}
	require.NoError(t, b.EndCRMSync(t.Context(), id, visit.CRMEnd{AccountID: account.ID, State: visit.CRMSynced, Fields: fields}))
	detail, err := b.Detail(t.Context(), store.Everything, id)
	require.NoError(t, err)
	require.Equal(t, visit.CRMSynced, detail.CRM.State)
	require.Equal(t, refs, detail.CRM.Refs)
	require.Equal(t, fields, detail.CRM.Fields)
	require.Equal(t, account.ID, detail.CRM.AccountID)
	require.NotNil(t, detail.CRM.SyncedAt)
}

// Ids of one account mean nothing in another.
func TestAnotherAccountBeginsAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.withCRM(t)
	id := b.left(t)
	require.NoError(t, b.BeginCRMSync(t.Context(), id, first.ID))
	require.NoError(t, b.NoteCRMRefs(t.Context(), id, visit.CRMRefs{Contact: "c1"}))
	require.NoError(t, b.EndCRMSync(t.Context(), id, visit.CRMEnd{AccountID: first.ID, State: visit.CRMPending, Reason: "crm_limited"}))
	second := b.withCRM(t)
	job, err := b.CRMJob(t.Context(), id)
	require.NoError(t, err)
	require.Nil(t, job.Known)
	require.NoError(t, b.BeginCRMSync(t.Context(), id, second.ID))
	job, err = b.CRMJob(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, second.ID, job.Known.AccountID)
	require.Empty(t, job.Known.Refs)
}

// Nobody is left waiting for an account that the site does not use any more.
func TestASiteThatLeavesAnAccountEndsTheWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account := b.withCRM(t)
	id := b.left(t)
	require.NoError(t, b.WaitCRMSync(t.Context(), id, account.ID))
	_, err := b.SetSiteCRM(t.Context(), b.desk, b.site.ID, visit.SiteCRM{AccountID: account.ID, Fields: visit.CRMFields()})
	require.NoError(t, err)
	require.Equal(t, []string{"pending"}, sql[string](t, b, "select state from crm_syncs"), "other fields, the same account")
	_, err = b.SetSiteCRM(t.Context(), b.desk, b.site.ID, visit.SiteCRM{})
	require.NoError(t, err)
	require.Equal(t, []string{"skipped not_configured"}, sql[string](t, b, "select state || ' ' || reason from crm_syncs"))
}

func TestARefusalForGoodIsAnEventOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account := b.withCRM(t)
	id := b.left(t)
	end := func(state visit.CRMState, reason string) {
		require.NoError(t, b.BeginCRMSync(t.Context(), id, account.ID))
		require.NoError(t, b.EndCRMSync(t.Context(), id, visit.CRMEnd{AccountID: account.ID, State: state, Reason: reason}))
	}
	count := func() int {
		return sql[int](t, b, "select count(*)::int from events where kind = 'crm.needs_attention'")[0]
	}
	end(visit.CRMPending, "crm_limited")
	require.Zero(t, count())
	end(visit.CRMNeedsAttention, "crm_unauthorized")
	end(visit.CRMNeedsAttention, "crm_unauthorized")
	require.Equal(t, 1, count())
	end(visit.CRMNeedsAttention, "crm_field_invalid")
	require.Equal(t, 2, count())

	page, err := b.CRMSyncs(t.Context(), store.Everything, account.ID, visit.CRMNeedsAttention, store.Page{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, 4, page.Items[0].Attempts)
	none, err := b.CRMSyncs(t.Context(), store.Everything, account.ID, visit.CRMSynced, store.Page{})
	require.NoError(t, err)
	require.Empty(t, none.Items)
	b.verify(t)
}

func TestSyncsArePagedNewestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account := b.withCRM(t)
	for range 3 {
		require.NoError(t, b.WaitCRMSync(t.Context(), b.left(t), account.ID))
	}
	first, err := b.CRMSyncs(t.Context(), store.Everything, account.ID, visit.CRMPending, store.Page{Limit: 2})
	require.NoError(t, err)
	require.Len(t, first.Items, 2)
	rest, err := b.CRMSyncs(t.Context(), store.Everything, account.ID, visit.CRMPending, store.Page{Limit: 2, Cursor: first.Next})
	require.NoError(t, err)
	require.Len(t, rest.Items, 1)
	require.Greater(t, first.Items[1].VisitID, rest.Items[0].VisitID)
	require.Empty(t, rest.Next)
}

func TestWhatWasErasedStaysErased(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account := b.withCRM(t)
	id := b.left(t)
	require.NoError(t, b.BeginCRMSync(t.Context(), id, account.ID))
	sql[string](t, b, "update crm_syncs set state = 'erased', contact_ref = '', visit_ref = '' returning ''")
	b.Clock.Advance(visit.CRMBusyFor)
	require.ErrorIs(t, b.NoteCRMRefs(t.Context(), id, visit.CRMRefs{Contact: "c"}), visit.ErrCRMErased)
	require.NoError(t, b.EndCRMSync(t.Context(), id, visit.CRMEnd{AccountID: account.ID, State: visit.CRMSynced}))
	require.ErrorIs(t, b.BeginCRMSync(t.Context(), id, account.ID), visit.ErrCRMErased)
	_, err := b.RequestCRMRetry(t.Context(), b.desk, id)
	require.ErrorIs(t, err, visit.ErrCRMErased)
	require.Equal(t, []string{"erased"}, sql[string](t, b, "select state from crm_syncs"))
}

func TestARetryNeedsAnEndedVisitAndACRM(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.arrived(t)
	_, err := b.RequestCRMRetry(t.Context(), b.desk, id)
	require.ErrorIs(t, err, visit.ErrVisitNotEnded)
	b.leave(t, id)
	_, err = b.RequestCRMRetry(t.Context(), b.desk, id)
	require.ErrorIs(t, err, visit.ErrCRMNotConfigured)
	b.withCRM(t)
	v, err := b.RequestCRMRetry(t.Context(), b.desk, id)
	require.NoError(t, err)
	require.Equal(t, id, v.ID)
	require.Equal(t, []string{"crm.retry_requested"}, sql[string](t, b, "select action from audit where action like 'crm.%'"))
	b.verify(t)
}

// Two visits a second and account, whichever worker asks; ten at once after a quiet
// time, and no account waits for another's turn.
func TestAnAccountsTurnsAreTakenByAllWorkersTogether(t *testing.T) {
	t.Parallel()
	b := setup(t)
	busy, quiet := b.crmAccount(t), b.crmAccount(t)
	ids := make([]visit.VisitID, 14)
	for i := range ids {
		ids[i] = b.left(t)
	}
	for _, id := range ids[:10] {
		require.NoError(t, b.BeginCRMSync(t.Context(), id, busy.ID))
	}
	err := b.BeginCRMSync(t.Context(), ids[10], busy.ID)
	require.Equal(t, visit.KindLimited, visit.KindOf(err))
	require.NoError(t, b.BeginCRMSync(t.Context(), ids[11], quiet.ID))
	tried := sql[int64](t, b, "select count(*) from crm_syncs where visit_id = $1", string(ids[10]))
	require.Equal(t, []int64{0}, tried, "who is sent away has not tried")
	b.Clock.Advance(time.Second)
	require.NoError(t, b.BeginCRMSync(t.Context(), ids[10], busy.ID))
	require.NoError(t, b.BeginCRMSync(t.Context(), ids[12], busy.ID))
	require.Error(t, b.BeginCRMSync(t.Context(), ids[13], busy.ID))
}
