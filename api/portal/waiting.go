package portal

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/store"
)

// lookEvery is how often the page of who waits for a sponsor looks by itself, in seconds.
// That of a code does not: it would take away what is being typed.
const lookEvery = 5

// showToGuest is the page on which a guest waits, or enters what they were sent.
func (q *request) showToGuest(reader link.Purpose, r store.Registration, n notice) {
	address := q.addressOf(reader, r)
	g := page{Problem: n.problem, Done: n.done, origins: q.origin()}
	switch r.Status {
	case identity.RegistrationWaiting:
		q.askProof(reader, r, address, &g)
	case identity.RegistrationApproved:
		g.Title, g.Text = q.word("proof.approved.title"), q.word("proof.approved.text")
		g.Form = q.guestForm(address, nil, act("continue", q.word("continue")))
	case identity.RegistrationDenied:
		g.Title, g.Text = q.word("proof.denied.title"), q.word("proof.denied.text")
		g.Form = q.guestForm(address, nil, act("cancel", q.word("proof.restart")))
	case identity.RegistrationDone:
		g.Title, g.Text = q.word("proof.done.title"), q.word("proof.done.text")
		if g.Way = q.onwards(); !q.state.Spent {
			g.Way, g.Form = nil, &form{Languages: []tongue{}, Buttons: []button{act("continue", q.word("continue"))}}
		}
	default:
		g.Title, g.Text = q.word("proof.over.title"), q.word("proof.over.text")
		g.Form = q.restart(q.word("proof.restart"))
	}
	q.write(http.StatusOK, string(identity.PageWaiting), g)
}

// askProof is the page of a registration that waits.
func (q *request) askProof(reader link.Purpose, r store.Registration, address string, g *page) {
	until := q.when(r.ExpiresAt)
	again, other := aside("resend", q.word("proof.again")), aside("cancel", q.word("proof.other"))
	if r.Method == identity.MethodSponsor {
		g.Title, g.Text = q.word("proof.sponsor.title"), q.word("proof.sponsor.text", "address", masked(reader, r.Sponsor), "time", until)
		g.Form = q.guestForm(address, nil, act("look", q.word("proof.sponsor.look")), again, aside("cancel", q.word("proof.sponsor.cancel")))
		g.refresh = refreshTo(lookEvery, q.withState(address))
		return
	}
	key := "proof." + string(r.Method)
	g.Title, g.Text = q.word(key+".title"), q.word(key+".text", "address", masked(reader, r.Login), "time", until)
	code := input{
		Name: "code", Label: q.word("proof.code.label"), Autocomplete: "one-time-code", Keyboard: "numeric", Required: true, Max: 20,
	}
	buttons := []button{act("code", q.word("proof.code.button"))}
	if r.Method == identity.MethodEmail {
		g.Notes = []string{q.word("proof.email.spam")}
		if grace := q.graceOf(r); g.Done == "" && grace.Green(q.Now()) {
			g.Done = q.word("proof.grace", "time", q.when(grace.ExpiresAt))
		}
		buttons = append(buttons, aside("look", q.word("proof.look")))
	}
	g.Form = q.guestForm(address, []input{code}, append(buttons, again, other)...)
}

// actAsGuest is a button pressed on that page.
func (q *request) actAsGuest(reader link.Purpose, r store.Registration) {
	switch q.form.Get("do") {
	case "code":
		q.tryCode(reader, r)
	case "resend":
		q.resend(reader, r)
	case "cancel":
		q.beginAnew(reader, r)
	case "continue":
		if r.Status == identity.RegistrationApproved {
			q.admitRegistration(reader, r)
			return
		}
		q.showToGuest(reader, r, notice{})
	default:
		q.showToGuest(reader, r, notice{})
	}
}

// beginAnew is for who asks for something else. A browser that only claims the device
// takes back nothing that another one waits for.
func (q *request) beginAnew(reader link.Purpose, r store.Registration) {
	if reader == link.RegistrationGuest || r.Status == identity.RegistrationDenied {
		if err := q.Store.CancelRegistration(q.r.Context(), r.ID); err != nil {
			q.fail(err)
			return
		}
	}
	q.full("", "")
}

// tryCode compares a code that was typed. Right, the guest is let in at once.
func (q *request) tryCode(reader link.Purpose, r store.Registration) {
	code := strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(q.value("code"))
	if len(code) != identity.CodeDigits || strings.Trim(code, "0123456789") != "" {
		q.showToGuest(reader, r, notice{problem: q.word("proof.code.digits")})
		return
	}
	r, err := q.Store.TryRegistrationCode(q.r.Context(), r.ID, code)
	switch {
	case errors.Is(err, store.ErrRegistrationCode):
		q.showToGuest(reader, r, notice{problem: q.word("proof.code.wrong", "count", strconv.Itoa(identity.CodeTries-r.Tries))})
	case errors.Is(err, store.ErrRegistrationTries):
		q.showToGuest(reader, r, notice{problem: q.word("proof.code.tries")})
	case err != nil:
		q.fail(err)
	case r.Status == identity.RegistrationApproved:
		q.admitRegistration(reader, r)
	default:
		q.showToGuest(reader, r, notice{})
	}
}

// resend has the code or the request sent again.
func (q *request) resend(reader link.Purpose, r store.Registration) {
	again, err := q.Store.ResendRegistration(q.r.Context(), r.ID)
	switch {
	case errors.Is(err, store.ErrRegistrationOver):
		q.showToGuest(reader, again, notice{})
		return
	case errors.Is(err, store.ErrRegistrationSends):
		q.showToGuest(reader, again, notice{problem: q.word("proof.again.most")})
		return
	case errors.Is(err, store.ErrRegistrationSoon):
		q.showToGuest(reader, again, notice{problem: q.word("proof.again.soon")})
		return
	case err == nil && r.Method == identity.MethodSMS && q.SMS != nil:
		if err := q.sendText(again); err != nil {
			q.showToGuest(reader, again, notice{problem: q.unsent(err)})
			return
		}
	case err != nil:
		q.fail(err)
		return
	}
	q.showToGuest(reader, again, notice{done: q.word("proof.again.done")})
}
