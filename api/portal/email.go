package portal

import (
	"net/http"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func (q *request) emailFields() []input { return []input{q.fieldOf(identity.FieldEmail, true)} }

// submitEmail has a code mailed, and lets the device in for as long as it takes to read
// it, where the template gives such a grace.
func (q *request) submitEmail() {
	login, kind, err := identity.ParseLogin(q.value("email"))
	if err != nil || kind != identity.LoginEmail {
		q.full(identity.MethodEmail, q.word("field.email.wrong"))
		return
	}
	r, ok := q.begin(store.NewRegistration{Method: identity.MethodEmail, Login: login, Visitor: visit.Visitor{Email: login}})
	if ok && !q.grace(r) {
		q.toWaiting(r)
	}
}

// grace lets the device in by an account that nobody has proved, and that ends with the
// grace. It reports whether it answered.
func (q *request) grace(r store.Registration) bool {
	if q.portal.Template.GraceFor <= 0 {
		return false
	}
	used, err := q.Store.GraceUsed(q.r.Context(), q.portal.ID, q.state.Arrival.MAC)
	if err != nil {
		q.fail(err)
		return true
	}
	if used {
		return false
	}
	q.admit(store.Admission{
		Method: identity.MethodEmail, Login: r.Login, Kind: identity.LoginEmail, Visitor: r.Visitor, Consents: r.Consents, Clicked: true,
		Until: q.Now().Add(q.portal.Template.GraceFor), Registration: r.ID,
	})
	return true
}

// showToMailbox is the page behind the link in the guest's mail.
func (q *request) showToMailbox(r store.Registration, n notice) {
	address := q.addressOf(link.RegistrationProof, r)
	g := page{plain: true, Problem: n.problem, origins: q.origin()}
	switch r.Status {
	case identity.RegistrationWaiting:
		g.Title, g.Text = q.word("proof.confirm.title"), q.word("proof.confirm.text", "site", q.portal.SiteName, "time", q.when(r.CreatedAt))
		g.Form = q.guestForm(address, nil, act("confirm", q.word("proof.confirm.yes")), aside("refuse", q.word("proof.confirm.no")))
	case identity.RegistrationApproved:
		g.Title, g.Text = q.word("proof.confirmed.title"), q.word("proof.confirmed.text")
		g.Form = q.guestForm(address, nil, act("continue", q.word("proof.code.button")))
	case identity.RegistrationDenied:
		g.Title, g.Text = q.word("proof.unasked.title"), q.word("proof.unasked.text")
	case identity.RegistrationDone:
		g.Title, g.Text = q.word("proof.used.title"), q.word("proof.used.text")
	default:
		g.Title, g.Text = q.word("proof.over.title"), q.word("proof.over.text")
	}
	q.write(http.StatusOK, "mailbox", g)
}

// confirmByMail is a button pressed there.
func (q *request) confirmByMail(r store.Registration) {
	do := q.form.Get("do")
	if do == "continue" && r.Status == identity.RegistrationApproved {
		q.admitRegistration(link.RegistrationProof, r)
		return
	}
	if do == "confirm" || do == "refuse" {
		var err error
		if r, _, err = q.Store.ProveRegistration(q.r.Context(), r.ID, do == "confirm"); err != nil {
			q.fail(err)
			return
		}
	}
	q.showToMailbox(r, notice{})
}
