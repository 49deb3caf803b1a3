package presence

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/wire"
)

//go:embed page
var files embed.FS

var (
	pages = template.Must(template.ParseFS(files, "page/*.html"))
	sheet = must(files.ReadFile("page/style.css"))
)

func must(text []byte, err error) []byte {
	if err != nil {
		panic("presence: " + err.Error()) // embedded: found by any test
	}
	return text
}

// freshFor is how old a list may be while nothing is wrong: the hub confirms it every
// ten seconds.
const freshFor = 45 * time.Second

// page is what the templates see.
type page struct {
	catalogue.Printer
	Site   string
	People []wire.PresentPerson
	AsOf   string
	Age    string
	Stale  bool // the hub has not confirmed the list lately
	Gone   bool // the names are deleted
	Wrong  bool // the PIN was
	Wait   int  // seconds until the next try, 0 for none
}

func (k *Keeper) render(w http.ResponseWriter, r *http.Request, status int, name string, l *list, wait int) {
	say := catalogue.New(catalogue.Match(r.Header.Get("Accept-Language"), ""), l.Settings.Timezone)
	age := max(0, k.cfg.Now().Sub(l.AsOf))
	p := page{
		Printer: say, Site: l.Settings.Site, People: l.People, AsOf: say.At(l.AsOf), Age: ageOf(say, age),
		Stale: age > freshFor, Gone: l.Version == "", Wrong: status == http.StatusForbidden, Wait: wait,
	}
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, p); err != nil {
		k.log.Error("a page cannot be written", "page", name, "error", err)
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// ageOf is how long ago, in seconds, minutes or hours.
func ageOf(say catalogue.Printer, age time.Duration) string {
	switch {
	case age < time.Minute:
		return say.Count("presence.seconds", int(age/time.Second))
	case age < time.Hour:
		return say.Count("presence.minutes", int(age/time.Minute))
	}
	return say.Count("presence.hours", int(age/time.Hour))
}

func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(sheet)
}
