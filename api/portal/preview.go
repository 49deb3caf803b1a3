package portal

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Previews are the pages that staff can look at before guests do.
func Previews() []string {
	return []string{"full", "continue", "connected", "denied", "go"}
}

// ErrPreview means that there is no such page.
var ErrPreview = visit.Invalid("page", "full, continue, connected, denied or go.")

// Preview returns one of the pages as guests would see it, with a template that need
// not be stored, and nothing behind its forms. A language that is none is the
// fallback. It returns ErrPreview.
func Preview(t identity.Template, consents []store.Consent, name, language string) ([]byte, error) {
	w := &sheet{header: http.Header{}}
	now := time.Now()
	pages := New(Config{Store: nobody{}, Mails: true, SMS: noTexter{}, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	q := pages.request(w, &http.Request{URL: &url.URL{}, Header: http.Header{}}, "")
	q.p, q.preview = catalogue.ForVisitor(language, ""), true
	q.at(store.Portal{SiteName: t.Name, Zone: time.UTC, Vendor: gate.Meraki, RollZone: "preview", Enabled: true, Template: t, Consents: consents})
	until := now.Add(t.Lifetime)
	known := standing{Standing: store.Standing{Account: &identity.Account{EndsAt: until.Add(24 * time.Hour)}}}
	switch name {
	case "full":
		q.full("", "")
	case "continue":
		q.offer(known, "")
	case "connected":
		q.state.Access, q.state.Arrival.SSID = "preview", "WLAN"
		q.showOnline(until)
	case "denied":
		known.Rule = identity.RuleBlocked
		q.denied(known)
	case "go":
		action, _ := url.Parse("https://network.example/login") // it can be parsed
		q.hand(pass{}, gate.Release{Form: &gate.Form{Action: action}}, "", "")
	default:
		return nil, ErrPreview
	}
	return w.Bytes(), nil
}

// noTexter sends nothing.
type noTexter struct{ Texter }

// nobody is a store that knows nobody.
type nobody struct{ Store }

func (nobody) RegistrationAt(context.Context, identity.PortalID, string) (*store.Registration, error) {
	return nil, nil
}

// sheet is an answer that stays here.
type sheet struct {
	bytes.Buffer
	header http.Header
}

func (s *sheet) Header() http.Header { return s.header }
func (*sheet) WriteHeader(int)       {}
