package crm_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/crm"
	"github.com/foyerhq/foyer/internal/crm/crmtest"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// single uses a connection once: nothing is repeated below us, nothing stays.
var single = &http.Transport{DisableKeepAlives: true}

// bench is one vendor's client before a fake.
type bench struct {
	*crmtest.Fake
	crm.Client
	account visit.CRMAccount
}

func setup(t testing.TB, kind visit.CRMKind) *bench {
	t.Helper()
	b := &bench{Fake: crmtest.New(kind)}
	server := httptest.NewServer(b.Fake)
	t.Cleanup(server.Close)
	client := &http.Client{Transport: single}
	b.account = b.Account(server.URL)
	b.Client = b.client(t, client)
	return b
}

func (b *bench) client(t testing.TB, client *http.Client) crm.Client {
	t.Helper()
	c, err := crm.NewVendors(crm.Options{HTTP: client, Allow: loopback, Now: time.Now}).Open(b.account)
	require.NoError(t, err)
	return c
}

// memory is what the store keeps between attempts.
type memory struct {
	refs  visit.CRMRefs
	since time.Time
	notes int
	fail  int // the note that is lost, counted from 1
}

var errCrash = errors.New("the process ended")

func (m *memory) begin() crm.Memory {
	memory := crm.Memory{Refs: m.refs, Since: m.since, Note: func(_ context.Context, refs visit.CRMRefs) error {
		if m.notes++; m.notes == m.fail {
			return errCrash
		}
		m.refs = refs
		return nil
	}}
	if m.since.IsZero() {
		m.since = time.Now()
	}
	return memory
}

func ada(id visit.VisitID) visit.CRMVisit {
	from := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return visit.CRMVisit{
		ID: id, From: from, To: from.Add(90 * time.Minute), Host: "Grace <b>", Purpose: "Interview", Site: "Berlin", Address: "Example Street 1",
		Visitor: visit.Visitor{FirstName: "Ada", LastName: "O'Quill", Email: "ada+o'quill@example.inc", Phone: "+49 30 1", Company: "Quill & Co"},
	}
}

const aVisit = visit.VisitID("0190a0a0-0000-7000-8000-000000000001")

func each(t *testing.T, run func(t *testing.T, b *bench)) {
	t.Helper()
	for _, kind := range visit.CRMKinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			run(t, setup(t, kind))
		})
	}
}

// one says that there is one contact with one visit, whatever happened.
func (b *bench) one(t require.TestingT, contacts, visits int) {
	require.Len(t, b.Contacts(), contacts)
	require.Len(t, b.Visits(), visits)
	require.Empty(t, b.Breaches())
}

func TestAVisitIsWrittenOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		require.NoError(t, b.Check(t.Context()))
		m := &memory{}
		refs, err := b.SyncVisit(t.Context(), ada(aVisit), m.begin())
		require.NoError(t, err)
		require.Equal(t, refs, m.refs)
		b.one(t, 1, 1)
		require.Equal(t, b.Contacts()[0].ID, refs.Contact)
		require.Equal(t, b.Visits()[0].ID, refs.Visit)

		again, err := b.SyncVisit(t.Context(), ada(aVisit), m.begin())
		require.NoError(t, err)
		require.Equal(t, refs, again)
		forgot, err := b.SyncVisit(t.Context(), ada(aVisit), (&memory{since: time.Now()}).begin())
		require.NoError(t, err)
		require.Equal(t, refs, forgot, "also when nothing was noted")
		b.one(t, 1, 1)

		_, err = b.SyncVisit(t.Context(), ada("0190a0a0-0000-7000-8000-000000000002"), (&memory{}).begin())
		require.NoError(t, err)
		b.one(t, 1, 2) // another visit of the same person

		require.NoError(t, b.Erase(t.Context(), refs.Contact, []string{refs.Visit, ""}))
		b.one(t, 0, 1)
		require.NoError(t, b.Erase(t.Context(), refs.Contact, []string{refs.Visit, ""}), "what is gone is no error")
	})
}

// What of a visit reaches the CRM, and under which name.
func TestOnlyChosenFieldsAreSent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		v := ada(aVisit)
		_, err := b.SyncVisit(t.Context(), v, (&memory{}).begin())
		require.NoError(t, err)
		text := fmt.Sprint(b.Contacts(), b.Visits())
		for _, sent := range []string{"Ada", "O'Quill", "ada+o'quill@example.inc", "+49 30 1", "Interview", "Berlin, Example Street 1", "Visit at Berlin", "Quill &", "Grace"} {
			require.Contains(t, text, sent)
		}
		bare := setup(t, b.account.Kind)
		v = visit.CRMVisit{ID: aVisit, From: v.From, To: v.To, Visitor: visit.Visitor{Email: v.Visitor.Email}}
		_, err = bare.SyncVisit(t.Context(), v, (&memory{}).begin())
		require.NoError(t, err)
		text = fmt.Sprint(bare.Contacts(), bare.Visits())
		for _, kept := range []string{"Ada", "O'Quill", "+49", "Interview", "Berlin", "Quill", "Grace"} {
			require.NotContains(t, text, kept)
		}
		bare.one(t, 1, 1)
	})
}

