package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/foyerhq/foyer/api/plain"
	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// request is one request at a portal.
type request struct {
	*Pages
	w       http.ResponseWriter
	r       *http.Request
	address string // the sender's
	portal  store.Portal
	adapter gate.Adapter
	p       catalogue.Printer
	state   state      // what is known of the device
	form    url.Values // of a POST

	registration *store.Registration // that the device left here
	unnamed      bool                // the browser only claims to be the device: it is not remembered
	preview      bool                // for staff: no form leads anywhere
}

func (p *Pages) request(w http.ResponseWriter, r *http.Request, address string) *request {
	return &request{Pages: p, w: w, r: r, address: address, p: catalogue.ForVisitor(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))}
}

// at takes the portal that was found.
func (q *request) at(portal store.Portal) {
	q.portal, q.p.Zone = portal, portal.Zone
	q.adapter, _ = gate.Of(portal.Vendor)
	q.state = state{Portal: portal.ID, At: q.Now().Unix(), Language: q.p.Language}
}

// path is the portal's own address, without the host.
func (q *request) path() string { return "/portal/" + string(q.portal.ID) }

// serve finds what stands at an address behind the portal's.
func (q *request) serve(rest string) {
	if !q.portal.Enabled || q.adapter == nil {
		q.say(http.StatusNotFound, "closed")
		return
	}
	place, detail, _ := strings.Cut(rest, "/")
	if q.r.Method == http.MethodPost {
		q.serveForm(place, detail)
		return
	}
	if !q.within(q.Brakes.Loads, q.address) {
		return
	}
	switch place {
	case "":
		q.arrive()
	case "online":
		q.online()
	case "left":
		q.say(http.StatusOK, "left")
	case "text":
		q.text(detail)
	case "capport":
		q.capport(detail)
	default:
		if !q.proofPage(place, detail) {
			q.say(http.StatusNotFound, "off")
		}
	}
}

// maxPost is more than our forms ever are: a sealed arrival, and what people type.
const maxPost = 24 << 10

func (q *request) serveForm(place, detail string) {
	if q.foreign() {
		q.say(http.StatusForbidden, "late")
		return
	}
	q.r.Body = http.MaxBytesReader(q.w, q.r.Body, maxPost)
	if err := q.r.ParseForm(); err != nil {
		q.say(http.StatusBadRequest, "unreadable")
		return
	}
	q.form = q.r.PostForm
	switch {
	case place == "authmon":
		q.authmon()
	case !q.within(q.Brakes.Forms, q.sender()):
	case place == "":
		q.act()
	case !q.proofForm(place, detail):
		q.say(http.StatusNotFound, "off")
	}
}

// within counts against a limit, and says so where it is reached.
func (q *request) within(limiter *limit.Limiter, key string) bool {
	wait, ok := allow(limiter, key)
	if !ok {
		q.w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		q.say(http.StatusTooManyRequests, "busy")
	}
	return ok
}

// sender is what a limit knows a portal's visitors of one network address by.
func (q *request) sender() string { return string(q.portal.ID) + " " + q.address }

// device is what a limit knows the device by: its MAC address, else where it asks from.
func (q *request) device() string {
	if q.state.Arrival.MAC != "" {
		return string(q.portal.ID) + " " + q.state.Arrival.MAC
	}
	return q.sender()
}

// value is what was typed into a field, without what surrounds it, and without what
// nobody types and no database keeps: halves of characters, and those of control.
func (q *request) value(name string) string {
	text := strings.TrimSpace(q.form.Get(name))
	return strings.Map(typed, strings.ToValidUTF8(text[:min(len(text), maxValue)], ""))
}

func typed(c rune) rune {
	if unicode.IsControl(c) {
		return -1
	}
	return c
}

const maxValue = 300

// say shows a page without a form.
func (q *request) say(status int, name string) {
	q.write(status, name, page{Title: q.p.Text("portal." + name + ".title"), Text: q.p.Text("portal." + name + ".text")})
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

// to sends the browser to one of our pages, or to a NAS.
func (q *request) to(address string, origins ...string) {
	plain.Headers(q.w, origins...)
	q.w.Header().Set("Location", address)
	q.w.WriteHeader(http.StatusSeeOther)
}
