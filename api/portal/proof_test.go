package portal

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/sms"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// proving is a hall with one of the methods that end in a proof.
func proving(t *testing.T, method identity.Method, change func(*identity.Template), config func(*Config)) *hall {
	t.Helper()
	p := meraki
	p.template = func(template *identity.Template) {
		template.Methods = []identity.Method{method}
		template.SponsorDomains = []string{"example.org"}
		if change != nil {
			change(template)
		}
	}
	p.config = func(c *Config) {
		c.Mails = true
		if config != nil {
			config(c)
		}
	}
	return setup(t, p)
}

// latest is the last registration, as it stands.
func (h *hall) latest(t *testing.T) store.Registration {
	t.Helper()
	ids := sql[string](t, h, "select id::text from registrations order by id desc limit 1")
	require.NotEmpty(t, ids)
	r, err := h.Registration(t.Context(), identity.RegistrationID(ids[0]))
	require.NoError(t, err)
	return r
}

func (h *hall) code(t *testing.T) string {
	t.Helper()
	code, err := h.RegistrationCode(t.Context(), h.latest(t).ID)
	require.NoError(t, err)
	return code
}

// mailed is the link of a mail about the last registration.
func (h *hall) mailed(t *testing.T, purpose link.Purpose) string {
	t.Helper()
	r := h.latest(t)
	token, err := link.Sign(h.Keyring, link.Registered(purpose, string(r.ID), r.CreatedAt))
	require.NoError(t, err)
	return "/portal/" + string(h.portal.ID) + "/r/" + token
}

func wrongCode(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// What a mail's reader needs to know.
const (
	enterCode = `autocomplete="one-time-code"`
	oneHour   = 3600
)

func TestByMailWithGrace(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodEmail, func(template *identity.Template) { template.GraceFor = 10 * time.Minute }, nil)
	h.agreeTo(t, identity.ConsentTerms)
	ada := h.guest(t, phone)
	ada.arrives().presses("do=login", "email", "Ada@Example.org").sees("Tick the boxes", "-"+enterCode)
	ada.presses("do=login", append([]string{"email", "Ada@Example.org"}, h.ticks(identity.ConsentTerms)...)...).goes()
	ada.sees(enterCode, "ada@example.org", "until 08:10 to read it", "is good until 08:10")
	require.Equal(t, 600, ada.online(), "for as long as it takes to read a mail")
	require.Equal(t, []bool{false}, sql[bool](t, h, "select proven_at is not null from accounts"))
	closed := h.guest(t, phone) // the window that the network opened was closed
	closed.arrives().goes().sees(enterCode, "a…@example.org", "-ada@")

	code := h.code(t)
	ada.presses("do=code", "code", wrongCode(code)).sees("not right", "Tries left: 4", enterCode)
	ada.presses("do=code", "code", "12 34").sees("six digits")
	ada.presses("do=code", "code", " "+code[:3]+" "+code[3:]).sees("You are let in", "12:00", "http://news.example/today", "-"+enterCode)
	ada.arrives().goes().sees("You are online", "12:00", "-"+enterCode)
	require.Equal(t, 4*oneHour, ada.online(), "the NAS took the first redirect for the grace; the next one does it")
	require.Equal(t, []bool{true}, sql[bool](t, h, "select proven_at is not null from accounts"))
	require.Equal(t, []string{"replaced"}, sql[string](t, h, "select end_reason from accesses where ended_at is not null"))
	require.Equal(t, identity.RegistrationDone, h.latest(t).Status)
}

// Somebody who does not read the mail is offline after the grace, and asked for the code
// when they come back; one address after another lets nobody in.
func TestAGraceIsNoWayIn(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodEmail, func(template *identity.Template) { template.GraceFor = 5 * time.Minute }, nil)
	eve := h.guest(t, phone)
	eve.arrives().presses("do=login", "email", "one@example.net").goes().sees(enterCode)
	require.Equal(t, 300, eve.online())
	eve.arrives().goes().sees(enterCode)
	require.Equal(t, 300, eve.online(), "let in again for what is left of it")
	h.Clock.Advance(5 * time.Minute)
	h.end(t)
	eve.arrives().sees(enterCode, "o…@example.net", "-one@example.net")
	require.Zero(t, eve.online())
	eve.presses("do=cancel").sees(`name="email"`)
	eve.presses("do=login", "email", "two@example.net").goes().sees(enterCode)
	require.Equal(t, 300, eve.online())
	h.Clock.Advance(6 * time.Minute)
	h.end(t)
	eve.arrives().presses("do=cancel").presses("do=login", "email", "three@example.net").sees(enterCode, "-You are online")
	require.Zero(t, eve.online(), "enough for today")
}

