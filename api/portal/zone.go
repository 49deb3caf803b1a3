package portal

import (
	_ "embed"
	"html/template"
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

//go:embed zone.html
var zoneHTML string

var zoneLayout = plain.Layout(zoneHTML)

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

// zonePage is what the layout of roll codes shows; what is empty is not there.
type zonePage struct {
	Language, Site string
	Style          template.CSS
	Title, Text    string
	Problem        string
	Form           *codeForm
	Login          *login
	Languages      []tongue
	Words          map[string]string
}

type codeForm struct{ Code string }

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

// zoneRequest is one request for the page of a zone of roll codes.
type zoneRequest struct {
	*Pages
	w    http.ResponseWriter
	r    *http.Request
	zone store.PortalZone
	p    catalogue.Printer
}

// showZone answers GET and HEAD with the form.
func (p *Pages) showZone(w http.ResponseWriter, r *http.Request, zone string) {
	q := p.zoneRequest(w, r)
	if q.find(zone) {
		code := r.URL.Query().Get("voucher")
		q.ask(code[:min(len(code), maxShown)], "")
	}
}

// actZone answers POST: what the codes are worth, and the way on. address is the
// sender's.
func (p *Pages) actZone(w http.ResponseWriter, r *http.Request, zone, address string) {
	q := p.zoneRequest(w, r)
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

func (p *Pages) zoneRequest(w http.ResponseWriter, r *http.Request) *zoneRequest {
	return &zoneRequest{Pages: p, w: w, r: r, p: catalogue.ForVisitor(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))}
}

// find reads the zone, or says that there is nothing here.
func (q *zoneRequest) find(id string) bool {
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
func (q *zoneRequest) decide(codes string) {
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
func (q *zoneRequest) ask(code, problem string) {
	g := zonePage{Title: q.p.Text("portal.title"), Form: &codeForm{code}, Problem: problem}
	for _, name := range catalogue.VisitorLanguages() {
		g.Languages = append(g.Languages, tongue{Name: name, Link: "?" + q.query(name), Current: name == q.p.Language})
	}
	q.write(http.StatusOK, g)
}

// query is the page's address in another language. What portals add to it stays, if
// it is not too much, and what was typed does not get into it.
func (q *zoneRequest) query(language string) string {
	values := q.r.URL.Query()
	values.Set("lang", language)
	if all := values.Encode(); len(all) <= maxQuery {
		return all
	}
	return url.Values{"lang": {language}}.Encode()
}

// admit leads on to the network's own login form.
func (q *zoneRequest) admit(codes string, d roll.Decision) {
	key := "portal.active"
	if len(d.Entries) > 0 {
		key = "portal.left"
	}
	g := zonePage{Title: q.p.Text("portal.good"), Text: q.p.Text(key, "time", span(q.p, d.EndsAt.Sub(q.Now())))}
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
func span(p catalogue.Printer, d time.Duration) string {
	minutes := int((d + time.Minute - 1) / time.Minute)
	var parts []string
	for _, unit := range []struct {
		key     string
		minutes int
	}{{"days", 24 * 60}, {"hours", 60}, {"minutes", 1}} {
		if n := minutes / unit.minutes; n > 0 && len(parts) < 2 {
			parts = append(parts, p.Text("portal.time."+unit.key, "count", strconv.Itoa(n)))
			minutes %= unit.minutes
		}
	}
	return strings.Join(parts, " ")
}

// say shows a page without a form.
func (q *zoneRequest) say(status int, name string) {
	q.write(status, zonePage{Title: q.p.Text("portal." + name + ".title"), Text: q.p.Text("portal." + name + ".text")})
}

// fail shows a calm page. What went wrong inside is logged and not shown.
func (q *zoneRequest) fail(err error) {
	if visit.KindOf(err) == visit.KindUnavailable {
		q.Logger.Warn("portal page not served", "error", err)
		q.w.Header().Set("Retry-After", "5")
		q.say(http.StatusServiceUnavailable, "failed")
		return
	}
	q.Logger.Error("portal page failed", "error", err)
	q.say(http.StatusInternalServerError, "failed")
}

func (q *zoneRequest) write(status int, g zonePage, origins ...string) {
	g.Language, g.Style, g.Site = q.p.Language, plain.Style(), q.zone.SiteName
	g.Words = map[string]string{}
	for _, word := range []string{"label", "hint", "button", "continue", "language"} {
		g.Words[word] = q.p.Text("portal." + word)
	}
	if err := plain.Write(q.w, status, zoneLayout, g, origins...); err != nil {
		q.Logger.Error("portal page failed", "error", err)
	}
}
