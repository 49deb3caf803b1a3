package portal

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/store"
)

func refreshTo(seconds int, address string) string { return strconv.Itoa(seconds) + "; url=" + address }

// online answers a browser whose device was let in: how long it is online, and how to
// end that.
func (q *request) online() {
	s, ok := q.unseal(q.r.URL.Query().Get("s"), forOnline, onlineFor)
	if !ok {
		q.notRedirected()
		return
	}
	q.take(s)
	if q.portal.Vendor == gate.Meraki {
		if to := gate.MerakiLogout(q.r.URL.Query(), q.portal.Settings); to != nil {
			query := to.Query()
			query.Set("continue_url", q.PublicURL+q.path()+"/left?lang="+q.p.Language)
			to.RawQuery = query.Encode()
			q.state.Leave = to.String()
		}
	}
	until, err := q.onlineUntil()
	switch {
	case err != nil:
		q.fail(err)
	case !until.After(q.Now()):
		q.say(http.StatusOK, "over")
	default:
		q.showOnline(until)
	}
}

// onlineUntil is when the access ends that the page is of, as it stands now; the zero
// time where it has ended.
func (q *request) onlineUntil() (until time.Time, err error) {
	ctx := q.r.Context()
	switch {
	case q.state.Visit != "":
		visitPass, err := q.Store.VisitPass(ctx, q.portal, q.state.Visit)
		if errors.Is(err, store.ErrNoVoucher) {
			return until, nil
		}
		return visitPass.Until, err
	case q.state.Access != "":
		authentication, err := q.Store.GuestAuthentication(ctx, q.portal, q.state.Access)
		if errors.Is(err, store.ErrAuthenticationNotFound) || err == nil && !authentication.Green(q.Now()) {
			return until, nil
		}
		return authentication.ExpiresAt, err
	}
	return time.Unix(q.state.Until, 0), nil
}

// showOnline is the page of a device that is online.
func (q *request) showOnline(until time.Time) {
	if q.proofBehind() {
		return
	}
	g := page{
		Title: q.word("online.title"), Done: q.word("online.done"),
		Facts: []fact{
			{Label: q.word("online.left"), Value: span(q.p, until.Sub(q.Now()))},
			{Label: q.word("online.until"), Value: q.when(until)},
		},
	}
	if ssid := q.state.Arrival.SSID; ssid != "" {
		g.Facts = append(g.Facts, fact{Label: q.word("online.network"), Value: ssid})
	}
	if to, err := url.Parse(q.state.Arrival.Continue); err == nil && to.Host != "" && (to.Scheme == "http" || to.Scheme == "https") {
		g.Way = &way{Link: template.URL(to.String()), Text: q.word("online.on", "place", to.Host)} //nolint:gosec // http or https, and no form goes there
	}
	q.logOutForm(&g)
	q.write(http.StatusOK, "connected", g)
}

func (q *request) logOutForm(g *page) {
	if q.state.Access == "" {
		return
	}
	g.Notes = []string{q.word("online.after")}
	if q.cookie() == "" {
		g.Notes = append(g.Notes, q.word("online.browser"))
	}
	sealed, err := q.seal(q.state, forOnline)
	if err != nil {
		return
	}
	g.Form = &form{State: sealed, Languages: []tongue{}, Buttons: []button{{Name: "do", Value: "logout", Text: q.word("logout"), Class: "quiet"}}}
	if to := q.leave(); to != nil {
		g.origins = []string{originOf(to)}
	}
}

// leave is where the NAS logs the device off, if it has such an address and needs it:
// Meraki's cloud is often out of reach of a Disconnect-Request.
func (q *request) leave() *url.URL {
	to, err := url.Parse(q.state.Leave)
	if err != nil || to.Host == "" || q.adapter.Caps().Revoke && q.portal.Vendor != gate.Meraki {
		return nil
	}
	return to
}

// logOut ends the authentication that this browser was let in with. Its sessions are
// ended as at every end; where that is nobody's to do but the browser's, it is sent to
// the NAS.
func (q *request) logOut() {
	s, ok := q.unseal(q.form.Get("s"), forOnline, onlineFor)
	if !ok || s.Access == "" {
		q.say(http.StatusGone, "late")
		return
	}
	q.take(s)
	if err := q.Store.LogOut(q.r.Context(), s.Access, q.cookie()); err != nil && !errors.Is(err, store.ErrAuthenticationNotFound) {
		q.fail(err)
		return
	}
	q.forget()
	if to := q.leave(); to != nil {
		q.to(to.String(), originOf(to))
		return
	}
	q.say(http.StatusOK, "left")
}
