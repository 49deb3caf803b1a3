package portal

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/foyerhq/foyer/api/plain"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// arrive answers a browser that a NAS, or somebody, sent here.
func (q *request) arrive() {
	if q.r.Method == http.MethodHead {
		plain.Headers(q.w) // nobody is let in by it
		return
	}
	if len(q.r.URL.RawQuery) > gate.MaxQuery {
		q.refused()
		return
	}
	arrival, err := gate.Read(q.adapter, q.PublicURL+q.r.URL.RequestURI(), q.portal.Settings)
	switch {
	case errors.Is(err, gate.ErrNotFromNAS):
		q.notRedirected()
	case err != nil:
		q.Logger.Warn("portal redirect refused", "portal_id", q.portal.ID, "vendor", q.portal.Vendor, "error", err)
		q.refused()
	default:
		if q.reveal(&arrival) {
			q.arrived(arrival)
		}
	}
}

// reveal has the controller say which device it is where the redirect does so in a way
// that it alone can read: nothing is decided about a device that we do not know.
// It reports false where the page was answered with why not.
func (q *request) reveal(arrival *gate.Arrival) bool {
	call, err := gate.Reveal(arrival, q.portal.Settings)
	if err == nil && call != nil {
		if !q.within(q.Brakes.Reveals, string(q.portal.ID)) {
			return false
		}
		err = q.call(call, "")
	}
	if err != nil {
		q.unread(err)
	}
	return err == nil
}

// unread is the page of a device that the controller did not name.
func (q *request) unread(err error) {
	q.Logger.Warn("portal redirect not read", "portal_id", q.portal.ID, "vendor", q.portal.Vendor, "error", err)
	text := q.word("unopened.text")
	if visit.KindOf(err) == visit.KindConflict { // gate.ErrClientGone
		text = q.word("unopened.gone")
	}
	q.write(http.StatusBadGateway, "unopened", page{Title: q.word("unopened.title"), Problem: text})
}

// arrived takes what a NAS said. One that comes back with the answer to a login has us
// for where the guest was going.
func (q *request) arrived(arrival gate.Arrival) {
	if sealed, ours := strings.CutPrefix(arrival.Continue, q.PublicURL+q.path()+onlinePage); ours {
		s, _ := q.unseal(sealed, forOnline, onlineFor)
		if arrival.Online && s.Portal != "" {
			q.to(q.path() + onlinePage + sealed)
			return
		}
		arrival.Continue = s.Arrival.Continue
	}
	q.state.Arrival = arrival
	q.show(true)
}

// standing is what is known of the device, and what follows from it.
type standing struct {
	store.Standing
	identity.Decision
	rule int // of the template, that keeps out; noRule: its time has just begun, or ended
}

const noRule = -1

// stand asks what is known and decides.
func (q *request) stand() (s standing, err error) {
	seen := q.seen()
	if s.Standing, err = q.Store.Stands(q.r.Context(), q.portal, seen); err != nil {
		return s, err
	}
	waiting, err := q.waits()
	if err != nil {
		return s, err
	}
	now := q.Now()
	var admits bool
	admits, s.rule = identity.Admits(q.portal.Template.Rules, now, q.portal.Zone, seen.SSID)
	s.Decision = identity.Decide(identity.Facts{
		Now: now, Denied: !admits, Live: s.Live, By: s.By, MAC: seen.MAC, Account: s.Account, Elsewhere: s.Elsewhere, Waiting: waiting,
		Reauth: q.portal.Template.Reauth, ConsentDue: len(s.ConsentsDue) > 0, Devices: s.Devices, Limit: s.Limit,
	})
	if s.Rule != identity.RuleUnknown {
		q.look(s)
	}
	return s, nil
}

func (q *request) seen() store.Seen {
	return store.Seen{MAC: q.state.Arrival.MAC, SSID: q.state.Arrival.SSID, Cookie: q.cookie()}
}

// look keeps what a device was shown, unless it was shown the same lately: devices look
// every few seconds.
func (q *request) look(s standing) {
	d := q.decided(s, "")
	d.Look = true
	q.keep(d)
}

// note keeps why somebody was let in, or was not. That it cannot be kept holds nobody up.
func (q *request) note(method identity.Method, s standing) { q.keep(q.decided(s, method)) }

func (q *request) decided(s standing, method identity.Method) store.Decided {
	d := store.Decided{Portal: q.portal, MAC: q.state.Arrival.MAC, Page: s.Page, Rule: s.Rule, Method: method, Facts: s.facts(q.Now())}
	if s.Account != nil {
		d.Person = s.Account.ID
	}
	if s.Live != nil {
		d.Access, d.Person = roll.AccessID(s.Live.ID), s.Live.AccountID
	}
	return d
}

func (q *request) keep(d store.Decided) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.r.Context()), noteWithin)
	defer cancel()
	if err := q.Store.NoteDecision(ctx, d); err != nil {
		q.Logger.Warn("portal decision not noted", "error", err)
	}
}

const noteWithin = 2 * time.Second

// facts are what it was decided from: instants, kinds and numbers.
func (s standing) facts(now time.Time) map[string]any {
	facts := map[string]any{"now": now}
	if s.By != identity.ByNothing {
		facts["recognised_by"] = string(s.By)
	}
	if s.Account != nil {
		facts["lifecycle"], facts["account_starts_at"], facts["account_ends_at"] = string(s.Account.Lifecycle(now)), s.Account.StartsAt, s.Account.EndsAt
	}
	if s.Live != nil {
		facts["live_until"] = s.Live.ExpiresAt
	}
	if s.Limit > 0 {
		facts["devices"], facts["device_limit"] = s.Devices, s.Limit
	}
	if len(s.ConsentsDue) > 0 {
		facts["consents_due"] = len(s.ConsentsDue)
	}
	if s.Rule == identity.RuleAccess && s.rule != noRule {
		facts["access_rule"] = s.rule + 1
	}
	return facts
}

