package portal

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// pass is who is let through the gate, and until when.
type pass struct {
	method identity.Method
	again  bool // the device was online by our clock
	until  time.Time
	secret store.SecretFor // of a visit's voucher or an authentication
	code   string          // a roll code, which the NAS is told in place of a secret
}

const (
	// ackWithin is how long a page waits for the site's agents: as check-in does.
	ackWithin = time.Second
	// askWithin is how long a controller gets altogether.
	askWithin = 5 * time.Second
	// collectWithin is about how long a gateway takes to come and collect who may go in.
	collectWithin = 6
)

// open opens the gate, in the vendor's way.
func (q *request) open(p pass) {
	left := p.until.Sub(q.Now()).Truncate(time.Second)
	if left < time.Second {
		q.say(http.StatusOK, "over")
		return
	}
	if q.state.Spent {
		q.letBackIn(p)
		return
	}
	online, err := q.onlineState(p)
	if err != nil {
		q.fail(err)
		return
	}
	grant := gate.Grant{Left: left, Success: q.PublicURL + online, Continue: q.state.Arrival.Continue}
	if grant.Username, grant.Password, err = q.credentials(p); err != nil {
		q.unopened(p, err)
		return
	}
	release, err := q.adapter.Release(q.state.Arrival, grant, q.portal.Settings)
	if err != nil {
		q.Logger.Warn("portal gate not opened", "portal_id", q.portal.ID, "vendor", q.portal.Vendor, "error", err)
		q.Metrics.loggedIn(p.method, outcomeUnopened)
		q.refused()
		return
	}
	opening, err := q.keepOpening(p, release)
	switch {
	case err != nil && visit.KindOf(err) == visit.KindNotFound:
		q.unopened(p, err) // the access has ended meanwhile
		return
	case errors.Is(err, identity.ErrDeviceLimit):
		q.tooMany(p)
		return
	case err != nil:
		q.fail(err)
		return
	}
	q.hand(p, release, opening, online)
}

// tooMany is the page of one device more than the visit's may be.
func (q *request) tooMany(p pass) {
	q.Metrics.loggedIn(p.method, outcomeRefused)
	s := standing{Decision: identity.Decision{Page: identity.PageDenied, Rule: identity.RuleDevices}, rule: noRule}
	q.note(p.method, s)
	q.denied(s)
}

// hand does what the release says.
func (q *request) hand(p pass, release gate.Release, opening store.OpeningID, online string) {
	switch {
	case release.Call != nil:
		if err := q.call(release.Call, opening); err != nil {
			q.unopened(p, err)
			return
		}
		q.to(online)
	case release.Redirect != nil:
		q.to(release.Redirect.String(), originOf(release.Redirect))
	case release.Form != nil:
		q.write(http.StatusOK, "go", page{
			Title: q.word("go.title"), Text: q.word("go.text"),
			Outside: &outside{
				Action: template.URL(release.Form.Action.String()), //nolint:gosec // the adapter checked it against the portal's hosts
				Fields: release.Form.Fields, Button: q.word("online.button"),
			},
			origins: []string{originOf(release.Form.Action)},
		})
	default: // the gateway collects it
		q.write(http.StatusOK, "opening", page{
			Title: q.word("opening.title"), Text: q.word("opening.text"), refresh: refreshTo(collectWithin, online),
			Way: &way{Link: template.URL(online), Text: q.word("continue")}, //nolint:gosec // our own address
		})
	}
	outcome := outcomeAdmitted
	if p.again {
		outcome = outcomeAgain
	}
	q.Metrics.loggedIn(p.method, outcome)
}

// credentials are what the NAS is told, and asks the site's agents about: they are given
// a moment to hear of it. Where they have not, the browser goes on all the same: the
// agent that is asked may be the one that knows.
func (q *request) credentials(p pass) (username, password string, err error) {
	switch {
	case p.code != "":
		return p.code, p.code, nil
	case !q.adapter.Caps().RADIUS:
		return "", "", nil
	}
	p.secret.SiteID, p.secret.NASID, p.secret.MAC = q.portal.SiteID, q.portal.NASID, q.state.Arrival.MAC
	secret, err := q.Store.OneTimeSecret(q.r.Context(), p.secret)
	if err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithTimeout(q.r.Context(), ackWithin)
	defer cancel()
	if ready, err := q.Acks.WaitAcked(ctx, q.portal.SiteID, secret.Revision); err != nil || !ready.Ready() {
		q.Logger.Info("portal goes on before the agents", "portal_id", q.portal.ID, "agents", ready.Agents, "connected", ready.Connected)
	}
	return secret.Username, secret.Password, nil
}

