package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/crm"
	"github.com/foyerhq/foyer/internal/crm/crmtest"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

const canaryCRMToken = crmtest.Secret

// vendors call what listens on this machine.
func vendors() *crm.Vendors {
	return crm.NewVendors(crm.Options{
		HTTP:  &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Now: time.Now,
	})
}

const crmAt = "/api/v1/crm/accounts"

// crmAccount is an account that a site uses.
func (b *bench) crmAccount(t *testing.T, site visit.SiteID) string {
	t.Helper()
	id := b.want(t, 201, call{method: "POST", path: crmAt, as: b.admin, body: object{
		"name": "Sales", "kind": "hubspot", "credentials": object{"token": canaryCRMToken}}}).string("id")
	b.want(t, 200, call{method: "PUT", path: "/api/v1/sites/" + string(site) + "/crm", as: b.admin, body: object{
		"account_id": id, "fields": []string{"last_name"}}})
	return id
}

// fakeCRM is an account of a fake, which is used by our site.
func (b *bench) fakeCRM(t *testing.T, kind visit.CRMKind) (*crmtest.Fake, string) {
	t.Helper()
	fake := crmtest.New(kind)
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	account := fake.Account(server.URL)
	id := b.want(t, 201, call{method: "POST", path: crmAt, as: b.admin, body: object{
		"name": "Sales", "kind": kind,
		"settings": object{"base_url": account.Settings.BaseURL, "token_url": account.Settings.TokenURL, "tenant": account.Settings.Tenant},
		"credentials": object{"token": account.Credentials.Token, "client_id": account.Credentials.ClientID,
			"client_secret": account.Credentials.ClientSecret},
	}}).string("id")
	b.want(t, 200, call{method: "PUT", path: "/api/v1/sites/" + string(b.site) + "/crm", as: b.admin, body: object{
		"account_id": id, "fields": []string{"last_name"}}})
	return fake, id
}

func TestCRMCredentialsAreNeverShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, id := b.fakeCRM(t, visit.HubSpot)
	for _, c := range []call{
		{path: crmAt}, {path: crmAt + "/" + id}, {method: "POST", path: crmAt + "/" + id + "/test"}, {method: "POST", path: crmAt + "/" + id + "/setup"},
		{method: "PATCH", path: crmAt + "/" + id, body: object{"name": "Marketing"}},
	} {
		a := b.want(t, 200, c.by(b.admin))
		require.NotContains(t, string(a.text), canaryCRMToken)
	}
	b.refused(t, 422, "invalid", call{method: "POST", path: crmAt, as: b.admin, body: object{
		"name": "x", "kind": "hubspot", "settings": object{"base_url": "http://example.org"}, "credentials": object{"token": canaryCRMToken}}})
	b.refused(t, 422, "invalid", call{method: "PATCH", path: crmAt + "/" + id, as: b.admin, body: object{"credentials": object{}}})
}

func TestACRMIsTestedAndSetUp(t *testing.T) {
	t.Parallel()
	for _, kind := range visit.CRMKinds() {
		b := setup(t)
		fake, id := b.fakeCRM(t, kind)
		fake.Bare()
		tested := call{method: "POST", path: crmAt + "/" + id + "/test", as: b.admin}
		if kind != visit.Dynamics {
			require.Equal(t, "crm_setup_needed", b.want(t, 200, tested).string("reason"))
		}
		done := b.want(t, 200, call{method: "POST", path: crmAt + "/" + id + "/setup", as: b.admin})
		if kind == visit.Salesforce {
			require.Equal(t, false, done.field("ready"))
			require.Len(t, done.list("to_do"), 2)
			continue
		}
		require.Equal(t, true, done.field("ready"), kind)
		require.Equal(t, true, b.want(t, 200, tested).field("ready"), kind)
		fake.Misbehave(crmtest.Forbidden)
		require.Equal(t, "crm_forbidden", b.want(t, 200, tested).string("reason"))
	}
}

func TestAnAccountInUseIsNotRemoved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, id := b.fakeCRM(t, visit.HubSpot)
	remove := call{method: "DELETE", path: crmAt + "/" + id, as: b.admin}
	b.refused(t, 409, "crm_account_in_use", remove)
	site := "/api/v1/sites/" + string(b.site) + "/crm"
	require.Equal(t, "hubspot", b.want(t, 200, call{path: site, as: b.admin}).string("kind"))
	b.want(t, 204, call{method: "DELETE", path: site, as: b.admin})
	require.Empty(t, b.want(t, 200, call{path: site, as: b.admin}).string("account_id"))
	b.want(t, 204, remove)
	b.refused(t, 404, "crm_account_not_found", call{path: crmAt + "/" + id, as: b.admin})
	b.refused(t, 404, "crm_account_not_found", call{method: "PUT", path: site, as: b.admin, body: object{"account_id": id, "fields": []string{}}})
	b.refused(t, 422, "invalid", call{method: "PUT", path: site, as: b.admin, body: object{"account_id": id, "fields": []string{"password"}}})
}

