package portal

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// The methods that end in a proof: a code by mail or text message, a sponsor's word.
//
// What is asked for is a registration, a row that outlives the browser: its page has an
// address of its own, /portal/{id}/r/{token}, and the device comes upon it again by its
// MAC address. The token says who reads: the guest's browser, one that only claims to be
// the guest's device, the reader of the guest's mail, or the sponsor. None can do what
// another's can. A GET changes nothing: mailboxes are read by programs that follow links.

// proof returns the method of that name, if it is one of these.
func (q *request) proof(name identity.Method) (m method, ok bool) {
	switch name {
	case identity.MethodEmail:
		return method{fields: (*request).emailFields, consents: true, submit: (*request).submitEmail, offered: (*request).sendsMail}, true
	case identity.MethodSMS:
		return method{fields: (*request).smsFields, consents: true, submit: (*request).submitSMS, offered: (*request).sendsSMS}, true
	case identity.MethodSponsor:
		return method{fields: (*request).sponsorFields, consents: true, submit: (*request).submitSponsor, offered: (*request).sendsMail}, true
	}
	return m, false
}

func (q *request) sendsMail() bool { return q.Mails }

// begin stores what the guest asks for; not ok where the page was answered with what is
// missing. Whether anybody knows the login makes no difference.
func (q *request) begin(n store.NewRegistration) (r store.Registration, ok bool) {
	consents, missing := q.agreed(identity.ConsentKinds())
	if missing {
		q.full(n.Method, q.word("agree.missing"))
		return r, false
	}
	n.SiteID, n.PortalID, n.Arrival, n.Language, n.Consents = q.portal.SiteID, q.portal.ID, q.state.Arrival, q.p.Language, consents
	r, err := q.Store.BeginRegistration(q.r.Context(), n)
	switch {
	case errors.Is(err, store.ErrRegistrationLimit):
		q.full(n.Method, q.word("proof.limit"))
	case err != nil:
		q.fail(err)
	default:
		q.Metrics.loggedIn(n.Method, outcomeUnproven)
	}
	return r, err == nil
}

// toWaiting sends the browser to the registration's page, which may be loaded again and
// kept.
func (q *request) toWaiting(r store.Registration) { q.to(q.addressOf(link.RegistrationGuest, r)) }

// addressOf is a registration's page for one of its readers.
func (q *request) addressOf(reader link.Purpose, r store.Registration) string {
	token, err := link.Sign(q.Keys, link.Registered(reader, string(r.ID), r.CreatedAt))
	if err != nil { // its id is a UUID
		q.Logger.Error("portal page failed", "error", err)
	}
	return q.path() + "/r/" + token
}

// waits looks for what the device left here. Its address may be made up: its page shows
// less and gives no cookie, unless the browser has proved itself otherwise.
func (q *request) waits() (bool, error) {
	r, err := q.Store.RegistrationAt(q.r.Context(), q.portal.ID, q.state.Arrival.MAC)
	q.registration = r
	return r != nil, err
}

// waiting is the page of a device that left something here, or whose account somebody
// has yet to approve.
func (q *request) waiting(standing) {
	if q.registration == nil {
		q.say(http.StatusOK, "proof.pending")
		return
	}
	q.showRegistration(link.RegistrationDevice, *q.registration, notice{})
}

// proofBehind shows, to who is online to read a mail, where its code goes.
func (q *request) proofBehind() bool {
	if q.state.Visit != "" {
		return false
	}
	waits, err := q.waits()
	if err != nil || !waits || !q.graced(*q.registration) {
		return false
	}
	switch q.state.Access {
	case q.registration.AccessID:
		q.toWaiting(*q.registration)
	case "":
		q.to(q.addressOf(link.RegistrationDevice, *q.registration))
	default:
		return false
	}
	return true
}

// graced reports whether a registration waits whose grace is not over.
func (q *request) graced(r store.Registration) bool {
	return r.Status == identity.RegistrationWaiting && q.graceOf(r).Green(q.Now())
}

// graceOf is the authentication that lets a guest read their mail, if there is one.
func (q *request) graceOf(r store.Registration) (grace identity.Authentication) {
	if r.AccessID == "" {
		return grace
	}
	grace, err := q.Store.GuestAuthentication(q.r.Context(), q.portal, r.AccessID)
	if err != nil {
		return identity.Authentication{}
	}
	return grace
}

// proofPage answers GET at an address behind the portal's, if it is one of these.
func (q *request) proofPage(place, detail string) bool {
	if place != "r" {
		return false
	}
	if reader, r, ok := q.registered(detail); ok {
		q.showRegistration(reader, r, notice{})
	}
	return true
}

// proofForm answers POST there.
func (q *request) proofForm(place, detail string) bool {
	if place != "r" {
		return false
	}
	reader, r, ok := q.registered(detail)
	if !ok || !q.within(q.Brakes.Devices, q.device()+" "+q.address) {
		return true
	}
	switch reader {
	case link.RegistrationSponsor:
		q.decideAsSponsor(r)
	case link.RegistrationProof:
		q.confirmByMail(r)
	default:
		q.actAsGuest(reader, r)
	}
	return true
}