func TestAContactThatTheCustomerHasIsUsed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		existing := b.AddContact(ada(aVisit).Visitor.Email)
		refs, err := b.SyncVisit(t.Context(), ada(aVisit), (&memory{}).begin())
		require.NoError(t, err)
		require.Equal(t, existing, refs.Contact)
		b.one(t, 1, 1)
	})
}

// Whatever call the process dies after, the repeat finds what was written.
func TestACrashAfterAnyCallDoublesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		for _, fault := range []crmtest.Fault{crmtest.Lost, crmtest.Cut} {
			for call := range 6 {
				b := setup(t, b.account.Kind)
				b.Misbehave(make([]crmtest.Fault, call)...)
				b.Misbehave(fault)
				m := &memory{}
				b.Lag(1)
				_, first := b.SyncVisit(t.Context(), ada(aVisit), m.begin())
				if first != nil {
					require.Equal(t, visit.KindUnavailable, visit.KindOf(first), first)
				}
				b.Behave()
				b.Lag(1)
				_, err := b.SyncVisit(t.Context(), ada(aVisit), m.begin())
				require.NoError(t, err)
				b.one(t, 1, 1)
			}
		}
		for note := 1; note < 4; note++ {
			b := setup(t, b.account.Kind)
			m := &memory{fail: note}
			for range 3 {
				_, err := b.SyncVisit(t.Context(), ada(aVisit), m.begin())
				require.True(t, err == nil || errors.Is(err, errCrash), err)
			}
			_, err := b.SyncVisit(t.Context(), ada(aVisit), m.begin())
			require.NoError(t, err)
			b.one(t, 1, 1)
		}
	})
}

// Any mixture of bad manners leaves one contact and one visit, once it ends.
func TestRandomFailuresDoubleNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		rapid.Check(t, func(t *rapid.T) {
			fake := crmtest.New(b.account.Kind)
			server := httptest.NewServer(fake)
			defer server.Close()
			client, err := crm.NewVendors(crm.Options{HTTP: &http.Client{Transport: single}, Allow: loopback, Now: time.Now}).Open(fake.Account(server.URL))
			require.NoError(t, err)
			faults := rapid.SliceOfN(rapid.SampledFrom([]crmtest.Fault{
				crmtest.None, crmtest.None, crmtest.Unavailable, crmtest.Lost, crmtest.Cut, crmtest.Limited, crmtest.Page, crmtest.Expired, crmtest.Empty,
			}), 0, 12).Draw(t, "faults")
			fake.Misbehave(faults...)
			fake.Lag(rapid.IntRange(0, 5).Draw(t, "lag"))
			m := &memory{fail: rapid.IntRange(0, 5).Draw(t, "note")}
			for range len(faults) + 10 {
				if _, err = client.SyncVisit(context.Background(), ada(aVisit), m.begin()); err == nil {
					break
				}
			}
			require.NoError(t, err)
			(&bench{Fake: fake}).one(t, 1, 1)
		})
	})
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		kind := b.account.Kind
		fixedToken := kind == visit.HubSpot || kind == visit.Pipedrive
		for _, c := range []struct {
			fault  crmtest.Fault
			kind   visit.Kind
			code   string
			after  time.Duration
			unless bool
		}{
			{fault: crmtest.Unavailable, kind: visit.KindUnavailable, code: "crm_unavailable"},
			{fault: crmtest.Lost, kind: visit.KindUnavailable, code: "crm_unavailable"},
			{fault: crmtest.Cut, kind: visit.KindUnavailable, code: "unavailable"},
			{fault: crmtest.Garbage, kind: visit.KindUnavailable, code: "unavailable"},
			{fault: crmtest.Limited, kind: visit.KindLimited, code: "crm_limited", after: 7 * time.Second, unless: kind == visit.Salesforce},
			{fault: crmtest.Limited, kind: visit.KindLimited, code: "crm_limited", after: 15 * time.Minute, unless: kind != visit.Salesforce},
			{fault: crmtest.Page, kind: visit.KindUnavailable, code: "crm_unreadable"},
			{fault: crmtest.Huge, kind: visit.KindUnavailable, code: "crm_answer_too_long"},
			{fault: crmtest.Refused, kind: visit.KindInvalid, code: "crm_field_invalid"},
			{fault: crmtest.Forbidden, kind: visit.KindForbidden, code: "crm_forbidden"},
			{fault: crmtest.Redirect, kind: visit.KindInvalid, code: "crm_moved"},
			{fault: crmtest.Expired, kind: visit.KindForbidden, code: "crm_unauthorized", unless: !fixedToken},
			{fault: crmtest.Partial, kind: visit.KindInvalid, code: "crm_field_invalid", unless: kind != visit.HubSpot},
			{fault: crmtest.Duplicates, kind: visit.KindConflict, code: "crm_duplicates", unless: fixedToken},
		} {
			if c.unless {
				continue
			}
			b.Misbehave(c.fault)
			if c.kind == visit.KindConflict {
				b.Misbehave(c.fault) // it is tried once more
			}
			_, err := b.SyncVisit(t.Context(), ada(aVisit), (&memory{}).begin())
			failure, ok := errors.AsType[*visit.Error](err)
			require.True(t, ok, "%s: %v", c.fault, err)
			require.Equal(t, c.code, failure.Code, c.fault)
			require.Equal(t, c.kind, failure.Kind, c.fault)
			require.Equal(t, c.after, failure.RetryAfter, c.fault)
			quotesNothing(t, err)
		}
		require.Empty(t, b.Breaches())
	})
}