// Who sees one site reads its account, and changes none.
func TestAnAccountIsSharedBySites(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.crmAccount(t, b.site)
	here := b.at(t, auth.Administrator, b.site)
	b.want(t, 200, call{path: crmAt + "/" + id, as: here})
	for _, c := range []call{
		{method: "PATCH", path: crmAt + "/" + id, body: object{"name": "mine"}}, {method: "DELETE", path: crmAt + "/" + id},
		{method: "POST", path: crmAt + "/" + id + "/setup"},
	} {
		b.refused(t, 403, "forbidden", c.by(here))
	}
}

func TestTheDetailSaysWhatWasWrittenWhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, id := b.fakeCRM(t, visit.HubSpot)
	body := b.registration()
	body["check_in"], body["sync_crm"] = true, false
	kept := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: body})
	require.Equal(t, false, kept.field("visit.sync_crm"))
	changed := b.want(t, 200, call{method: "PATCH", path: "/api/v1/visits/" + kept.string("visit.id"), as: b.admin, body: object{"sync_crm": true}})
	require.Equal(t, true, changed.field("visit.sync_crm"))

	gone := b.gone(t)
	at := "/api/v1/visits/" + gone
	require.Nil(t, b.want(t, 200, call{path: at, as: b.admin}).field("crm"))
	account, vid := visit.CRMAccountID(id), visit.VisitID(gone)
	require.NoError(t, b.BeginCRMSync(t.Context(), vid, account))
	require.NoError(t, b.NoteCRMRefs(t.Context(), vid, visit.CRMRefs{Contact: "c1", Visit: "m1"}))
	require.NoError(t, b.EndCRMSync(t.Context(), vid, visit.CRMEnd{AccountID: account, State: visit.CRMSynced, Fields: []visit.CRMField{visit.CRMLastName}}))
	a := b.want(t, 200, call{path: at, as: b.admin})
	for field, want := range map[string]any{
		"crm.state": "synced", "crm.account_id": id, "crm.contact_ref": "c1", "crm.visit_ref": "m1", "crm.attempts": 1.0,
		"crm.fields": []any{"last_name"},
	} {
		require.Equal(t, want, a.field(field), field)
	}
	require.NotNil(t, a.field("crm.synced_at"))
}

func TestRetryingByHand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, id := b.fakeCRM(t, visit.HubSpot)
	here := b.present(t)
	b.refused(t, 409, "visit_not_ended", b.post(here, "crm/retry"))
	var gone []string
	for range 3 {
		gone = append(gone, b.gone(t))
	}
	b.want(t, 200, b.post(gone[0], "crm/retry"))
	require.Contains(t, b.workflows.called(), "crm "+gone[0])

	for _, v := range gone[1:] {
		require.NoError(t, b.EndCRMSync(t.Context(), visit.VisitID(v), visit.CRMEnd{
			AccountID: visit.CRMAccountID(id), State: visit.CRMNeedsAttention, Reason: "crm_unauthorized"}))
	}
	list := b.want(t, 200, call{path: crmAt + "/" + id + "/syncs?state=needs_attention", as: b.admin})
	require.Len(t, list.list("items"), 2)
	all := call{method: "POST", path: crmAt + "/" + id + "/retry", as: b.admin}
	require.EqualValues(t, 2, b.want(t, 200, all).field("retried"))
	calls := strings.Join(b.workflows.called(), " ")
	for _, v := range gone {
		require.Contains(t, calls, "crm "+v)
	}
	b.workflows.set(fails)
	b.refused(t, 503, "unavailable", all)
	b.refused(t, 503, "unavailable", b.post(gone[0], "crm/retry"))

	b.want(t, 204, call{method: "DELETE", path: fmt.Sprintf("/api/v1/sites/%s/crm", b.site), as: b.admin})
	b.refused(t, 409, "crm_not_configured", b.post(gone[0], "crm/retry"))
	b.workflows.set(works)
	require.EqualValues(t, 0, b.want(t, 200, all).field("retried"), "they go nowhere any more")
	_, err := b.CRMSyncs(t.Context(), store.Everything, visit.CRMAccountID(id), "", store.Page{})
	require.NoError(t, err)
}
