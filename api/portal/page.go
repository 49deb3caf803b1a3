package portal

import (
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/foyerhq/foyer/api/plain"
	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string

	layout = plain.Layout(pageHTML)
)

// page is what the layout shows; what is empty is not there.
type page struct {
	Language, Site string
	Style          template.CSS
	Machine        template.HTML // a comment that a program reads (WISPr)
	Done           string
	Title, Intro   string
	Problem, Text  string
	Facts          []fact
	Way            *way // a link onwards
	Outside        *outside
	Form           *form
	Notes          []string
	Body           []string // of a long text
	Links          []tongue
	Footer         string
	Words          map[string]string

	origins []string // that forms may go to, or be sent on to
	refresh string   // where to go by itself in a moment
	welcome bool     // with the template's own text
	plain   bool     // without any of its words
}

type fact struct{ Label, Value string }

type way struct {
	Link template.URL
	Text string
}

// outside is a form that the browser posts to a NAS.
type outside struct {
	Action template.URL
	Fields []gate.Field
	Button string
}

// form is ours.
type form struct {
	Action    string
	State     string
	Hidden    []gate.Field
	Heading   string
	Fields    []input
	Choice    *choice
	Consents  []tick
	Buttons   []button
	Others    []button
	Languages []tongue
}

type input struct {
	Name, Label, Type, Value string
	Hint                     string
	Autocomplete, Keyboard   string
	Capitals                 string
	Required                 bool
	Max                      int
}

// choice is a list of which one is chosen.
type choice struct {
	Name, Label string
	Options     []gate.Field
}

// tick is one that a guest puts by themselves.
type tick struct {
	Field, ID, Label string
	Body             []string // the text, where the page has room for it, under
	Title            string   // this
	Link, Read       string
	Required         bool
	Checked          bool // as it was sent, where the page is shown again
}

type button struct {
	Name, Value, Text string
	Small, Class      string
	Aside             bool // sent without what the fields ask for
}

// word is a text of the catalogue's area.
func (q *request) word(key string, pairs ...string) string {
	return q.p.Text("portal."+key, pairs...)
}

// write answers with a page; name is what it counts as.
func (q *request) write(status int, name string, g page) {
	g.Language, g.Site = q.p.Language, q.portal.SiteName
	g.Words = map[string]string{"others": q.word("others"), "language": q.word("language")}
	look := q.portal.Template.Look
	g.Style = styleOf(look.Accent)
	if !g.plain {
		g.Footer = inLanguage(look.Footer, g.Language)
	}
	if g.welcome {
		g.Intro = inLanguage(look.Text, g.Language)
	}
	if g.Form != nil {
		q.complete(g.Form)
	}
	if g.refresh != "" {
		q.w.Header().Set("Refresh", g.refresh)
	}
	g.Machine = q.machine(name, g)
	q.Metrics.shown(name)
	if err := plain.WriteStyled(q.w, status, layout, g, g.Style, g.origins...); err != nil {
		q.Logger.Error("portal page failed", "error", err)
	}
}

// complete adds what every form has: where it goes, the state, and the languages.
func (q *request) complete(f *form) {
	if f.Action == "" {
		f.Action = q.path()
	}
	if f.State == "" {
		// A sealed text cannot fail to be made but for want of randomness; the form then
		// says that it is too old.
		f.State, _ = q.seal(q.state, forLogin)
	}
	for i := range f.Fields {
		f.Fields[i].defaults()
	}
	if f.Languages == nil {
		f.Languages = tongues(q.p.Language, nil)
	}
}

func (i *input) defaults() {
	if i.Type == "" {
		i.Type = "text"
	}
	if i.Capitals == "" {
		i.Capitals = "none"
	}
	if i.Max == 0 {
		i.Max = maxValue
	}
}

// tongues are the languages that there are, with links if there is an address.
func tongues(current string, link func(string) string) []tongue {
	var all []tongue
	for _, name := range catalogue.VisitorLanguages() {
		t := tongue{Name: name, Current: name == current}
		if link != nil {
			t.Link = link(name)
		}
		all = append(all, t)
	}
	return all
}

// inLanguage picks a text in the reader's language, else in the fallback, else in any
// there is.
func inLanguage(texts map[string]string, language string) string {
	for _, name := range append([]string{language}, catalogue.VisitorLanguages()...) {
		if text := strings.TrimSpace(texts[name]); text != "" {
			return text
		}
	}
	return ""
}

// title is the template's, else ours.
func (q *request) title() string {
	if title := inLanguage(q.portal.Template.Look.Title, q.p.Language); title != "" {
		return title
	}
	return q.word("title")
}

// origin is where a NAS takes this device's login. A form that we answer with a
// redirection there is only let through by browsers whose page allowed it.
func (q *request) origin() []string {
	release, err := q.tryRelease()
	switch {
	case err != nil:
	case release.Redirect != nil:
		return []string{originOf(release.Redirect)}
	case release.Form != nil:
		return []string{originOf(release.Form.Action)}
	}
	return nil
}

// tryRelease is what the adapter would say, with nothing in it.
func (q *request) tryRelease() (gate.Release, error) {
	if q.adapter == nil {
		return gate.Release{}, gate.ErrNotFromNAS
	}
	return q.adapter.Release(q.state.Arrival, gate.Grant{Username: "x", Password: "x", Left: identity.MinLifetime, Success: q.PublicURL}, q.portal.Settings)
}

func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

// notRedirected is for who opened the page by hand.
func (q *request) notRedirected() {
	if q.keepLink() {
		q.write(http.StatusOK, "not_redirected", page{Title: q.word("join.title"), Done: q.word("join.ready"), Text: q.word("join.text"), Links: q.links()})
		return
	}
	if online, err := q.onlineSender(); err == nil && online != nil {
		q.showOnline(online.Until) // where RFC 8908 sends a device that is
		return
	}
	q.write(http.StatusOK, "not_redirected", page{Title: q.word("join.title"), Text: q.word("join.text"), Links: q.links()})
}

// refused is for a redirect that no network of this portal's made. It leads nowhere.
func (q *request) refused() {
	q.write(http.StatusForbidden, "refused", page{plain: true, Title: q.word("forged.title"), Text: q.word("forged.text")})
}

// links are to this page in the other languages, without what a NAS said.
func (q *request) links() []tongue {
	return tongues(q.p.Language, func(language string) string { return "?lang=" + language })
}
