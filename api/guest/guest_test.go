package guest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api/guest"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
)

var staff = store.Caller{Actor: "user:desk", Scope: store.Everything}

type bench struct {
	*storetest.Bench
	pages *guest.Pages
	site  visit.Site
	log   *bytes.Buffer
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{Bench: storetest.New(t), log: &bytes.Buffer{}}
	b.pages = guest.New(guest.Config{
		Store: b.Store, Desk: desk{b.Store}, Keys: b.Keyring, PublicURL: "https://foyer.example",
		Posts:  limit.New(limit.Config{Rate: 0.1, Burst: 6, Keys: 100}, b.Clock.Now),
		Logger: slog.New(slog.NewTextHandler(b.log, nil)), Now: b.Clock.Now,
	})
	var err error
	b.site, err = b.CreateSite(t.Context(), staff, visit.Site{
		Name: "Berlin", Address: "Torstraße 1", Timezone: "Europe/Berlin", MaxStay: 3 * time.Hour,
		Networks: []visit.Network{{SSID: "Guests & <Friends>", Kind: visit.OpenPortal}},
	})
	require.NoError(t, err)
	return b
}

// desk does on the store what the API's requests do.
type desk struct{ *store.Store }

func (d desk) Extend(ctx context.Context, who string, id visit.VisitID, to time.Time) error {
	_, err := d.Move(ctx, store.Caller{Actor: "link:" + who, Scope: store.Everything}, id, to)
	return err
}

func (d desk) CheckOut(ctx context.Context, who string, id visit.VisitID) error {
	if _, err := d.RequestCheckOut(ctx, store.Caller{Actor: "link:" + who, Scope: store.Everything}, id); err != nil {
		return err
	}
	_, err := d.RevokeVoucher(ctx, id, store.RevokeInput{By: store.Fallback})
	return err
}

// registered returns a visit of an hour.
func (b *bench) registered(t *testing.T, checkIn bool) visit.Visit {
	t.Helper()
	out, err := b.Register(t.Context(), staff, visit.Registration{
		SiteID: b.site.ID, Visitor: visit.Visitor{FirstName: "Ada", LastName: "<b>Quill</b>"}, Host: visit.Host{Name: "Grace & Co"},
		ExpectedDeparture: b.Clock.Now().Add(time.Hour),
	}, store.RegisterOptions{CheckIn: checkIn})
	require.NoError(t, err)
	if checkIn {
		_, err = b.IssueVoucher(t.Context(), out.Visit.ID, store.Workflow)
		require.NoError(t, err)
	}
	return out.Visit
}

func (b *bench) visit(t *testing.T, id visit.VisitID) visit.Visit {
	t.Helper()
	v, err := b.Visit(t.Context(), store.Everything, id)
	require.NoError(t, err)
	return v
}

func (b *bench) token(t *testing.T, purpose link.Purpose, v visit.Visit) string {
	t.Helper()
	token, err := link.Sign(b.Keyring, link.Link{Purpose: purpose, Object: string(v.ID), ExpiresAt: v.ExpectedDeparture.Add(48 * time.Hour)})
	require.NoError(t, err)
	return token
}

// get reads a page as a browser does, and checks what holds for all of them.
func (b *bench) get(t *testing.T, status int, token, query string, language ...string) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/v/"+token+query, nil)
	r.Header["Accept-Language"] = language
	w := httptest.NewRecorder()
	b.pages.Show(w, r, token)
	require.Equal(t, status, w.Code)
	page := w.Body.String()
	require.LessOrEqual(t, len(page), 14<<10, "a page is small")
	h := w.Header()
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page)
	require.NotNil(t, style)
	sum := sha256.Sum256([]byte(style[1]))
	require.Equal(t, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", h.Get("Content-Security-Policy"))
	require.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
	require.Contains(t, h.Get("X-Robots-Tag"), "noindex")
	require.Equal(t, "no-store", h.Get("Cache-Control"))
	require.Empty(t, h["Set-Cookie"])
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "style=", "the policy would not apply it")
	require.NotContains(t, page, "<b>Quill")
	require.NotRegexp(t, `(mail|guest|fact|date|duration)\.[a-z_]+`, strings.Replace(page, style[1], "", 1), "a text is missing")
	return page
}

// post sends a form and returns where it leads.
func (b *bench) post(t *testing.T, token string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/v/"+token, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	b.pages.Act(w, r, token)
	return w
}

var shown = regexp.MustCompile(`name="departure" value="(\d+)"`)

// form is the page's extend form, filled in as a browser sends it.
func form(t *testing.T, page string) url.Values {
	t.Helper()
	match := shown.FindStringSubmatch(page)
	require.NotNil(t, match, page)
	return url.Values{"action": {"extend"}, "departure": {match[1]}}
}