// quotesNothing: neither what people see nor what is logged holds a secret, an
// address, or what the CRM said.
func quotesNothing(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, secret := range []string{crmtest.Secret, "@", "%40", "quill", "token-", "persons/search", "Maintenance"} {
			require.NotContains(t, strings.ToLower(err.Error()), strings.ToLower(secret))
		}
	}
}

func TestATokenThatExpiresInMidRunIsRenewedOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range []visit.CRMKind{visit.Salesforce, visit.Dynamics} {
		b := setup(t, kind)
		b.Misbehave(crmtest.None, crmtest.Expired)
		_, err := b.SyncVisit(t.Context(), ada(aVisit), (&memory{}).begin())
		require.NoError(t, err)
		require.Equal(t, 2, b.Tokens())
		b.one(t, 1, 1)

		b.Misbehave(crmtest.Expired, crmtest.Expired)
		_, err = b.SyncVisit(t.Context(), ada("other"), (&memory{}).begin())
		require.ErrorContains(t, err, "crm_unauthorized")
		require.Equal(t, 3, b.Tokens(), "once, not for ever")
	}
}

func TestWrongCredentials(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.account.Credentials = visit.CRMCredentials{Token: "wrong-canary", ClientID: "client", ClientSecret: "wrong-canary"}
		wrong := b.client(t, &http.Client{Transport: single})
		err := wrong.Check(t.Context())
		require.ErrorContains(t, err, "crm_unauthorized")
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", b.account, b.account, b.account), "wrong-canary")
		quotesNothing(t, err)
	})
}

func TestAContactThatSomebodyDeletedIsMadeAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		m := &memory{}
		b.Misbehave(crmtest.None, crmtest.None, crmtest.None, crmtest.Unavailable)
		refs, err := b.SyncVisit(t.Context(), ada(aVisit), m.begin())
		if err == nil { // fewer calls: written already, and asked for again
			m.refs.Visit = ""
		}
		b.Behave()
		require.NotEmpty(t, m.refs.Contact)
		b.Drop(m.refs.Contact)
		refs, err = b.SyncVisit(t.Context(), ada(aVisit), m.begin())
		require.NoError(t, err)
		require.NotEmpty(t, refs.Visit)
		require.Len(t, b.Contacts(), 1)
		require.Equal(t, refs.Contact, b.Contacts()[0].ID)
	})
}

func TestAConflictWithSomebodyElseIsTriedOnceMore(t *testing.T) {
	t.Parallel()
	for _, kind := range []visit.CRMKind{visit.Salesforce, visit.Dynamics} {
		b := setup(t, kind)
		b.Misbehave(crmtest.Duplicates)
		_, err := b.SyncVisit(t.Context(), ada(aVisit), (&memory{}).begin())
		require.NoError(t, err)
		b.one(t, 1, 1)
	}
}

func TestAConflictThatNamesTheRecordGivesItsID(t *testing.T) {
	t.Parallel()
	b := setup(t, visit.HubSpot)
	b.Misbehave(crmtest.Conflict)
	refs, err := b.SyncVisit(t.Context(), ada(aVisit), (&memory{}).begin())
	require.NoError(t, err)
	b.one(t, 1, 1)
	require.Equal(t, b.Contacts()[0].ID, refs.Contact)
}

