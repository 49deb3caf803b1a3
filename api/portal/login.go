package portal

import (
	"errors"
	"net/http"
	"slices"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// method is one way to log in: what its form asks for, and what happens when it comes.
// Submit answers the request.
type method struct {
	fields func(*request) []input
	// consents: its form has the texts that guests agree to. Otherwise a later page has.
	consents bool
	submit   func(*request)
	// offered, if set, says whether the portal can do this.
	offered func(*request) bool
}

// method returns the way of that name, if this portal has it.
func (q *request) method(name identity.Method) (m method, ok bool) {
	switch name {
	case identity.MethodVisit:
		m = method{fields: (*request).credentialFields, consents: true, submit: (*request).submitVisit}
	case identity.MethodAccount:
		m = method{fields: (*request).accountFields, consents: true, submit: (*request).submitAccount}
	case identity.MethodCode:
		m = method{fields: (*request).codeFields, submit: (*request).submitCode, offered: (*request).offersCodes}
	case identity.MethodForm:
		m = method{fields: (*request).formFields, submit: (*request).submitForm, consents: q.formIsOneStep()}
	default:
		m, ok = q.proof(name)
		if !ok {
			return m, false
		}
	}
	offered := slices.Contains(q.portal.Template.Methods, name) && (m.offered == nil || m.offered(q))
	return m, offered
}

// methods are those that the portal offers, in the order of the template.
func (q *request) methods() (names []identity.Method) {
	for _, name := range q.portal.Template.Methods {
		if _, ok := q.method(name); ok {
			names = append(names, name)
		}
	}
	return names
}

// full shows the whole login with the form of one method, empty for the first, and what
// was wrong if anything was.
func (q *request) full(name identity.Method, problem string) {
	names := q.methods()
	if len(names) == 0 {
		q.say(http.StatusNotFound, "closed")
		return
	}
	if !slices.Contains(names, name) {
		name = names[0]
	}
	if problem == "" {
		problem = q.failure()
	}
	m, _ := q.method(name)
	f := &form{
		Hidden:  hidden("method", string(name)),
		Fields:  m.fields(q),
		Buttons: []button{{Name: "do", Value: "login", Text: q.word("method." + string(name) + ".button")}},
	}
	if len(names) > 1 {
		f.Heading = q.word("method." + string(name))
	}
	if m.consents {
		f.Consents = q.ticks(identity.ConsentKinds())
	}
	for _, other := range names {
		if other != name {
			f.Others = append(f.Others, button{Name: "choose", Value: string(other), Text: q.word("method." + string(other))})
		}
	}
	q.write(http.StatusOK, string(identity.PageFull), page{
		Title: q.title(), Problem: problem, Form: f, origins: q.origin(), welcome: true,
	})
}

// act answers a form of ours.
func (q *request) act() {
	if q.form.Has("auth_get") { // a gateway's daemon knows this one address
		q.authmon()
		return
	}
	if q.form.Get("do") == "logout" {
		q.logOut()
		return
	}
	sealed := q.form.Get("s")
	if sealed == "" {
		sealed = q.r.URL.Query().Get("s") // of a program that fills no form in (WISPr)
	}
	s, ok := q.unseal(sealed, forLogin, stateFor)
	if !ok {
		q.say(http.StatusGone, "late")
		return
	}
	q.take(s)
	if language := q.form.Get("lang"); slices.Contains(catalogue.VisitorLanguages(), language) {
		q.state.Language, q.p.Language = language, language
		q.leaf()
		return
	}
	if chosen := q.form.Get("choose"); chosen != "" {
		q.form.Del("method")
		q.full(identity.Method(chosen), "")
		return
	}
	if !q.within(q.Brakes.Devices, q.device()+" "+q.address) {
		return
	}
	switch q.form.Get("do") {
	case "continue":
		q.carryOn()
	case "other":
		q.full("", "")
	default:
		q.logIn()
	}
}

// leaf shows the same page again, as it was left.
func (q *request) leaf() {
	switch name := identity.Method(q.form.Get("method")); {
	case name == identity.MethodForm && q.form.Get("step") == "2":
		q.askForm(q.value(string(q.loginField())), "")
		return
	case name != "":
		q.full(name, "")
		return
	}
	q.show(false)
}

// logIn hands the form to its method.
func (q *request) logIn() {
	name := identity.Method(q.form.Get("method"))
	if name == "" && q.form.Has(gate.WISPrUserName) {
		name = q.fromMachine()
	}
	m, ok := q.method(name)
	if !ok {
		q.full("", "")
		return
	}
	if ok, rule := identity.Admits(q.portal.Template.Rules, q.Now(), q.portal.Zone, q.state.Arrival.SSID); !ok {
		s := standing{Decision: identity.Decision{Page: identity.PageDenied, Rule: identity.RuleAccess}, rule: rule}
		q.note(name, s)
		q.Metrics.loggedIn(name, outcomeRefused)
		q.denied(s)
		return
	}
	m.submit(q)
}

// carryOn is Continue, and the button of a device that its NAS does not let through.
func (q *request) carryOn() {
	if q.state.Visit != "" {
		q.visitAgain()
		return
	}
	s, err := q.stand()
	if err != nil {
		q.fail(err)
		return
	}
	switch s.Page {
	case identity.PageConnected:
		q.state.Access = q.ownAccess(s)
		q.reopen(s.Live)
	case identity.PageContinue, identity.PageSilent:
		consents, missing := q.agreed(s.ConsentsDue)
		if missing {
			q.offer(s, q.word("agree.missing"))
			return
		}
		q.admit(store.Admission{Account: s.Account.ID, By: s.By, Clicked: true, Consents: consents})
	case identity.PageDenied:
		q.denied(s)
	case identity.PageWaiting:
		q.waiting(s)
	default:
		q.prefill(s)
		q.full("", "")
	}
}

// admit lets the device in for an account, and opens the gate.
func (q *request) admit(a store.Admission) {
	arrival := q.state.Arrival
	a.Arrival = store.Arrival{MAC: arrival.MAC, SSID: arrival.SSID, AP: arrival.AP}
	if arrival.IP.IsValid() {
		a.Arrival.IP = arrival.IP.String()
	}
	a.Language, a.Cookie = q.p.Language, q.cookie()
	admitted, err := q.Store.Admit(q.r.Context(), q.portal, a)
	if err != nil {
		q.notAdmitted(a, admitted.Account, err)
		return
	}
	q.remember(admitted)
	q.state.Access = roll.AccessID(admitted.Authentication.ID)
	q.open(pass{
		method: a.Method, again: admitted.Again, until: admitted.Authentication.ExpiresAt,
		secret: store.SecretFor{AccessID: roll.AccessID(admitted.Authentication.ID)},
	})
}

// notAdmitted says why not, and keeps it. The account is set where it is not valid.
func (q *request) notAdmitted(a store.Admission, account identity.Account, err error) {
	s := standing{Decision: identity.Decision{Page: identity.PageDenied}, rule: noRule}
	switch {
	case errors.Is(err, store.ErrAccessRule):
		s.Rule = identity.RuleAccess
		if ok, rule := identity.Admits(q.portal.Template.Rules, q.Now(), q.portal.Zone, q.state.Arrival.SSID); !ok {
			s.rule = rule
		}
	case errors.Is(err, store.ErrBlocked):
		s.Rule = identity.RuleBlocked
	case errors.Is(err, identity.ErrDeviceLimit):
		s.Rule = identity.RuleDevices
	case errors.Is(err, store.ErrDeviceTaken):
		q.Metrics.loggedIn(a.Method, outcomeRefused)
		q.show(false)
		return
	case errors.Is(err, store.ErrConsent):
		q.full(a.Method, q.word("agree.missing"))
		return
	case errors.Is(err, identity.ErrNotActive), errors.Is(err, store.ErrAccountNotFound):
		q.Metrics.loggedIn(a.Method, outcomeRefused)
		q.keep(store.Decided{Portal: q.portal, Person: a.Account, MAC: q.state.Arrival.MAC, Page: identity.PageFull, Rule: ruleNotActive, Method: a.Method, Facts: s.facts(q.Now())})
		q.full(a.Method, q.inactive(a, account))
		return
	case visit.KindOf(err) == visit.KindInvalid:
		q.full(a.Method, q.word("unclear"))
		return
	default:
		q.fail(err)
		return
	}
	q.Metrics.loggedIn(a.Method, outcomeRefused)
	q.keep(store.Decided{Portal: q.portal, Person: a.Account, MAC: q.state.Arrival.MAC, Page: s.Page, Rule: s.Rule, Method: a.Method, Facts: s.facts(q.Now())})
	q.denied(s)
}

// inactive says why an account is not valid to who has proved that it is theirs, or whose
// browser knows it. Others are told no more than that.
func (q *request) inactive(a store.Admission, account identity.Account) string {
	if !a.Proven && a.By != identity.ByCookie {
		return q.word("inactive")
	}
	return q.notValid(account)
}

func (q *request) notValid(account identity.Account) string {
	switch account.Lifecycle(q.Now()) {
	case identity.Scheduled:
		return q.word("inactive.scheduled", "from", q.from(account.StartsAt))
	case identity.Expired:
		return q.word("inactive.expired", "until", q.when(account.EndsAt))
	case identity.Pending:
		return q.word("inactive.pending")
	}
	return q.word("inactive")
}

// Rules of ours beside those of identity.
const (
	ruleNotActive                 = identity.RuleNotActive
	ruleCredentials               = identity.RuleCredentials
	ruleVisit       identity.Rule = "visit" // the credentials of a visit
	ruleCode        identity.Rule = "code"  // a roll code
)
