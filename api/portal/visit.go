package portal

import (
	"errors"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// credentialFields are those of a visit. The password is shown as it is typed: it was
// printed, and is good for a day.
func (q *request) credentialFields() []input {
	if username := q.linked(); username != "" {
		return []input{{Name: "username", Label: q.word("field.username"), Value: username, Required: true, Autocomplete: "off", Hint: q.word("field.linked")}}
	}
	return []input{
		{Name: "username", Label: q.word("field.username"), Value: q.value("username"), Required: true, Autocomplete: "username", Hint: q.word("field.username.hint")},
		{Name: "password", Label: q.word("field.password"), Required: true, Autocomplete: "off"},
	}
}

// The link of a mail stands for the password once. It is opened in a browser that no NAS
// has sent here yet: a cookie keeps it until one does. Where that does not come along,
// what stands in the mail is typed.

const linkCookie = "foyer_visit"

// linked takes the link that the browser came with, or has kept; username is empty where
// there is none that is good.
func (q *request) linked() (username string) {
	token := q.r.URL.Query().Get("v")
	if token == "" {
		if c, err := q.r.Cookie(linkCookie); err == nil {
			token = c.Value
		}
	}
	if q.state.Link == "" {
		q.state.Link = token
	}
	voucher, ok := q.linkedVoucher()
	if !ok {
		return ""
	}
	username, err := q.Store.VisitLink(q.r.Context(), q.portal, voucher)
	if err != nil {
		q.state.Link = ""
	}
	return username
}

func (q *request) linkedVoucher() (visit.VoucherID, bool) {
	if q.state.Link == "" || q.preview {
		return "", false
	}
	l, err := link.Parse(q.Keys, q.state.Link, q.Now(), link.VisitLogin)
	if err != nil {
		q.state.Link = ""
		return "", false
	}
	return visit.VoucherID(l.Object), true
}

// keepLink keeps the link for when the NAS sends the browser here.
func (q *request) keepLink() bool {
	if q.linked() == "" {
		return false
	}
	l, err := link.Parse(q.Keys, q.state.Link, q.Now(), link.VisitLogin)
	if err == nil {
		q.setCookieNamed(linkCookie, q.state.Link, l.ExpiresAt.Sub(q.Now()))
	}
	return err == nil
}

// submitVisit takes the credentials of a visit: no account and no access is made, the
// visit's voucher is used, and the visit's own end is the end.
func (q *request) submitVisit() {
	consents, missing := q.agreed(identity.ConsentKinds())
	if missing {
		q.full(identity.MethodVisit, q.word("agree.missing"))
		return
	}
	if !q.mayGuess(identity.MethodVisit) {
		return
	}
	found, err := q.visitLogin()
	if errors.Is(err, store.ErrNoVoucher) {
		q.state.Link = ""
		q.wrong(identity.MethodVisit)
		return
	}
	if err == nil && len(consents) > 0 {
		err = q.Store.AgreeAsVisitor(q.r.Context(), q.portal, found.Visit, consents)
	}
	if err != nil {
		q.fail(err)
		return
	}
	q.keep(store.Decided{
		Portal: q.portal, Person: found.Person, MAC: q.state.Arrival.MAC, Page: identity.PageAdmitted, Rule: ruleVisit, Method: identity.MethodVisit,
		Facts: map[string]any{"now": q.Now(), "visit_id": string(found.Visit), "ends_at": found.Until},
	})
	q.openVisit(found)
}

// visitLogin is by what was typed, or by the link.
func (q *request) visitLogin() (store.VisitPass, error) {
	voucher, ok := q.linkedVoucher()
	if !ok || q.form.Has("password") {
		return q.Store.VisitLogin(q.r.Context(), q.portal, q.value("username"), q.value("password"))
	}
	found, err := q.Store.UseVisitLink(q.r.Context(), q.portal, voucher)
	q.state.Link = ""
	q.setCookieNamed(linkCookie, "", -time.Second)
	return found, err
}

// mayGuess counts a try of a password or code: by device, which may be made up, by the
// sender's address, and by portal and site, whoever tries.
func (q *request) mayGuess(m identity.Method) bool {
	if q.within(q.Brakes.Secrets, q.device()) && q.within(q.Tries, q.sender()) &&
		q.within(q.Guesses, string(q.portal.ID)) && q.within(q.Brakes.Site, string(q.portal.SiteID)) {
		return true
	}
	q.Metrics.loggedIn(m, outcomeThrottled)
	return false
}

// wrong says that what was typed is, and not what of it.
func (q *request) wrong(m identity.Method) {
	q.Metrics.loggedIn(m, outcomeRefused)
	q.keep(store.Decided{
		Portal: q.portal, MAC: q.state.Arrival.MAC, Page: identity.PageFull, Rule: ruleCredentials, Method: m, Facts: map[string]any{"now": q.Now()},
	})
	q.full(m, q.word("wrong."+string(m)))
}

// openVisit opens the gate until the visit ends, or for as long as the template lets a
// gate open at a time.
func (q *request) openVisit(found store.VisitPass) {
	q.state.Visit, q.state.Access = found.Visit, ""
	until := found.Until
	if latest := q.Now().Add(q.portal.Template.Lifetime); latest.Before(until) {
		until = latest
	}
	q.open(pass{method: identity.MethodVisit, until: until, secret: store.SecretFor{VoucherID: found.Voucher}})
}

// visitAgain is the button of a visitor whose NAS did not let them through.
func (q *request) visitAgain() {
	found, err := q.Store.VisitPass(q.r.Context(), q.portal, q.state.Visit)
	switch {
	case errors.Is(err, store.ErrNoVoucher):
		q.say(http.StatusOK, "over")
	case err != nil:
		q.fail(err)
	default:
		q.openVisit(found)
	}
}
