package portal

import (
	"strings"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// offersCodes: the NAS asks an agent what a roll code is worth, so one that asks nobody
// cannot take any.
func (q *request) offersCodes() bool {
	return q.portal.RollZone != "" && q.adapter.Caps().RADIUS
}

func (q *request) codeFields() []input {
	return []input{{
		Name: "auth_voucher", Label: q.word("label"), Value: q.value("auth_voucher"), Hint: q.word("hint"), Required: true, Autocomplete: "off", Max: maxCodes,
	}}
}

// submitCode hands a good roll code on to the NAS: the agent that is asked decides, and
// the code's time begins with that.
func (q *request) submitCode() {
	if !q.mayGuess(identity.MethodCode) {
		return
	}
	zone, err := q.Store.PortalZone(q.r.Context(), q.portal.RollZone)
	if err != nil {
		q.fail(err)
		return
	}
	typed := strings.TrimSpace(q.form.Get("auth_voucher"))
	if len(typed) > maxCodes || !zone.Enabled {
		q.refuseCode(zone.InvalidMessage)
		return
	}
	d, err := q.Store.TestCodes(q.r.Context(), store.Everything, zone.SiteID, zone.ID, typed)
	switch {
	case err != nil && visit.KindOf(err) == visit.KindInvalid, d.Refused == roll.Invalid:
		q.refuseCode(zone.InvalidMessage)
	case err != nil:
		q.fail(err)
	case d.Refused == roll.Expired:
		q.refuseCode(zone.ExpiredMessage)
	case len(asPrinted(d)) > maxPassword:
		q.refuseCode(zone.InvalidMessage)
	default:
		q.keep(store.Decided{
			Portal: q.portal, MAC: q.state.Arrival.MAC, Page: identity.PageAdmitted, Rule: ruleCode, Method: identity.MethodCode,
			Facts: map[string]any{"now": q.Now(), "ends_at": d.EndsAt},
		})
		q.open(pass{method: identity.MethodCode, until: d.EndsAt, code: asPrinted(d)})
	}
}

func (q *request) refuseCode(message string) {
	q.Metrics.loggedIn(identity.MethodCode, outcomeRefused)
	q.keep(store.Decided{
		Portal: q.portal, MAC: q.state.Arrival.MAC, Page: identity.PageFull, Rule: ruleCredentials, Method: identity.MethodCode, Facts: map[string]any{"now": q.Now()},
	})
	q.full(identity.MethodCode, message)
}
