package guest

import (
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/api/plain"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/qr"
	"github.com/foyerhq/foyer/internal/visit"
)

var (
	//go:embed page.html
	pageHTML string

	layout = plain.Layout(pageHTML)
)

// page is what the layout shows; what is empty is not there.
type page struct {
	Language, Site string
	Style          template.CSS
	Title, Text    string
	Done, Note     string
	Facts          []fact
	Code           *code
	Extend         *extension
	Leave          string
	Confirm        *confirmation
}

type fact struct {
	Label, Value string
	Groups       []string // of a code: set apart by style alone, so that copying gives what is typed
}

type code struct {
	Path    string
	Side    int
	Caption string
}

type extension struct {
	Shown        int64 // the departure on the page, Unix microseconds
	Words, Until string
}

type confirmation struct{ Yes, No string }

// compose says what the link shows of the visit as it stands.
func (q *request) compose() page {
	g := page{Site: q.site.Name}
	switch {
	case q.visit.Status == visit.Cancelled:
		g.Title, g.Text = q.p.Text("guest.title.cancelled"), q.p.Text("guest.text.cancelled")
	case q.visit.Status == visit.PreRegistered && q.visit.ExpectedDeparture.After(q.Now()):
		q.expected(&g)
	case q.onSite() && q.r.URL.Query().Get("confirm") == "check-out" && mayCheckOut(q.link.Purpose):
		g.Title, g.Text = q.p.Text("guest.checkout.question"), q.p.Text("guest.checkout.explain")
		g.Confirm = &confirmation{q.p.Text("guest.checkout.confirm"), q.p.Text("guest.checkout.back")}
	case q.onSite():
		q.present(&g)
	default:
		g.Title, g.Text = q.p.Text("guest.title.ended"), q.p.Text("guest.text.ended")
		if q.r.URL.Query().Get("done") == "left" {
			g.Title = q.p.Text("guest.checkout.done")
		}
	}
	return g
}

func (q *request) expected(g *page) {
	v := q.visit
	g.Title = q.p.Text("guest.title.expected")
	g.Facts = q.facts(
		q.p.Text("fact.when"), q.p.Span(v.ExpectedArrival, v.ExpectedDeparture)+" ("+v.ExpectedArrival.In(q.p.Zone).Format("MST")+")",
		q.p.Text("fact.where"), q.site.Address, q.p.Text("fact.host"), v.Host.Name)
	if q.link.Purpose != link.Invitation {
		return
	}
	path, side, err := qr.Path(q.PublicURL + "/v/" + q.token)
	if err != nil {
		q.Logger.Error("no code for an invitation", "error", err) // the link is as long as every other
		return
	}
	g.Text, g.Code = q.p.Text("guest.text.expected"), &code{path, side, q.p.Text("guest.qr")}
	if q.typed != "" {
		g.Facts = append(g.Facts, fact{Label: q.p.Text("fact.code"), Groups: groups(q.typed)})
	}
}

func (q *request) present(g *page) {
	suffix := ""
	if q.link.Purpose == link.ExtendByHost {
		suffix = "_host"
	}
	until := q.p.Near(q.visit.ExpectedDeparture, q.Now())
	g.Title = q.p.Text("guest.title.on_site"+suffix, "visitor", strings.TrimSpace(q.visit.Visitor.FirstName+" "+q.visit.Visitor.LastName))
	g.Text = q.p.Text("guest.text.on_site"+suffix, "time", until)
	switch q.r.URL.Query().Get("done") {
	case "extended":
		g.Done, g.Text = q.p.Text("guest.extend.done", "time", until), ""
	case "changed":
		g.Done = q.p.Text("guest.extend.changed")
	}
	g.Facts = q.facts()
	if mayExtend(q.link.Purpose) {
		q.offer(g, suffix)
	}
	if mayCheckOut(q.link.Purpose) {
		g.Leave = q.p.Text("guest.checkout.button")
	}
}

func (q *request) offer(g *page, suffix string) {
	to, ok := q.next(q.visit.ExpectedDeparture)
	if !ok {
		g.Note = q.p.Text("guest.extend.limit")
		return
	}
	g.Extend = &extension{
		Shown: q.visit.ExpectedDeparture.UnixMicro(),
		Words: q.p.Text("guest.extend.button"+suffix, "duration", q.p.Duration(to.Sub(q.visit.ExpectedDeparture))),
		Until: q.p.Text("guest.extend.until", "time", q.p.Near(to, q.Now())),
	}
}

// facts are labels and values in turn, and the site's networks.
func (q *request) facts(pairs ...string) (facts []fact) {
	var names []string
	for _, n := range q.site.Networks {
		names = append(names, n.SSID)
	}
	pairs = append(pairs, q.p.Count("fact.network", len(names)), strings.Join(names, ", "))
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			facts = append(facts, fact{Label: pairs[i], Value: pairs[i+1]})
		}
	}
	return facts
}

// groups cuts a code into what the eye reads at once.
func groups(code string) (parts []string) {
	for group := range slices.Chunk([]byte(code), 4) {
		parts = append(parts, string(group))
	}
	return parts
}

// fail shows a calm page. What went wrong inside is logged and not shown.
func (q *request) fail(err error) {
	status, name := http.StatusInternalServerError, "failed"
	switch visit.KindOf(err) {
	case visit.KindNotFound, visit.KindInvalid:
		status, name = http.StatusNotFound, "invalid"
	case visit.KindGone:
		status, name = http.StatusGone, "expired"
	case visit.KindLimited:
		status, name = http.StatusTooManyRequests, "busy"
	case visit.KindConflict:
		status = http.StatusConflict
	case visit.KindUnavailable:
		status = http.StatusServiceUnavailable
		q.w.Header().Set("Retry-After", "5")
		q.Logger.Warn("guest page not served", "error", err)
	default:
		q.Logger.Error("guest page failed", "error", err)
	}
	q.write(status, page{Title: q.p.Text("guest." + name + ".title"), Text: q.p.Text("guest." + name + ".text")})
}

func (q *request) write(status int, g page) {
	g.Language, g.Style = q.p.Language, plain.Style()
	if err := plain.Write(q.w, status, layout, g); err != nil {
		q.Logger.Error("guest page failed", "error", err)
	}
}
