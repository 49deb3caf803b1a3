package portal

import (
	"html/template"
	"net/url"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
)

// machine is what a program reads that logs in without showing a page (WISPr), of the
// page that others see. Where the way on is a form for a browser to send, no program is
// told anything: it could not send it.
func (q *request) machine(name string, g page) template.HTML {
	if !strings.Contains(strings.ToLower(q.r.UserAgent()), "wispr") || q.machineLogin() == "" {
		return ""
	}
	if name == string(identity.PageConnected) {
		return q.openForProgram(g)
	}
	if release, err := q.tryRelease(); err != nil || release.Form != nil {
		return ""
	}
	switch name {
	case string(identity.PageFull):
		if q.form.Has(gate.WISPrUserName) {
			return answer(gate.WISPrLogin(gate.WISPrRejected, g.Problem, nil, nil))
		}
		return q.toProgram()
	case string(identity.PageDenied):
		return answer(gate.WISPrLogin(gate.WISPrAdmin, g.Text, nil, nil))
	case "opening":
		results, err := url.Parse(q.PublicURL + string(g.Way.Link) + "&" + pollOf + "=1")
		if err != nil {
			return ""
		}
		return answer(gate.WISPrLogin(gate.WISPrPending, g.Text, results, nil))
	case "unopened", "busy", "failed":
		return answer(gate.WISPrLogin(gate.WISPrFailed, g.Problem, nil, nil))
	}
	return ""
}

// openForProgram is the page of a device that is online.
func (q *request) openForProgram(g page) template.HTML {
	if q.r.URL.Query().Has(pollOf) {
		return answer(gate.WISPrLoginPoll(gate.WISPrOpen, g.Done, nil, nil))
	}
	return answer(gate.WISPrLogin(gate.WISPrOpen, g.Done, nil, nil))
}

// pollOf marks the address at which a program asks again.
const pollOf = "poll"

func answer(comment string) template.HTML {
	return template.HTML(comment) //nolint:gosec // XML that escapes what is in it
}

// toProgram says where to post a user name and a password to.
func (q *request) toProgram() template.HTML {
	sealed, err := q.seal(q.state, forLogin)
	login, wrong := url.Parse(q.PublicURL + q.path() + "?s=" + url.QueryEscape(sealed))
	if err != nil || wrong != nil {
		return ""
	}
	return answer(gate.WISPrRedirect(login, nil, "", q.portal.SiteName))
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
