package guest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/foyerhq/foyer/api/plain"
	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Store is what pages show: *store.Store.
type Store interface {
	Visit(ctx context.Context, scope store.Scope, id visit.VisitID) (visit.Visit, error)
	Site(ctx context.Context, scope store.Scope, id visit.SiteID) (visit.Site, error)
	MailSettings(ctx context.Context, scope store.Scope, site visit.SiteID) (visit.MailSettings, error)
	InvitationCode(ctx context.Context, id visit.VisitID) (string, error)
}

// Desk does what a form asks for, as staff's requests do. Who is "guest" or
// "host".
type Desk interface {
	Extend(ctx context.Context, who string, id visit.VisitID, to time.Time) error
	CheckOut(ctx context.Context, who string, id visit.VisitID) error
}

// Config is what the pages need. All fields but Posts are required.
type Config struct {
	Store     Store
	Desk      Desk
	Keys      *seal.Keyring
	Posts     *limit.Limiter // by visit; nil: no limit
	PublicURL string         // goes into the code for the desk, without a trailing slash
	Logger    *slog.Logger
	Now       func() time.Time
}

// Pages serves the pages. It is safe for concurrent use.
type Pages struct{ Config }

// New returns the pages.
func New(c Config) *Pages { return &Pages{c} }

// The purposes whose links lead here, and what each may do.
var purposes = []link.Purpose{link.Invitation, link.Extend, link.ExtendByHost, link.CheckOut}

func mayExtend(p link.Purpose) bool {
	return p == link.Invitation || p == link.Extend || p == link.ExtendByHost
}

func mayCheckOut(p link.Purpose) bool { return p == link.Invitation || p == link.CheckOut }

func who(p link.Purpose) string {
	if p == link.ExtendByHost {
		return "host"
	}
	return "guest"
}

// request is one request for a page.
type request struct {
	*Pages
	w        http.ResponseWriter
	r        *http.Request
	token    string
	link     link.Link
	visit    visit.Visit
	site     visit.Site
	settings visit.MailSettings
	typed    string // the invitation's short code, for its holder before the check-in
	p        catalogue.Printer
}

// maxForm is more than our forms ever are.
const maxForm = 4 << 10

// Show answers GET and HEAD: it reads, and changes nothing.
func (p *Pages) Show(w http.ResponseWriter, r *http.Request, token string) {
	q := p.request(w, r, token)
	if err := q.read(); err != nil {
		q.fail(err)
		return
	}
	q.write(http.StatusOK, q.compose())
}

// Act answers POST and leads back to the page.
func (p *Pages) Act(w http.ResponseWriter, r *http.Request, token string) {
	q := p.request(w, r, token)
	if err := q.read(); err != nil {
		q.fail(err)
		return
	}
	if wait, ok := p.mayPost(q.visit.ID); !ok {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		q.fail(errBusy)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	done, err := q.act()
	if err != nil {
		q.fail(err)
		return
	}
	w.Header().Set("Location", "?"+url.Values{"done": {done}}.Encode())
	plain.Headers(w)
	w.WriteHeader(http.StatusSeeOther) // so that reloading sends no form again
}

func (p *Pages) mayPost(id visit.VisitID) (wait time.Duration, ok bool) {
	if p.Posts == nil {
		return 0, true
	}
	ok, wait = p.Posts.Allow(string(id))
	return wait, ok
}

var errBusy = visit.Errorf(visit.KindLimited, "too_many_requests", "Too many requests. Come back in a moment.")

func (p *Pages) request(w http.ResponseWriter, r *http.Request, token string) *request {
	return &request{
		Pages: p, w: w, r: r, token: token,
		p: catalogue.New(catalogue.Match(r.Header.Get("Accept-Language"), ""), ""),
	}
}

// read finds out what the link leads to.
func (q *request) read() (err error) {
	if q.link, err = link.Parse(q.Keys, q.token, q.Now(), purposes...); err != nil {
		return err
	}
	ctx := q.r.Context()
	if q.visit, err = q.Store.Visit(ctx, store.Everything, q.link.Visit()); err != nil {
		return err
	}
	if q.site, err = q.Store.Site(ctx, store.Everything, q.visit.SiteID); err != nil {
		return err
	}
	if q.settings, err = q.Store.MailSettings(ctx, store.Everything, q.visit.SiteID); err != nil {
		return err
	}
	q.p = catalogue.New(catalogue.Match(q.r.Header.Get("Accept-Language"), q.settings.Language), q.site.Timezone)
	if q.link.Purpose == link.Invitation && q.visit.Status == visit.PreRegistered {
		q.typed, err = q.Store.InvitationCode(ctx, q.visit.ID)
	}
	return err
}

// onSite reports whether the visit can still be extended and checked out.
func (q *request) onSite() bool {
	return q.visit.Status == visit.CheckedIn && q.visit.CheckOutRequestedAt == nil && q.visit.ExpectedDeparture.After(q.Now())
}

// act does what the form asks for and says what to tell.
func (q *request) act() (done string, err error) {
	if err := q.r.ParseForm(); err != nil {
		return "", visit.Invalid("form", "The form is not readable.")
	}
	switch action := q.r.PostForm.Get("action"); {
	case action == "extend" && mayExtend(q.link.Purpose):
		return q.extend()
	case action == "check-out" && mayCheckOut(q.link.Purpose):
		return "left", q.checkOut()
	}
	return "", link.ErrInvalid
}

// extend moves the departure the form was shown to the next one. A form that comes
// twice finds its wish fulfilled.
func (q *request) extend() (done string, err error) {
	micros, err := strconv.ParseInt(q.r.PostForm.Get("departure"), 10, 64)
	if err != nil {
		return "", visit.Invalid("departure", "The form is not readable.")
	}
	if !q.onSite() {
		return "", nil
	}
	shown := time.UnixMicro(micros).UTC()
	to, ok := q.next(shown)
	switch {
	case !q.visit.ExpectedDeparture.Equal(shown) && !q.visit.ExpectedDeparture.Before(to):
		return "extended", nil
	case !q.visit.ExpectedDeparture.Equal(shown):
		return "changed", nil
	case !ok:
		return "", nil // the page says that this is as long as it gets
	}
	err = q.Desk.Extend(q.r.Context(), who(q.link.Purpose), q.visit.ID, to)
	if errors.Is(err, visit.ErrVisitEnded) {
		return "", nil
	}
	return "extended", err
}

// next returns the departure that one more extension leads to, within what the
// site allows; not ok where there is nothing left to add.
func (q *request) next(departure time.Time) (to time.Time, ok bool) {
	to = departure.Add(q.settings.ExtensionFor())
	if in := q.visit.CheckedInAt; in != nil {
		if latest := in.Add(q.site.MaxStayFor()); to.After(latest) {
			to = latest
		}
	}
	return to, to.Sub(departure) >= time.Minute
}

func (q *request) checkOut() error {
	if !q.onSite() {
		return nil // gone already
	}
	return q.Desk.CheckOut(q.r.Context(), who(q.link.Purpose), q.visit.ID)
}
