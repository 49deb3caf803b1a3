package worker_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/crm"
	"github.com/foyerhq/foyer/internal/crm/crmtest"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/worker"
)

// crmBench is a database with a site that hands its visits to a fake CRM.
type crmBench struct {
	*storetest.Bench
	fake    *crmtest.Fake
	site    visit.SiteID
	account visit.CRMAccountID
	crm     *worker.CRM
	desk    store.Caller
}

func setupCRM(t *testing.T, kind visit.CRMKind, within time.Duration) *crmBench {
	t.Helper()
	b := &crmBench{Bench: storetest.New(t), fake: crmtest.New(kind), desk: store.Caller{Actor: "user:desk", Scope: store.Everything}}
	server := httptest.NewServer(b.fake)
	t.Cleanup(server.Close)
	site, err := b.CreateSite(t.Context(), b.desk, visit.Site{Name: "Berlin", Timezone: "Europe/Berlin"})
	require.NoError(t, err)
	account, err := b.CreateCRMAccount(t.Context(), b.desk, b.fake.Account(server.URL))
	require.NoError(t, err)
	b.site, b.account = site.ID, account.ID
	_, err = b.SetSiteCRM(t.Context(), b.desk, b.site, visit.SiteCRM{AccountID: b.account, Fields: visit.CRMFields()})
	require.NoError(t, err)
	vendors := crm.NewVendors(crm.Options{
		HTTP:  &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: within},
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Now: b.Clock.Now,
	})
	b.crm = worker.NewCRM(b.Store, vendors, worker.NewCRMGate(b.Clock.Now))
	return b
}

// left is a visit that ended.
func (b *crmBench) left(t *testing.T) visit.VisitID {
	t.Helper()
	out, err := b.Register(t.Context(), b.desk, visit.Registration{
		SiteID: b.site, Visitor: visit.Visitor{FirstName: "Ada", LastName: "Quill", Email: "ada@example.org"},
	}, store.RegisterOptions{CheckIn: true})
	require.NoError(t, err)
	_, err = b.IssueVoucher(t.Context(), out.Visit.ID, store.Workflow)
	require.NoError(t, err)
	_, err = b.RequestCheckOut(t.Context(), b.desk, out.Visit.ID)
	require.NoError(t, err)
	_, err = b.RevokeVoucher(t.Context(), out.Visit.ID, store.RevokeInput{By: store.Workflow})
	require.NoError(t, err)
	return out.Visit.ID
}

func (b *crmBench) sync(t *testing.T, id visit.VisitID) (synced activities.Synced, err error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	step := &activities.CRM{Settings: b.Store, Log: b.Store, Accounts: b.crm}
	env.RegisterActivity(step.SyncCRM)
	value, err := env.ExecuteActivity(step.SyncCRM, activities.VisitInput{VisitID: id})
	if err == nil {
		require.NoError(t, value.Get(&synced))
	}
	return synced, err
}

func TestAVisitReachesTheCRMAndTheDetailSaysSo(t *testing.T) {
	t.Parallel()
	for _, kind := range visit.CRMKinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setupCRM(t, kind, 0)
			first, second := b.left(t), b.left(t)
			for _, id := range []visit.VisitID{first, second, first} { // one of them twice
				synced, err := b.sync(t, id)
				require.NoError(t, err)
				require.Equal(t, activities.HandedOver, synced.Outcome)
			}
			require.Len(t, b.fake.Contacts(), 1)
			require.Len(t, b.fake.Visits(), 2)
			require.Empty(t, b.fake.Breaches())
			require.LessOrEqual(t, b.fake.Tokens(), 1, "a token serves many visits")
			detail, err := b.Detail(t.Context(), store.Everything, first)
			require.NoError(t, err)
			require.Equal(t, visit.CRMSynced, detail.CRM.State)
			require.Equal(t, b.fake.Contacts()[0].ID, detail.CRM.Refs.Contact)
			require.Equal(t, 1, detail.CRM.Attempts, "what is written is not tried again")
			require.Contains(t, detail.CRM.Fields, visit.CRMLastName)

			require.NoError(t, b.crm.EraseVisitor(t.Context(), b.account, detail.CRM.Refs.Contact, []string{detail.CRM.Refs.Visit}))
			require.Empty(t, b.fake.Contacts())
			require.Len(t, b.fake.Visits(), 1)
		})
	}
}

