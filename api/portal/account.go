package portal

import (
	"errors"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
)

// accountFields are those of somebody to whom staff or a sponsor gave a password.
func (q *request) accountFields() []input {
	return []input{
		{Name: "login", Label: q.word("field.login"), Value: q.value("login"), Required: true, Autocomplete: "username", Max: identity.MaxLogin},
		{Name: "password", Label: q.word("field.password"), Type: "password", Required: true, Autocomplete: "current-password"},
	}
}

// prefill writes a recognised guest's login into the forms that ask for one.
func (q *request) prefill(s standing) {
	if s.Prefill && s.Account != nil && q.form == nil {
		q.form = map[string][]string{"login": {s.Account.Login}}
	}
}

func (q *request) submitAccount() {
	consents, missing := q.agreed(nil) // who agreed before need not again: the store knows
	if missing || !q.mayGuess(identity.MethodAccount) {
		return
	}
	login, _, err := identity.ParseLogin(q.value("login"))
	if err != nil {
		login = ""
	}
	id, hash, err := q.Store.AccountPassword(q.r.Context(), login)
	switch {
	case errors.Is(err, store.ErrAccountNotFound):
		err = q.Passwords.VerifyNobody(q.r.Context(), q.form.Get("password"))
	case err == nil:
		var ok bool
		if ok, err = q.Passwords.Verify(q.r.Context(), q.form.Get("password"), hash); err == nil && ok {
			q.admit(store.Admission{Method: identity.MethodAccount, Account: id, Proven: true, Clicked: true, Consents: consents})
			return
		}
	}
	if err != nil {
		q.fail(err)
		return
	}
	q.wrong(identity.MethodAccount)
}