// everything is what the database holds, to see that nothing has changed.
func (b *bench) everything(t *testing.T) string {
	t.Helper()
	page, err := b.Events(t.Context(), store.Everything, store.EventFilter{})
	require.NoError(t, err)
	visits, err := b.List(t.Context(), store.Everything, store.VisitFilter{})
	require.NoError(t, err)
	text := ""
	for _, e := range page.Items {
		text += string(e.ID)
	}
	for _, v := range visits.Items {
		text += string(v.ID) + v.UpdatedAt.String() + string(v.Status)
	}
	return text
}

var all = []link.Purpose{link.Invitation, link.Extend, link.ExtendByHost, link.CheckOut}

func TestReadingChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	waiting, present := b.registered(t, false), b.registered(t, true)
	before := b.everything(t)
	for _, v := range []visit.Visit{waiting, present} {
		for _, purpose := range all {
			for _, query := range []string{"", "?action=extend&departure=1", "?action=check-out", "?confirm=check-out", "?done=left", "?done=extended", "?done=%3Cb%3E"} {
				b.get(t, 200, b.token(t, purpose, v), query)
			}
		}
	}
	require.Equal(t, before, b.everything(t))
}

func TestWhatEachLinkShows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	waiting, present := b.registered(t, false), b.registered(t, true)
	page := b.get(t, 200, b.token(t, link.Invitation, waiting), "")
	for _, want := range []string{"You are expected", "Torstraße 1", "Grace &amp; Co", "Guests &amp; &lt;Friends&gt;", `aria-label="Code for the reception desk or the kiosk"`} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "<form")
	require.NotContains(t, b.get(t, 200, b.token(t, link.Extend, waiting), ""), "<svg", "the code is the invitation's")
	typed, err := b.InvitationCode(t.Context(), waiting.ID)
	require.NoError(t, err)
	require.Contains(t, page, "<span>"+typed[:4]+"</span><span>"+typed[4:8]+"</span><span>"+typed[8:]+"</span>")
	require.NotContains(t, b.get(t, 200, b.token(t, link.ExtendByHost, waiting), ""), typed[:4]+"</span>", "and so is the one to type")

	for purpose, can := range map[link.Purpose]struct{ extend, leave bool }{
		link.Invitation: {true, true}, link.Extend: {extend: true}, link.ExtendByHost: {extend: true}, link.CheckOut: {leave: true},
	} {
		page := b.get(t, 200, b.token(t, purpose, present), "")
		require.Equal(t, can.extend, strings.Contains(page, `value="extend"`), string(purpose))
		require.Equal(t, can.leave, strings.Contains(page, "?confirm=check-out"), string(purpose))
		require.Equal(t, can.leave, strings.Contains(b.get(t, 200, b.token(t, purpose, present), "?confirm=check-out"), `value="check-out"`))
		require.Equal(t, purpose == link.ExtendByHost, strings.Contains(page, "Ada"), "the host is told who")
	}
}

func TestExtendingTwiceExtendsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.registered(t, true)
	token := b.token(t, link.Extend, v)
	sent := form(t, b.get(t, 200, token, ""))
	var twice sync.WaitGroup
	for range 2 { // a double tap
		twice.Go(func() {
			w := b.post(t, token, sent)
			require.Equal(t, 303, w.Code)
			require.Equal(t, "?done=extended", w.Header().Get("Location"))
		})
	}
	twice.Wait()
	require.Equal(t, v.ExpectedDeparture.Add(30*time.Minute), b.visit(t, v.ID).ExpectedDeparture)
	require.Contains(t, b.get(t, 200, token, "?done=extended"), "Extended.")
	w := b.post(t, token, form(t, b.get(t, 200, token, "")))
	require.Equal(t, 303, w.Code)
	require.Equal(t, v.ExpectedDeparture.Add(time.Hour), b.visit(t, v.ID).ExpectedDeparture, "another form extends again")

	// Staff made it shorter while the form lay open.
	open := form(t, b.get(t, 200, token, ""))
	_, err := b.Move(t.Context(), staff, v.ID, b.Clock.Now().Add(40*time.Minute))
	require.NoError(t, err)
	require.Equal(t, "?done=changed", b.post(t, token, open).Header().Get("Location"))
	require.Equal(t, b.Clock.Now().Add(40*time.Minute), b.visit(t, v.ID).ExpectedDeparture)

	events, err := b.Events(t.Context(), store.Everything, store.EventFilter{VisitID: v.ID, Kinds: []visit.EventKind{visit.EventExtended}})
	require.NoError(t, err)
	require.Equal(t, []string{"user:desk", "link:guest", "link:guest"}, []string{events.Items[0].Actor, events.Items[1].Actor, events.Items[2].Actor})
}