// A group that gave one address and leaves together is one contact, also where the
// CRM has no keys.
func TestVisitsOfOneAddressAtOnceMakeOneContact(t *testing.T) {
	t.Parallel()
	for _, kind := range visit.CRMKinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setupCRM(t, kind, 0)
			visits := make([]visit.VisitID, 4)
			for i := range visits {
				visits[i] = b.left(t)
			}
			var together sync.WaitGroup
			for _, id := range visits {
				together.Go(func() {
					if _, err := b.sync(t, id); err != nil {
						t.Error(err)
					}
				})
			}
			together.Wait()
			require.Len(t, b.fake.Contacts(), 1)
			require.Len(t, b.fake.Visits(), len(visits))
		})
	}
}

func TestACRMThatRefusesNeedsAttentionUntilItIsMended(t *testing.T) {
	t.Parallel()
	b := setupCRM(t, visit.HubSpot, 0)
	id := b.left(t)
	_, err := b.UpdateCRMAccount(t.Context(), b.desk, b.account,
		store.CRMAccountChange{Credentials: &visit.CRMCredentials{Token: "withdrawn"}}, func(visit.CRMAccount) error { return nil })
	require.NoError(t, err)
	synced, err := b.sync(t, id)
	require.NoError(t, err)
	require.Equal(t, activities.Synced{Outcome: activities.Failed, Reason: "crm_unauthorized"}, synced)
	page, err := b.CRMSyncs(t.Context(), store.Everything, b.account, visit.CRMNeedsAttention, store.Page{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)

	b.Clock.Advance(time.Second)
	_, err = b.UpdateCRMAccount(t.Context(), b.desk, b.account,
		store.CRMAccountChange{Credentials: &visit.CRMCredentials{Token: crmtest.Secret}}, func(visit.CRMAccount) error { return nil })
	require.NoError(t, err)
	synced, err = b.sync(t, id) // by hand
	require.NoError(t, err)
	require.Equal(t, activities.HandedOver, synced.Outcome)
}

// A dead CRM holds no slots: of many attempts few reach it, and the rest are turned
// away at once.
func TestADeadCRMTurnsAttemptsAwayAtOnce(t *testing.T) {
	t.Parallel()
	b := setupCRM(t, visit.Salesforce, 50*time.Millisecond)
	visits := make([]visit.VisitID, 8)
	for i := range visits {
		visits[i] = b.left(t)
	}
	b.fake.Die()
	var heldBack int
	var mu sync.Mutex
	for range 10 {
		var together sync.WaitGroup
		for _, id := range visits {
			together.Go(func() {
				_, err := b.sync(t, id)
				if err == nil {
					t.Error("a dead CRM took a visit")
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if strings.Contains(err.Error(), "crm_held_back") {
					heldBack++
				}
			})
		}
		together.Wait()
		b.Clock.Advance(10 * time.Second)
	}
	require.LessOrEqual(t, len(b.fake.Calls()), 12, "80 attempts")
	require.GreaterOrEqual(t, heldBack, 68)
	page, err := b.CRMSyncs(t.Context(), store.Everything, b.account, visit.CRMPending, store.Page{})
	require.NoError(t, err)
	require.Len(t, page.Items, len(visits), "all are seen to be waiting")

	b.fake.Behave()
	for range 200 { // it is back: one probe, then the rest
		b.Clock.Advance(30 * time.Second)
		for _, id := range visits {
			_, _ = b.sync(t, id)
		}
		if len(b.fake.Visits()) == len(visits) {
			break
		}
	}
	require.Len(t, b.fake.Visits(), len(visits))
	require.Len(t, b.fake.Contacts(), 1)
}