// keepOpening notes a gate that no agent can shut: one that is opened without RADIUS, or
// whose controller is what ends a session.
func (q *request) keepOpening(p pass, release gate.Release) (store.OpeningID, error) {
	revoke, err := q.adapter.Revoke(q.state.Arrival, q.portal.Settings)
	if q.adapter.Caps().RADIUS && (err != nil || revoke == nil) || q.state.Visit == "" && p.secret.AccessID == "" {
		return "", nil
	}
	return q.Store.OpenGate(q.r.Context(), store.NewOpening{
		Portal: q.portal, Visit: q.state.Visit, Access: p.secret.AccessID,
		Arrival: q.state.Arrival, Queue: release.Queue, Until: p.until, Limited: !q.adapter.Caps().RADIUS,
	})
}

// call asks the controller, for its own sake: a guest who goes away has pressed the
// button all the same.
func (q *request) call(call *gate.Call, opening store.OpeningID) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.r.Context()), askWithin)
	defer cancel()
	err := q.Caller.Do(ctx, q.portal.Settings, call)
	if opening == "" {
		return err
	}
	return q.called(opening, err)
}

// called notes what the controller did. It returns store.ErrNoVoucher where the gate was
// opened for what had ended by then.
func (q *request) called(opening store.OpeningID, failed error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.r.Context()), noteWithin)
	defer cancel()
	var shut bool
	var err error
	if failed == nil {
		shut, err = q.Store.GateOpened(ctx, opening)
	} else {
		err = q.Store.ShutGate(ctx, opening, store.Shutting{Failure: store.ShutNeverOpened})
	}
	if err != nil {
		q.Logger.Warn("portal gate not noted", "error", err)
	}
	if shut {
		return store.ErrNoVoucher
	}
	return failed
}

// unopened is the page of a guest who was let in by us and not by the network.
func (q *request) unopened(p pass, err error) {
	q.Logger.Warn("portal gate not opened", "portal_id", q.portal.ID, "vendor", q.portal.Vendor, "error", err)
	q.Metrics.loggedIn(p.method, outcomeUnopened)
	text, status := q.word("unopened.text"), http.StatusBadGateway
	switch visit.KindOf(err) {
	case visit.KindConflict: // gate.ErrClientGone
		text = q.word("unopened.gone")
	case visit.KindForbidden: // gate.ErrRefused
		text = q.word("nas." + gate.FailedCredentials)
	case visit.KindNotFound: // the access has ended meanwhile
		q.say(http.StatusOK, "over")
		return
	}
	q.write(status, "unopened", page{
		Title: q.word("unopened.title"), Problem: text,
		Form:    &form{Buttons: []button{{Name: "do", Value: "continue", Text: q.word("retry")}}},
		origins: q.origin(),
	})
}

// onlinePage stands behind a portal's address, before a state.
const onlinePage = "/online?s="

// onlineState is the address of the page that says that it worked, for this device.
func (q *request) onlineState(p pass) (string, error) {
	arrival := q.state.Arrival
	s := state{
		Portal: q.portal.ID, At: q.Now().Unix(), Language: q.p.Language, Access: q.state.Access, Visit: q.state.Visit, Leave: q.state.Leave,
		Until: p.until.Unix(), Arrival: gate.Arrival{MAC: arrival.MAC, SSID: arrival.SSID},
	}
	if len(arrival.Continue) <= maxContinue {
		s.Arrival.Continue = arrival.Continue
	}
	if leaver, ok := q.adapter.(gate.Leaver); ok && s.Access != "" {
		if to, err := leaver.Leave(arrival, q.portal.Settings); err == nil && to != nil && len(to.String()) <= maxContinue {
			s.Leave = to.String()
		}
	}
	sealed, err := q.seal(s, forOnline)
	return q.path() + onlinePage + url.QueryEscape(sealed), err
}

// maxContinue keeps the address short that a NAS is to send a browser to.
const maxContinue = 200