func TestByTheMailsLink(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodEmail, nil, nil)
	ada := h.guest(t, phone)
	ada.arrives().presses("do=login", "email", "ada@example.org").sees(enterCode, "-You are online")
	waiting := ada.shown.at
	mail := h.mailed(t, link.RegistrationProof)
	reader := h.guest(t, "3c:22:fb:00:00:02") // another device
	for range 3 {
		reader.opens(mail).sees("Was that you?", "Café &lt;Paris&gt;", "08:00", "-"+phone)
	}
	require.Equal(t, identity.RegistrationWaiting, h.latest(t).Status, "a program that follows links proves nothing")
	reader.presses("do=confirm").sees("Confirmed")
	reader.opens(mail).sees("Confirmed")
	require.Zero(t, ada.online())
	ada.opens(waiting).sees("You may go online").presses("do=continue").goes().sees("You are online")
	require.Equal(t, 4*oneHour, ada.online())
	reader.opens(mail).sees("used already", "-<form")
	ada.opens(waiting).sees("used already", "-<form")

	// In the browser that the device itself has for mail.
	bob := h.guest(t, "3c:22:fb:00:00:03")
	bob.arrives().presses("do=login", "email", "bob@example.org").sees(enterCode)
	bob.opens(h.mailed(t, link.RegistrationProof)).presses("do=confirm").presses("do=continue").goes().sees("You are online")
	require.Equal(t, 4*oneHour, bob.online())
}

func TestWhoDidNotAsk(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodEmail, func(template *identity.Template) { template.GraceFor = 10 * time.Minute }, nil)
	eve := h.guest(t, phone)
	eve.arrives().presses("do=login", "email", "victim@example.org").goes().sees(enterCode)
	waiting := eve.shown.at
	code := h.code(t)
	victim := h.guest(t, "3c:22:fb:00:00:02")
	victim.opens(h.mailed(t, link.RegistrationProof)).presses("do=refuse").sees("Thank you")
	require.Equal(t, []string{"revoked"}, sql[string](t, h, "select end_reason from accesses"))
	eve.opens(waiting).sees("refused", "-"+enterCode)
	eve.asks(http.MethodPost, strings.Split(waiting, "?")[0], map[string][]string{"do": {"code"}, "code": {code}})
	eve.sees("refused")
	eve.presses("do=cancel").sees(`name="email"`)
	require.Empty(t, sql[string](t, h, "select login from accounts where proven_at is not null"))
}

// A device that is only claimed sees less, and its browser is not remembered.
func TestWhoClaimsADevice(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodEmail, nil, nil)
	ada := h.guest(t, phone)
	ada.arrives().presses("do=login", "email", "ada@example.org")
	code := h.code(t)
	again := h.guest(t, phone) // the same address: the browser was closed, or it is somebody else
	again.arrives().sees(enterCode, "a…@example.org", "-ada@")
	again.presses("do=code", "code", code).goes().sees("You are online")
	require.Equal(t, 4*oneHour, again.online())
	require.Empty(t, again.jar)
}

// Who claims a device takes back nothing that its guest waits for.
func TestWhoClaimsADeviceCancelsNothing(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodEmail, nil, nil)
	ada, eve := h.guest(t, phone), h.guest(t, phone)
	ada.arrives().presses("do=login", "email", "ada@example.org").sees(enterCode)
	code := h.code(t)
	eve.arrives().sees(enterCode).presses("do=cancel").sees(`name="email"`)
	eve.presses("do=login", "email", "eve@example.org").sees(enterCode)
	ada.presses("do=code", "code", code).goes().sees("You are online")
	h.guest(t, phone).arrives().sees("-" + enterCode)

	bob := h.guest(t, "3c:22:fb:00:00:02")
	bob.arrives().presses("do=login", "email", "bob@example.org").presses("do=cancel").sees(`name="email"`)
	bob.arrives().sees(`name="email"`)
}