// show answers with the page that the device is to see; first where nothing was pressed
// yet, so that it may be let in without.
func (q *request) show(first bool) {
	s, err := q.stand()
	if err != nil {
		q.fail(err)
		return
	}
	switch s.Page {
	case identity.PageDenied:
		q.denied(s)
	case identity.PageConnected:
		q.connected(s, first)
	case identity.PageWaiting:
		q.waiting(s)
	case identity.PageSilent:
		if !first || q.state.Arrival.Failed != "" || !q.mayAgain() {
			q.offer(s, "")
			return
		}
		q.admit(store.Admission{Account: s.Account.ID, By: s.By})
	case identity.PageContinue:
		q.offer(s, "")
	default:
		q.prefill(s)
		q.full("", q.notYet(s))
	}
}

// notYet is what a guest is told whose browser is known, and who has come too early.
func (q *request) notYet(s standing) string {
	if s.Rule != identity.RuleScheduled || s.By != identity.ByCookie {
		return ""
	}
	return q.notValid(*s.Account)
}

// mayAgain reports whether a device may be let in once more without a click: one that a
// NAS sends back at once, again and again, would go in a circle.
func (q *request) mayAgain() bool {
	_, ok := allow(q.Brakes.Again, q.device())
	return ok
}

// connected lets a device in again that is online by our clock, for what is left.
func (q *request) connected(s standing, first bool) {
	q.state.Access = q.ownAccess(s)
	if q.state.Arrival.Online {
		q.showOnline(s.Live.ExpiresAt)
		return
	}
	if !first || q.state.Arrival.Failed != "" || !q.mayAgain() {
		q.offerAgain(s.Live.Left(q.Now()))
		return
	}
	q.reopen(s.Live)
}

// ownAccess is the authentication if this browser was let in with it: whoever only
// claims the device's address gets nothing to log it off by.
func (q *request) ownAccess(s standing) roll.AccessID {
	if s.By == identity.ByCookie && s.Account != nil && s.Account.ID == s.Live.AccountID || q.state.Access == roll.AccessID(s.Live.ID) {
		return roll.AccessID(s.Live.ID)
	}
	return ""
}

func (q *request) reopen(live *identity.Authentication) {
	q.open(pass{
		method: "", again: true, until: live.ExpiresAt,
		secret: store.SecretFor{AccessID: roll.AccessID(live.ID)},
	})
}

// offerAgain is the page of a device that is online by our clock and whose NAS does not
// let it through.
func (q *request) offerAgain(left time.Duration) {
	g := page{
		Title: q.word("again.title"), Text: q.word("again.text", "time", span(q.p, left)), Problem: q.failure(),
		Form:    &form{Buttons: []button{{Name: "do", Value: "continue", Text: q.word("online.button")}}},
		origins: q.origin(),
	}
	q.write(http.StatusOK, "again", g)
}

// offer is the page of a guest who is known: one button, and nothing to type.
func (q *request) offer(s standing, problem string) {
	if problem == "" {
		problem = q.failure()
	}
	g := page{
		Title: q.word("back.title"), Text: q.word("back.text", "until", q.when(s.Account.EndsAt)), Problem: problem,
		Form: &form{
			Consents: q.ticks(s.ConsentsDue),
			Buttons: []button{
				{Name: "do", Value: "continue", Text: q.word("continue")},
				{Name: "do", Value: "other", Text: q.word("back.other"), Class: "quiet", Aside: true},
			},
		},
		origins: q.origin(),
	}
	q.write(http.StatusOK, string(identity.PageContinue), g)
}

// denied tells a guest that they are not let in: in the rule's words where it has some,
// and not who they are taken for.
func (q *request) denied(s standing) {
	text := q.word("denied.text")
	switch s.Rule {
	case identity.RuleAccess:
		if s.rule == noRule {
			break
		}
		if own := inLanguage(q.portal.Template.Rules[s.rule].Text, q.p.Language); own != "" {
			text = own
		}
	case identity.RuleDevices:
		text = q.word("denied.devices")
	}
	q.write(http.StatusOK, string(identity.PageDenied), page{Title: q.word("denied.title"), Text: text})
}

// failure says why the NAS refused the last attempt, if it did.
func (q *request) failure() string {
	switch why := q.state.Arrival.Failed; why {
	case "":
		return ""
	case gate.FailedCredentials, gate.FailedInUse, gate.FailedExcluded, gate.FailedNetwork:
		return q.word("nas." + why)
	}
	return q.word("nas.other")
}

// when is an instant at the place: the time alone where that is today.
func (q *request) when(at time.Time) string {
	local := at.In(q.portal.Zone)
	// An account that ends at midnight is good on the day before.
	if local.Hour() == 0 && local.Minute() == 0 {
		return local.Add(-time.Minute).Format("2006-01-02 15:04")
	}
	return q.from(at)
}

// from is an instant at which something begins.
func (q *request) from(at time.Time) string {
	local, today := at.In(q.portal.Zone), q.Now().In(q.portal.Zone)
	if local.Format(time.DateOnly) == today.Format(time.DateOnly) {
		return local.Format("15:04")
	}
	return local.Format("2006-01-02 15:04")
}