func TestNoLongerThanTheSiteAllows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.registered(t, true)
	token := b.token(t, link.ExtendByHost, v)
	_, err := b.Move(t.Context(), staff, v.ID, v.CreatedAt.Add(3*time.Hour-10*time.Minute))
	require.NoError(t, err)
	page := b.get(t, 200, token, "")
	require.Contains(t, page, "10 minutes", "what is left of it")
	require.Equal(t, 303, b.post(t, token, form(t, page)).Code)
	latest := b.visit(t, v.ID).ExpectedDeparture
	require.Equal(t, b.visit(t, v.ID).CheckedInAt.Add(3*time.Hour), latest)
	page = b.get(t, 200, token, "")
	require.Contains(t, page, "cannot be made longer")
	require.NotContains(t, page, "<form")
	w := b.post(t, token, url.Values{"action": {"extend"}, "departure": {"99999999999999999"}})
	require.Equal(t, 303, w.Code)
	require.Equal(t, latest, b.visit(t, v.ID).ExpectedDeparture)
}

func TestCheckingOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.registered(t, true)
	token := b.token(t, link.CheckOut, v)
	for range 2 {
		w := b.post(t, token, url.Values{"action": {"check-out"}})
		require.Equal(t, 303, w.Code)
		require.Equal(t, "?done=left", w.Header().Get("Location"))
	}
	ended := b.visit(t, v.ID)
	require.Equal(t, visit.CheckedOut, ended.Status)
	require.Equal(t, "link:guest", ended.EndedBy)
	require.Contains(t, b.get(t, 200, token, "?done=left"), "checked out")
	for _, purpose := range all {
		page := b.get(t, 200, b.token(t, purpose, v), "")
		require.Contains(t, page, "This visit is over")
		require.NotContains(t, page, "Grace", "nothing is told about it any more")
		require.NotContains(t, page, "<form")
		require.Equal(t, 303, b.post(t, b.token(t, link.Extend, v), url.Values{"action": {"extend"}, "departure": {"0"}}).Code)
	}
	require.Equal(t, visit.CheckedOut, b.visit(t, v.ID).Status)
}

// A link does what its purpose says, whatever form comes with it.
func TestFormsBeyondTheirLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.registered(t, true)
	before := b.everything(t)
	extend := url.Values{"action": {"extend"}, "departure": {form(t, b.get(t, 200, b.token(t, link.Extend, v), "")).Get("departure")}}
	for _, of := range []struct {
		purpose link.Purpose
		form    url.Values
	}{
		{link.CheckOut, extend}, {link.Extend, url.Values{"action": {"check-out"}}}, {link.ExtendByHost, url.Values{"action": {"check-out"}}},
		{link.Extend, url.Values{"action": {"cancel"}}}, {link.Extend, nil}, {link.Extend, url.Values{"action": {"extend"}}},
		{link.PasswordReset, extend}, {link.Extend, url.Values{"action": {"extend"}, "departure": {strings.Repeat("9", 9000)}}},
	} {
		require.Equal(t, 404, b.post(t, b.token(t, of.purpose, v), of.form).Code, "%c %.40v", of.purpose, of.form)
		b.Clock.Advance(10 * time.Second) // the limit is another test's
	}
	require.Equal(t, before, b.everything(t))
}

func TestLinksThatDoNotWork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.registered(t, true)
	token := b.token(t, link.Extend, v)
	require.Contains(t, b.get(t, 404, token[:51]+"_", ""), "This link does not work")
	require.Contains(t, b.get(t, 404, "x", "", "de-DE,de;q=0.9"), "Dieser Link funktioniert nicht")
	require.Contains(t, b.get(t, 404, b.token(t, link.PasswordReset, v), ""), "does not work")
	nobody := v
	nobody.ID = "01890a5d-ac96-774b-bcce-b302099a8057"
	require.Contains(t, b.get(t, 404, b.token(t, link.Extend, nobody), ""), "does not work")
	b.Clock.Advance(72 * time.Hour)
	require.Contains(t, b.get(t, 410, token, ""), "This link has expired")
	require.Equal(t, 410, b.post(t, token, nil).Code)
	require.Empty(t, b.log.String())
}

func TestALinkIsNotHammered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, link.Extend, b.registered(t, true))
	sent := form(t, b.get(t, 200, token, ""))
	for range 6 {
		require.Equal(t, 303, b.post(t, token, sent).Code)
	}
	w := b.post(t, token, nil)
	require.Equal(t, 429, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.Contains(t, w.Body.String(), "One moment, please")
}

func TestTheLanguageIsTheBrowsersElseTheSites(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.token(t, link.Invitation, b.registered(t, false))
	require.Contains(t, b.get(t, 200, token, ""), `<html lang="en">`)
	_, err := b.SetMailSettings(t.Context(), staff, b.site.ID, visit.MailSettings{Language: "de"})
	require.NoError(t, err)
	require.Contains(t, b.get(t, 200, token, ""), `<html lang="de">`)
	require.Contains(t, b.get(t, 200, token, "", "en-GB,en"), `<html lang="en">`)
	require.Contains(t, b.get(t, 200, token, "", "ja"), "Sie werden erwartet")
}