// Whether anybody knows an address is told by no page.
func TestKnownAndUnknownAddresses(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodEmail, nil, nil)
	ada := h.guest(t, phone)
	ada.arrives().presses("do=login", "email", "ada@example.org").presses("do=code", "code", h.code(t)).goes().sees("You are online")
	page := func(mac, address string) string {
		g := h.guest(t, mac)
		g.arrives().presses("do=login", "email", address).sees(enterCode)
		body := strings.ReplaceAll(g.shown.body, address, "ADDRESS")
		return regexp.MustCompile(`/r/[\w-]+|name="s" value="[^"]*"`).ReplaceAllString(body, "")
	}
	require.Equal(t, page("3c:22:fb:00:00:08", "bob@example.org"), page("3c:22:fb:00:00:09", "ada@example.org"))
}

func TestTooManyMails(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodEmail, nil, nil)
	eve := h.guest(t, phone)
	for range 5 {
		eve.arrives()
		if strings.Contains(eve.shown.body, enterCode) {
			eve.presses("do=cancel")
		}
		eve.presses("do=login", "email", "victim@example.org").sees(enterCode)
	}
	eve.presses("do=resend").sees("a moment ago")
	eve.presses("do=cancel").presses("do=login", "email", "victim@example.org").sees("many requests", `name="email"`)
	h.Clock.Advance(time.Hour)
	eve.arrives().presses("do=login", "email", "victim@example.org").sees(enterCode)
	for range identity.CodeTries {
		eve.presses("do=code", "code", wrongCode(h.code(t)))
	}
	eve.sees("tried too often")
	h.Clock.Advance(identity.CodeAgain)
	eve.presses("do=resend").sees("sent again", enterCode)
	h.Clock.Advance(identity.CodeFor)
	eve.presses("do=code", "code", "000000").sees("took too long").presses("do=other").sees(`name="email"`)
}

// texts is a gateway.
type texts struct {
	*sms.Sender
	sent []sms.PortalCode
	err  error
}

func (x *texts) Check(phone string, prefixes []string) error {
	for _, prefix := range prefixes {
		if strings.HasPrefix(phone, prefix) {
			return nil
		}
	}
	return sms.ErrCountry
}

func (x *texts) SendPortalCode(_ context.Context, c sms.PortalCode) error {
	if x.err == nil {
		x.sent = append(x.sent, c)
	}
	return x.err
}

func TestByTextMessage(t *testing.T) {
	t.Parallel()
	gateway := &texts{}
	h := proving(t, identity.MethodSMS, func(template *identity.Template) { template.SMSPrefixes = []string{"+49"} }, func(c *Config) { c.SMS = gateway })
	ada := h.guest(t, phone)
	ada.arrives().presses("do=login", "phone", "030 901820").sees("no number with a country code")
	ada.presses("do=login", "phone", "+1 900 555 0100").sees("this country")
	require.Zero(t, sql[int64](t, h, "select count(*) from registrations")[0])
	gateway.err = visit.Unavailable("the gateway", nil)
	ada.presses("do=login", "phone", "+49 (0)30 901-820").sees("could not be sent", `name="phone"`)
	require.Equal(t, identity.RegistrationCancelled, h.latest(t).Status)
	gateway.err = nil
	ada.presses("do=login", "phone", "+49 (0)30 901-820").sees(enterCode, "&#43;4930901820")
	require.Len(t, gateway.sent, 1)
	require.Equal(t, "+4930901820", gateway.sent[0].Phone)
	require.Equal(t, []string{"+49"}, gateway.sent[0].Prefixes)
	h.Clock.Advance(time.Minute)
	ada.presses("do=resend").sees("sent again")
	require.Equal(t, gateway.sent[0].Code, gateway.sent[1].Code)
	ada.presses("do=code", "code", gateway.sent[1].Code).goes().sees("You are online")
	require.Equal(t, []string{"+4930901820 phone true"}, sql[string](t, h, "select login || ' ' || login_kind || ' ' || (proven_at is not null)::text from accounts"))
}