// registered reads a token and what it leads to; not ok where the page was answered.
func (q *request) registered(token string) (link.Purpose, store.Registration, bool) {
	l, err := link.Parse(q.Keys, token, q.Now(), link.RegistrationGuest, link.RegistrationDevice, link.RegistrationProof, link.RegistrationSponsor)
	if err != nil {
		q.say(http.StatusNotFound, "proof.gone")
		return 0, store.Registration{}, false
	}
	r, err := q.Store.Registration(q.r.Context(), identity.RegistrationID(l.Object))
	switch {
	case err != nil && visit.KindOf(err) != visit.KindNotFound:
		q.fail(err)
		return 0, r, false
	case err != nil, r.PortalID != q.portal.ID:
		q.say(http.StatusNotFound, "proof.gone")
		return 0, r, false
	}
	if l.Purpose != link.RegistrationSponsor {
		q.resume(r)
	}
	return l.Purpose, r, true
}

// resume takes up the device that asked: as the NAS described it last, if this browser
// was sent here since, else as it did when the registration began. A NAS may take each
// redirect's login once, so that the latter opens no gate after a grace.
func (q *request) resume(r store.Registration) {
	if q.r.URL.Query().Get("lang") == "" {
		q.p.Language = r.Language
	}
	sealed := q.form.Get("s")
	if sealed == "" {
		sealed = q.r.URL.Query().Get("s")
	}
	if s, ok := q.unseal(sealed, forLogin, stateFor); ok && s.Arrival.MAC == r.Arrival.MAC && s.Access == "" {
		q.state = s
	} else {
		q.state.Arrival, q.state.Spent = r.Arrival, r.AccessID != ""
	}
	q.state.Language = q.p.Language
}

// notice is what a page says above the rest: what went wrong, or what was done.
type notice struct{ problem, done string }

// showRegistration is the page of a registration, for its reader.
func (q *request) showRegistration(reader link.Purpose, r store.Registration, n notice) {
	switch reader {
	case link.RegistrationSponsor:
		q.showToSponsor(r, n)
	case link.RegistrationProof:
		q.showToMailbox(r, n)
	default:
		q.showToGuest(reader, r, n)
	}
}

// admitRegistration lets the device in that asked, now that somebody has proved it. A
// sponsor's word is for the guest, and proves nobody's address: whose account has the
// address is not who stands here by it.
func (q *request) admitRegistration(reader link.Purpose, r store.Registration) {
	kind := identity.LoginEmail
	if r.Method == identity.MethodSMS {
		kind = identity.LoginPhone
	}
	q.unnamed = reader == link.RegistrationDevice
	q.admit(store.Admission{
		Method: r.Method, Login: r.Login, Kind: kind, Proven: r.Method != identity.MethodSponsor, Visitor: r.Visitor, Sponsor: r.Sponsor, Profile: r.ProfileID,
		Consents: r.Consents, Clicked: true, Registration: r.ID,
	})
}

// letBackIn is the page of who was let in with a redirect that the NAS has taken already:
// it sends the device here again, where it is let through without a word.
func (q *request) letBackIn(p pass) {
	g := page{Title: q.word("proof.kept.title"), Text: q.word("proof.kept.text", "time", q.when(p.until)), Way: q.onwards()}
	q.Metrics.loggedIn(p.method, outcomeAdmitted)
	q.write(http.StatusOK, "go", g)
}

// onwards leads to where the guest was going, if the NAS said.
func (q *request) onwards() *way {
	to, err := url.Parse(q.state.Arrival.Continue)
	if err != nil || to.Host == "" || to.Scheme != "http" && to.Scheme != "https" {
		return nil
	}
	return &way{Link: template.URL(to.String()), Text: q.word("online.on", "place", to.Host)} //nolint:gosec // http or https, and no form goes there
}

// masked hides an address or a number from whoever only claims to be the device that it
// was typed on.
func masked(reader link.Purpose, address string) string {
	if reader != link.RegistrationDevice {
		return address
	}
	local, domain, found := strings.Cut(address, "@")
	runes := []rune(local)
	if !found {
		return "… " + string(runes[max(0, len(runes)-2):])
	}
	return string(runes[:min(1, len(runes))]) + "…@" + domain
}

// withState is a page's address that takes along what the NAS said.
func (q *request) withState(address string) string {
	sealed, err := q.seal(q.state, forLogin)
	if err != nil {
		return address
	}
	return address + "?s=" + url.QueryEscape(sealed)
}

// restart is a form that begins anew, with the same device.
func (q *request) restart(words string) *form {
	return &form{Languages: []tongue{}, Buttons: []button{{Name: "do", Value: "other", Text: words}}}
}

// guestForm is one that goes to the registration's own page.
func (q *request) guestForm(address string, fields []input, buttons ...button) *form {
	return &form{Action: address, Fields: fields, Buttons: buttons, Languages: []tongue{}}
}

func act(do, words string) button { return button{Name: "do", Value: do, Text: words} }

// aside is a button besides the main one: it is sent without what the fields ask for.
func aside(do, words string) button {
	return button{Name: "do", Value: do, Text: words, Class: "quiet", Aside: true}
}

// likeLink reports whether one of some names looks like a link: our mail to sponsors is
// nobody's advertising.
func likeLink(texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		return strings.ContainsAny(text, `/\@<>:`) || strings.Contains(strings.ToLower(text), "www.")
	})
}
