package portal

import (
	"net/http"
	"slices"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// The form of guests who say who they are, and prove nothing. It asks for the login
// first: who has an account with this device needs no more. The rest is asked on a page
// of its own.

// loginField is the field that the form's login is taken from.
func (q *request) loginField() identity.Field {
	if q.portal.Template.Ask[identity.FieldEmail] {
		return identity.FieldEmail
	}
	return identity.FieldPhone
}

// formIsOneStep: there is nothing to ask for but the login.
func (q *request) formIsOneStep() bool { return len(q.restFields()) == 0 }

func (q *request) restFields() (fields []identity.Field) {
	for _, field := range identity.Fields() {
		if _, asked := q.portal.Template.Ask[field]; asked && field != q.loginField() {
			fields = append(fields, field)
		}
	}
	return fields
}

func (q *request) formFields() []input {
	f := q.fieldOf(q.loginField(), true)
	if f.Value == "" {
		f.Value = q.value("login") // of a guest who is known and has to log in again
	}
	return []input{f}
}

// fieldOf is the input of one of the fields that guests are asked for.
func (q *request) fieldOf(field identity.Field, required bool) input {
	f := input{Name: string(field), Label: q.word("field." + string(field)), Value: q.value(string(field)), Required: required, Capitals: "words", Max: 100}
	if !required {
		f.Label += " " + q.word("field.optional")
	}
	switch field {
	case identity.FieldFirstName:
		f.Autocomplete = "given-name"
	case identity.FieldLastName:
		f.Autocomplete = "family-name"
	case identity.FieldCompany:
		f.Autocomplete = "organization"
	case identity.FieldEmail:
		f.Type, f.Autocomplete, f.Capitals, f.Max = "email", "email", "none", identity.MaxLogin
	case identity.FieldPhone:
		f.Type, f.Autocomplete, f.Capitals, f.Keyboard, f.Hint, f.Max = "tel", "tel", "none", "tel", q.word("field.phone.hint"), 40
	}
	return f
}

// asked are the inputs of what the template asks for, all but those named.
func (q *request) asked(but ...identity.Field) (fields []input) {
	for _, field := range identity.Fields() {
		required, asked := q.portal.Template.Ask[field]
		if asked && !slices.Contains(but, field) {
			fields = append(fields, q.fieldOf(field, required))
		}
	}
	return fields
}

// visitor is who the guest says they are; problem is what is missing, or cannot be.
func (q *request) visitor(required ...identity.Field) (v visit.Visitor, problem string) {
	v = visit.Visitor{
		FirstName: q.value("first_name"), LastName: q.value("last_name"), Email: q.value("email"), Phone: q.value("phone"), Company: q.value("company"),
	}
	for _, field := range identity.Fields() {
		if !q.portal.Template.Ask[field] && !slices.Contains(required, field) {
			continue
		}
		if q.value(string(field)) == "" {
			return v, q.word("field.missing", "field", q.word("field."+string(field)))
		}
	}
	if v.Email != "" && !visit.MailAddress(v.Email) {
		return v, q.word("field.email.wrong")
	}
	if v.Phone != "" {
		number, ok := identity.ParsePhone(v.Phone)
		if !ok {
			return v, q.word("field.phone.wrong")
		}
		v.Phone = number
	}
	return v, ""
}

// submitForm is the form's first step, or its second.
func (q *request) submitForm() {
	login, kind, err := identity.ParseLogin(q.value(string(q.loginField())))
	if err != nil || (kind == identity.LoginEmail) != (q.loginField() == identity.FieldEmail) || kind == identity.LoginName {
		q.full(identity.MethodForm, q.word("field."+string(q.loginField())+".wrong"))
		return
	}
	a := store.Admission{Method: identity.MethodForm, Login: login, Kind: kind, Clicked: true}
	var missing bool
	if q.form.Get("step") == "2" || q.formIsOneStep() {
		problem := ""
		a.Visitor, problem = q.visitor()
		if a.Consents, missing = q.agreed(identity.ConsentKinds()); problem == "" && missing {
			problem = q.word("agree.missing")
		}
		if problem != "" {
			q.askForm(login, problem)
			return
		}
		q.admit(a)
		return
	}
	known, err := q.Store.KnownLogin(q.r.Context(), q.portal, login, q.seen())
	switch {
	case err != nil:
		q.fail(err)
	case known.Account != nil && known.Account.Lifecycle(q.Now()) == identity.Active && len(known.ConsentsDue) == 0:
		q.admit(a)
	default:
		q.askForm(login, "")
	}
}

// askForm is the second step: what is not known yet, and what to agree to.
func (q *request) askForm(login, problem string) {
	if q.formIsOneStep() {
		q.full(identity.MethodForm, problem)
		return
	}
	q.write(http.StatusOK, "form", page{
		Title: q.title(), Problem: problem, origins: q.origin(),
		Form: &form{
			Heading: q.word("form.heading"),
			Hidden:  append(hidden("method", string(identity.MethodForm), "step", "2"), gate.Field{Name: string(q.loginField()), Value: login}),
			Fields:  q.asked(q.loginField()), Consents: q.ticks(identity.ConsentKinds()),
			Buttons: []button{
				{Name: "do", Value: "login", Text: q.word("method.form.button")},
				{Name: "choose", Value: string(identity.MethodForm), Text: q.word("back"), Class: "quiet", Aside: true},
			},
		},
	})
}