func TestASponsorDecidesAfterTheBrowserWasClosed(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodSponsor, nil, nil)
	_, err := h.CreateProfile(t.Context(), h.desk, identity.Profile{Name: "Short", Validity: identity.Validity{Kind: identity.Hours, Value: 2}})
	require.NoError(t, err)
	day, err := h.CreateProfile(t.Context(), h.desk, identity.Profile{Name: "Day", Validity: identity.Validity{Kind: identity.Hours, Value: 24}})
	require.NoError(t, err)
	ada := h.guest(t, phone)
	ask := func(sponsor, first string) *guest {
		return ada.presses("do=login", "first_name", first, "last_name", "Quill", "email", "ada@guest.example", "sponsor", sponsor)
	}
	ada.arrives().sees("It ends with @example.org")
	ask("grace@elsewhere.example", "Ada").sees("nobody who can let guests in")
	ask("grace@example.org", "www.casino.example").sees("without addresses or links")
	ask("grace@example.org", "").sees("Fill in")
	ask("Grace@Example.org", "Ada").sees("Waiting for the answer", "grace@example.org", "-"+enterCode)
	require.Regexp(t, `^5; url=/portal/[^?]*/r/`, ada.shown.header.Get("Refresh"))
	require.Zero(t, ada.online())

	h.Clock.Advance(3 * time.Hour)
	grace := h.guest(t, "3c:22:fb:00:00:02")
	mail := h.mailed(t, link.RegistrationSponsor)
	for range 3 {
		grace.opens(mail).sees("Ada Quill", "ada@guest.example", "Café &lt;Paris&gt;, Lobby", "Day: 1\u00a0d from going online", "-Short", "-"+phone)
	}
	require.Less(t, strings.Index(grace.shown.body, "Week: until 2024-06-07 23:59"), strings.Index(grace.shown.body, "Day:"), "the portal's own first")
	require.Equal(t, identity.RegistrationWaiting, h.latest(t).Status, "looking decides nothing")
	grace.presses("do=approve", "profile", string(day.ID)).sees("Allowed", "11:00")
	asked := mail
	send := func(do string) *guest {
		grace.asks(http.MethodPost, asked, map[string][]string{"do": {do}, "profile": {string(day.ID)}})
		return grace
	}
	send("approve").sees("Allowed", "-changes nothing")
	send("deny").sees("Allowed", "changes nothing")

	ada = h.guest(t, phone) // without a cookie, or the page's address
	ada.arrives().sees("You may go online").presses("do=continue").goes().sees("You are online", "15:00")
	require.Equal(t, []string{"Day grace@example.org 1 day"}, sql[string](t, h,
		"select p.name || ' ' || a.sponsor || ' ' || (a.ends_at - a.starts_at)::text from accounts a join profiles p on p.id = a.profile_id"))
	send("deny").sees("Allowed", "changes nothing")
}

func TestASponsorRefuses(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodSponsor, nil, nil)
	ada, grace := h.guest(t, phone), h.guest(t, "3c:22:fb:00:00:02")
	ask := func() string {
		ada.presses("do=login", "first_name", "Ada", "last_name", "Quill", "email", "ada@guest.example", "sponsor", "grace@example.org").sees("Waiting")
		return h.mailed(t, link.RegistrationSponsor)
	}
	ada.arrives()
	mail := ask()
	grace.opens(mail).presses("do=deny").sees("Refused", "08:00")
	ada.presses("do=look").sees("refused")
	ada.arrives().sees("refused").presses("do=cancel").sees(`name="sponsor"`)
	grace.opens(mail).sees("Withdrawn")

	mail = ask()
	waiting := ada.shown.at
	h.Clock.Advance(identity.SponsorFor)
	grace.opens(mail).sees("Not answered", "-<form")
	grace.asks(http.MethodPost, mail, map[string][]string{"do": {"approve"}, "profile": {string(h.portal.Template.ProfileID)}})
	grace.sees("Not answered")
	ada.opens(waiting).sees("took too long")
	ada.arrives().sees(`name="sponsor"`)
	ada.presses("do=login", "first_name", "Ada", "last_name", "Quill", "email", "grace@example.org", "sponsor", "grace@example.org").sees("not your own")
	require.Zero(t, sql[int64](t, h, "select count(*) from accounts")[0])
}

