package portal

import (
	"html/template"
	"net/url"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
)

// machine is what a program reads that logs in without showing a page (WISPr): where to
// post a user name and a password to. Others need not load it.
func (q *request) machine() template.HTML {
	agent := strings.ToLower(q.r.UserAgent())
	if !strings.Contains(agent, "wispr") || q.machineLogin() == "" {
		return ""
	}
	sealed, err := q.seal(q.state, forLogin)
	login, wrong := url.Parse(q.PublicURL + q.path() + "?s=" + url.QueryEscape(sealed))
	if err != nil || wrong != nil {
		return ""
	}
	return template.HTML(gate.WISPrRedirect(login, nil, "", q.portal.SiteName)) //nolint:gosec // XML that escapes what is in it
}

// machineLogin is the method that a program's user name and password are of; empty where
// the portal has none with those.
func (q *request) machineLogin() identity.Method {
	for _, m := range []identity.Method{identity.MethodVisit, identity.MethodAccount} {
		if slices.Contains(q.portal.Template.Methods, m) {
			return m
		}
	}
	return ""
}

// fromMachine fills in the fields of our forms.
func (q *request) fromMachine() identity.Method {
	q.form.Set("username", q.form.Get(gate.WISPrUserName))
	q.form.Set("login", q.form.Get(gate.WISPrUserName))
	q.form.Set("password", q.form.Get(gate.WISPrPassword))
	return q.machineLogin()
}
