// Package portal is the page on which guests enter a roll code, as a captive portal
// shows it: without script or cookie, in six languages, within 14 kB.
//
// The page finds out what codes are worth and uses none of them: a good one is handed
// on to the network's own login form, where staff have set one, and the agent decides
// when the NAS asks it. So the time of a code begins with the login, and the page
// need not know whether a guest is online.
//
// Its form has the fields of pfSense's, auth_voucher and accept, and ?voucher= fills
// it in, so that pages and posters made for that go on working, and a page of one's
// own can send its form here.
package portal

import (
	"context"
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/foyerhq/foyer/api/plain"
	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Store is what the page asks: *store.Store.
type Store interface {
	PortalZone(ctx context.Context, id roll.ZoneID) (store.PortalZone, error)
	TestCodes(ctx context.Context, scope store.Scope, site visit.SiteID, zone roll.ZoneID, text string) (roll.Decision, error)
}

// Config is what the page needs. All fields but the limits are required.
type Config struct {
	Store Store
	// Tries limits forms by address, and Guesses by zone, whoever sends them: a
	// compatible code can be guessed. Nil: no limit.
	Tries   *limit.Limiter
	Guesses *limit.Limiter
	Logger  *slog.Logger
	Now     func() time.Time
}

// Pages serves the page of every zone. It is safe for concurrent use.
type Pages struct{ Config }

// New returns the pages.
func New(c Config) *Pages { return &Pages{c} }

//go:embed page.html
var pageHTML string

var layout = plain.Layout(pageHTML)

// What a form may hold: a hundred codes, and what a custom page adds.
const (
	maxForm  = 16 << 10
	maxCodes = 8 << 10
	maxShown = 300  // of what is filled in
	maxQuery = 1000 // of what goes along to the page in another language
	// maxPassword is what a NAS can ask with, which is shown codes for a user name and
	// for a password (RFC 2865, section 5.2).
	maxPassword = 128
)

// page is what the layout shows; what is empty is not there.
type page struct {
	Language, Site string
	Style          template.CSS
	Title, Text    string
	Problem        string
	Form           *form
	Login          *login
	Languages      []tongue
	Words          map[string]string
}

type form struct{ Code string }

// login is the form that goes to the network's own page.
type login struct {
	URL                      template.URL
	UserField, PasswordField string
	Codes                    string
}

type tongue struct {
	Name, Link string
	Current    bool
}

// request is one request for a page.
type request struct {
	*Pages
	w    http.ResponseWriter
	r    *http.Request
	zone store.PortalZone
	p    catalogue.Printer
}

// Show answers GET and HEAD with the form.
func (p *Pages) Show(w http.ResponseWriter, r *http.Request, zone string) {
	q := p.request(w, r)
	if q.find(zone) {
		code := r.URL.Query().Get("voucher")
		q.ask(code[:min(len(code), maxShown)], "")
	}
}

// Act answers POST: what the codes are worth, and the way on. address is the
// sender's.
func (p *Pages) Act(w http.ResponseWriter, r *http.Request, zone, address string) {
	q := p.request(w, r)
	if !q.find(zone) {
		return
	}
	for _, limited := range []struct {
		by  *limit.Limiter
		key string
	}{{p.Tries, zone + " " + address}, {p.Guesses, zone}} {
		if wait, ok := allow(limited.by, limited.key); !ok {
			w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
			q.say(http.StatusTooManyRequests, "busy")
			return
		}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil || len(r.PostForm.Get("auth_voucher")) > maxCodes {
		q.ask("", q.zone.InvalidMessage)
		return
	}
	q.decide(strings.TrimSpace(r.PostForm.Get("auth_voucher")))
}

func allow(limiter *limit.Limiter, key string) (wait time.Duration, ok bool) {
	if limiter == nil {
		return 0, true
	}
	ok, wait = limiter.Allow(key)
	return wait, ok
}

func (p *Pages) request(w http.ResponseWriter, r *http.Request) *request {
	return &request{Pages: p, w: w, r: r, p: catalogue.ForVisitor(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))}
}

// find reads the zone, or says that there is nothing here.
func (q *request) find(id string) bool {
	zone, err := q.Store.PortalZone(q.r.Context(), roll.ZoneID(id))
	if err == nil && zone.Enabled {
		q.zone = zone
		return true
	}
	switch kind := visit.KindOf(err); {
	case err == nil, kind == visit.KindNotFound:
		q.say(http.StatusNotFound, "off")
	default:
		q.fail(err)
	}
	return false
}

// decide tells what the codes are worth now. Nothing is used.
func (q *request) decide(codes string) {
	d, err := q.Store.TestCodes(q.r.Context(), store.Everything, q.zone.SiteID, q.zone.ID, codes)
	switch {
	case visit.KindOf(err) == visit.KindInvalid && err != nil, d.Refused == roll.Invalid:
		q.ask(codes, q.zone.InvalidMessage)
	case err != nil:
		q.fail(err)
	case d.Refused == roll.Expired:
		q.ask(codes, q.zone.ExpiredMessage)
	default:
		printed := asPrinted(d)
		if len(printed) > maxPassword {
			q.ask(codes, q.zone.InvalidMessage)
			return
		}
		q.admit(printed, d)
	}
}

// asPrinted are the codes as they were printed, each once, with a blank between:
// long ones may be typed with blanks in them, and a NAS sends one line.
func asPrinted(d roll.Decision) string {
	var codes []string
	for _, f := range d.Findings {
		if f.State != roll.Repeated {
			codes = append(codes, f.Spelling)
		}
	}
	return strings.Join(codes, " ")
}

// ask shows the form, with what was wrong if anything was.
func (q *request) ask(code, problem string) {
	g := page{Title: q.p.Text("portal.title"), Form: &form{code}, Problem: problem}
	for _, name := range catalogue.VisitorLanguages() {
		g.Languages = append(g.Languages, tongue{Name: name, Link: "?" + q.query(name), Current: name == q.p.Language})
	}
	q.write(http.StatusOK, g)
}

// query is the page's address in another language. What portals add to it stays, if
// it is not too much, and what was typed does not get into it.
func (q *request) query(language string) string {
	values := q.r.URL.Query()
	values.Set("lang", language)
	if all := values.Encode(); len(all) <= maxQuery {
		return all
	}
	return url.Values{"lang": {language}}.Encode()
}

// admit leads on to the network's own login form.
func (q *request) admit(codes string, d roll.Decision) {
	key := "portal.active"
	if len(d.Entries) > 0 {
		key = "portal.left"
	}
	g := page{Title: q.p.Text("portal.good"), Text: q.p.Text(key, "time", q.span(d.EndsAt.Sub(q.Now())))}
	if q.zone.Login.URL == "" {
		g.Text += " " + q.p.Text("portal.noway")
		q.write(http.StatusOK, g)
		return
	}
	g.Login = &login{
		URL:       template.URL(q.zone.Login.URL), //nolint:gosec // staff set it, and the store takes http and https alone
		UserField: q.zone.Login.UserField, PasswordField: q.zone.Login.PasswordField, Codes: codes,
	}
	q.write(http.StatusOK, g, origin(q.zone.Login.URL))
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// span is a time in its two largest units; one begun counts whole.
func (q *request) span(d time.Duration) string {
	minutes := int((d + time.Minute - 1) / time.Minute)
	var parts []string
	for _, unit := range []struct {
		key     string
		minutes int
	}{{"days", 24 * 60}, {"hours", 60}, {"minutes", 1}} {
		if n := minutes / unit.minutes; n > 0 && len(parts) < 2 {
			parts = append(parts, q.p.Text("portal.time."+unit.key, "count", strconv.Itoa(n)))
			minutes %= unit.minutes
		}
	}
	return strings.Join(parts, " ")
}

// say shows a page without a form.
func (q *request) say(status int, name string) {
	q.write(status, page{Title: q.p.Text("portal." + name + ".title"), Text: q.p.Text("portal." + name + ".text")})
}

// fail shows a calm page. What went wrong inside is logged and not shown.
func (q *request) fail(err error) {
	if visit.KindOf(err) == visit.KindUnavailable {
		q.Logger.Warn("portal page not served", "error", err)
		q.w.Header().Set("Retry-After", "5")
		q.say(http.StatusServiceUnavailable, "failed")
		return
	}
	q.Logger.Error("portal page failed", "error", err)
	q.say(http.StatusInternalServerError, "failed")
}

func (q *request) write(status int, g page, origins ...string) {
	g.Language, g.Style, g.Site = q.p.Language, plain.Style(), q.zone.SiteName
	g.Words = map[string]string{}
	for _, word := range []string{"label", "hint", "button", "continue", "language"} {
		g.Words[word] = q.p.Text("portal." + word)
	}
	if err := plain.Write(q.w, status, layout, g, origins...); err != nil {
		q.Logger.Error("portal page failed", "error", err)
	}
}