// A token opens its own page at its own portal, and does what its reader may.
func TestTokensOfRegistrations(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodSponsor, nil, nil)
	ada := h.guest(t, phone)
	ada.arrives().presses("do=login", "first_name", "Ada", "last_name", "Quill", "email", "ada@guest.example", "sponsor", "grace@example.org")
	own := strings.Split(ada.shown.at, "?")[0]
	ada.asks(http.MethodPost, own, map[string][]string{"do": {"approve"}, "profile": {string(h.portal.Template.ProfileID)}})
	ada.asks(http.MethodPost, h.mailed(t, link.RegistrationProof), map[string][]string{"do": {"confirm"}})
	require.Equal(t, http.StatusInternalServerError, ada.shown.code, "a link that was never mailed")
	require.Equal(t, identity.RegistrationWaiting, h.latest(t).Status)
	sponsor := h.guest(t, "")
	sponsor.asks(http.MethodPost, h.mailed(t, link.RegistrationSponsor), map[string][]string{"do": {"cancel"}})
	require.Equal(t, identity.RegistrationWaiting, h.latest(t).Status)
	for _, address := range []string{own + "x", "/portal/" + string(h.portal.ID) + "/r/", strings.Replace(own, "/r/A", "/r/B", 1)} {
		ada.asks(http.MethodGet, address, nil)
		require.Equal(t, http.StatusNotFound, ada.shown.code)
	}
	another, err := h.CreatePortal(t.Context(), h.desk, store.Portal{SiteID: h.site.ID, Name: "Another", Vendor: gate.Meraki, Enabled: true}, h.portal.Template.ID)
	require.NoError(t, err)
	ada.asks(http.MethodGet, strings.Replace(own, string(h.portal.ID), string(another.ID), 1), nil)
	require.Equal(t, http.StatusNotFound, ada.shown.code)
}

// Every page of a proof has its words in every language.
func TestProofsInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, language := range catalogue.VisitorLanguages() {
		words := catalogue.ForVisitor(language, "")
		h := proving(t, identity.MethodEmail, func(template *identity.Template) {
			template.Methods = []identity.Method{identity.MethodEmail, identity.MethodSponsor}
		}, nil)
		ada := h.guest(t, phone)
		ada.arrives().presses("lang="+language).presses("do=login", "email", "ada@example.org")
		ada.sees(`<html lang="`+language+`">`, words.Text("portal.proof.code.label"), words.Text("portal.proof.email.title"))
		require.Equal(t, language, h.latest(t).Language)
		reader := h.guest(t, "")
		reader.opens(h.mailed(t, link.RegistrationProof) + "?lang=" + language).sees(words.Text("portal.proof.confirm.yes"))
		ada.presses("do=cancel").chooses(identity.MethodSponsor)
		ada.presses("do=login", "first_name", "Ada", "last_name", "Quill", "email", "ada@guest.example", "sponsor", "grace@example.org")
		ada.sees(words.Text("portal.proof.sponsor.title"), words.Text("portal.proof.again"))
		reader.opens(h.mailed(t, link.RegistrationSponsor)+"?lang="+language).sees(words.Text("portal.proof.ask.yes"), words.Text("portal.proof.ask.choice"))
	}
}

// Without mail nobody can be sent a code: the portal does not offer it.
func TestWithoutMailOrGateway(t *testing.T) {
	t.Parallel()
	h := proving(t, identity.MethodEmail, func(template *identity.Template) {
		template.Methods = []identity.Method{identity.MethodEmail, identity.MethodSMS, identity.MethodSponsor, identity.MethodForm}
	}, func(c *Config) { c.Mails = false })
	h.guest(t, phone).arrives().sees("-choose", `value="form"`)
}

// chooses presses one of the buttons for another way.
func (g *guest) chooses(method identity.Method) *guest {
	g.t.Helper()
	g.shown.body = strings.ReplaceAll(g.shown.body, `<button class="quiet" name="choose"`, `<button name="choose"`)
	return g.presses("choose=" + string(method))
}