func TestSetup(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		kind := b.account.Kind
		b.Bare()
		if kind != visit.Dynamics {
			require.ErrorContains(t, b.Check(t.Context()), "crm_setup_needed")
		}
		done, err := b.Setup(t.Context())
		require.NoError(t, err)
		switch kind {
		case visit.Salesforce: // its fields are made by hand
			require.False(t, done.Ready)
			require.Len(t, done.ToDo, 2)
			require.Contains(t, done.ToDo[0], "Visitor_Id__c")
			require.Contains(t, done.ToDo[1], "Visit_Id__c")
		case visit.Dynamics:
			require.True(t, done.Ready)
			require.Empty(t, done.Made)
		default:
			require.True(t, done.Ready)
			require.Len(t, done.Made, 1)
			b.account.Settings = done.Settings
			again, err := b.Setup(t.Context())
			require.NoError(t, err)
			require.Empty(t, again.Made)
			require.NoError(t, b.Check(t.Context()))
		}
		require.Empty(t, b.Breaches())
	})
}

func TestASearchThatLagsFindsThePersonInTheList(t *testing.T) {
	t.Parallel()
	b := setup(t, visit.Pipedrive)
	first, err := b.SyncVisit(t.Context(), ada(aVisit), (&memory{}).begin())
	require.NoError(t, err)
	b.Lag(1)
	second, err := b.SyncVisit(t.Context(), ada("another visit, a minute later"), (&memory{}).begin())
	require.NoError(t, err)
	require.Equal(t, first.Contact, second.Contact)
	b.one(t, 1, 2)
}

// A CRM that hangs is given fifteen seconds a call.
func TestAHangEnds(t *testing.T) {
	t.Parallel()
	for _, kind := range visit.CRMKinds() {
		synctest.Test(t, func(t *testing.T) {
			account := crmtest.New(kind).Account("http://127.0.0.1:1")
			hangs := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})}
			c, err := crm.NewVendors(crm.Options{HTTP: hangs, Allow: loopback, Now: time.Now}).Open(account)
			require.NoError(t, err)
			began := time.Now()
			_, err = c.SyncVisit(t.Context(), ada(aVisit), (&memory{}).begin())
			require.Equal(t, visit.KindUnavailable, visit.KindOf(err))
			require.Equal(t, 15*time.Second, time.Since(began))
			quotesNothing(t, err)
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestCredentialsGoNowhereUnencrypted(t *testing.T) {
	t.Parallel()
	good := crmtest.New(visit.Salesforce).Account("https://example.my.salesforce.com")
	require.NoError(t, crm.Validate(good, nil))
	for _, c := range []struct {
		change func(a *visit.CRMAccount)
		field  string
	}{
		{func(a *visit.CRMAccount) { a.Settings.BaseURL = "http://example.my.salesforce.com" }, "settings.base_url"},
		{func(a *visit.CRMAccount) { a.Settings.BaseURL = "http://127.0.0.1" }, "settings.base_url"},
		{func(a *visit.CRMAccount) { a.Settings.BaseURL = "https://u:p@example.org" }, "settings.base_url"},
		{func(a *visit.CRMAccount) { a.Settings.BaseURL = "https://example.org/?a=b" }, "settings.base_url"},
		{func(a *visit.CRMAccount) { a.Settings.BaseURL = "" }, "settings.base_url"},
		{func(a *visit.CRMAccount) { a.Settings.TokenURL = "ftp://example.org" }, "settings.token_url"},
		{func(a *visit.CRMAccount) { a.Settings.Version = "v45.0" }, "settings.version"},
		{func(a *visit.CRMAccount) { a.Settings.Version = "v62.0/../x" }, "settings.version"},
		{func(a *visit.CRMAccount) { a.Settings.VisitField = "a/b" }, "settings.visit_field"},
		{func(a *visit.CRMAccount) { a.Settings.VisitorField = "a b" }, "settings.visitor_field"},
		{func(a *visit.CRMAccount) { a.Credentials.ClientSecret = "" }, "credentials.client_id"},
		{func(a *visit.CRMAccount) { a.Kind = "other" }, "kind"},
		{func(a *visit.CRMAccount) { a.Kind, a.Settings.Version = visit.Dynamics, "" }, "settings.tenant"},
		{func(a *visit.CRMAccount) { a.Kind = visit.HubSpot }, "credentials.token"},
	} {
		account := good
		c.change(&account)
		err, ok := errors.AsType[*visit.Error](crm.Validate(account, nil))
		require.True(t, ok, c.field)
		require.Equal(t, c.field, err.Field)
	}
	local := good
	local.Settings.BaseURL = "http://127.0.0.1:8080"
	require.NoError(t, crm.Validate(local, loopback))
}
