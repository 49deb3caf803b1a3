// Package portal is what guests see who are to log in to a network: a captive portal
// without scripts, which needs no cookie, in six languages, within 14 kB a page.
//
// # From the redirect to the open gate
//
//  1. A NAS sends the browser to /portal/{id} and says which device it is. The vendor's
//     adapter (internal/gate) reads that. It is written down nowhere: pages hand it on
//     to each other sealed, in one hidden field, for half an hour (state.go).
//  2. What is known of the device (store.Stands) and the template's rules decide which
//     page it gets (identity.Decide): the whole login, Continue, waiting, denied, or
//     that it is online already.
//  3. A form is sent. A method checks what it asks for (visit.go, account.go, code.go,
//     form.go, and those with a proof), and the store admits: one transaction.
//  4. The gate is opened as the vendor wants it (release.go). Where the NAS asks RADIUS,
//     the device gets a one-time secret, and the site's agents are given a second to
//     acknowledge it before the browser goes back.
//
// A GET changes nothing, but that a device is let in which is online by our clock, or
// recognised where the template lets it in without a word.
//
// The id of a zone of roll codes serves the page of its codes (zone.go), which works
// without any of this.
//
// # What is not believed
//
// Everything in a redirect may be made up. So a page says nothing about who somebody is;
// a secret goes to hosts of the portal's settings alone and is good for the device that
// the redirect named; and only a browser that was let in can log its device off.
package portal

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Store is what the pages ask: *store.Store.
type Store interface {
	codes
	portals
	logins
	registrations
	gates
}

type codes interface {
	PortalZone(ctx context.Context, id roll.ZoneID) (store.PortalZone, error)
	TestCodes(ctx context.Context, scope store.Scope, site visit.SiteID, zone roll.ZoneID, text string) (roll.Decision, error)
}

type portals interface {
	Portal(ctx context.Context, id identity.PortalID) (store.Portal, error)
	VendorPortal(ctx context.Context, vendor gate.Vendor, site string) (identity.PortalID, error)
	Stands(ctx context.Context, p store.Portal, seen store.Seen) (store.Standing, error)
	NoteDecision(ctx context.Context, d store.Decided) error
	OnlineAt(ctx context.Context, p store.Portal, ip netip.Addr) (*store.Online, error)
	OnlineDevice(ctx context.Context, p store.Portal, mac string) (*store.Online, error)
}

type logins interface {
	Admit(ctx context.Context, p store.Portal, a store.Admission) (store.Admitted, error)
	LogOut(ctx context.Context, id roll.AccessID, cookie string) error
	VisitLogin(ctx context.Context, p store.Portal, username, password string) (store.VisitPass, error)
	AgreeAsVisitor(ctx context.Context, p store.Portal, id visit.VisitID, texts []string) error
	AccountPassword(ctx context.Context, login string) (id visit.PersonID, hash string, err error)
	KnownLogin(ctx context.Context, p store.Portal, login string, seen store.Seen) (store.KnownLogin, error)
	VisitPass(ctx context.Context, p store.Portal, id visit.VisitID) (store.VisitPass, error)
	VisitLink(ctx context.Context, p store.Portal, id visit.VoucherID) (username string, err error)
	UseVisitLink(ctx context.Context, p store.Portal, id visit.VoucherID) (store.VisitPass, error)
	GuestAuthentication(ctx context.Context, p store.Portal, id roll.AccessID) (identity.Authentication, error)
	GuestAccount(ctx context.Context, id visit.PersonID) (identity.Account, error)
}

type registrations interface {
	BeginRegistration(ctx context.Context, n store.NewRegistration) (store.Registration, error)
	Registration(ctx context.Context, id identity.RegistrationID) (store.Registration, error)
	RegistrationAt(ctx context.Context, portal identity.PortalID, mac string) (*store.Registration, error)
	RegistrationCode(ctx context.Context, id identity.RegistrationID) (string, error)
	TryRegistrationCode(ctx context.Context, id identity.RegistrationID, code string) (store.Registration, error)
	ProveRegistration(ctx context.Context, id identity.RegistrationID, itWasMe bool) (store.Registration, bool, error)
	DecideRegistration(ctx context.Context, id identity.RegistrationID, approve bool, profile identity.ProfileID) (store.Registration, bool, error)
	ResendRegistration(ctx context.Context, id identity.RegistrationID) (store.Registration, error)
	CancelRegistration(ctx context.Context, id identity.RegistrationID) error
	GraceUsed(ctx context.Context, portal identity.PortalID, mac string) (bool, error)
	Profiles(ctx context.Context) ([]store.Profile, error)
}

type gates interface {
	OneTimeSecret(ctx context.Context, f store.SecretFor) (store.Secret, error)
	OpenGate(ctx context.Context, o store.NewOpening) (store.OpeningID, error)
	GateOpened(ctx context.Context, id store.OpeningID) (shut bool, err error)
	ShutGate(ctx context.Context, id store.OpeningID, found store.Shutting) error
	QueuedOpenings(ctx context.Context, portal identity.PortalID, gateway string) ([]gate.Entry, error)
	CollectOpenings(ctx context.Context, portal identity.PortalID, clients []string) error
}

// Acks says whether the site's agents know a revision of its ledger.
type Acks interface {
	WaitAcked(ctx context.Context, site visit.SiteID, revision int64) (store.Readiness, error)
}

// Passwords verifies those of accounts: *auth.Passwords.
type Passwords interface {
	Verify(ctx context.Context, password, stored string) (bool, error)
	VerifyNobody(ctx context.Context, password string) error
}

// Caller asks a controller: *controller.Client.
type Caller interface {
	Do(ctx context.Context, s gate.Settings, first *gate.Call) error
}

// Config is what the pages need. All fields but the limits are required.
type Config struct {
	Store     Store
	Acks      Acks
	Passwords Passwords
	Caller    Caller
	SMS       Texter // nil: codes go by mail alone
	Mails     bool   // mail is on; without it nobody can be sent a code or asked
	Keys      *seal.Keyring
	PublicURL string // without a trailing slash
	// Tries limits by address the forms that hold what can be guessed, a password or a
	// code, and Guesses by portal or zone, whoever sends them. Nil: no limit.
	Tries   *limit.Limiter
	Guesses *limit.Limiter
	Brakes  Brakes
	Metrics *Metrics
	Logger  *slog.Logger
	Now     func() time.Time
}

// Brakes are the other limits; nil: none.
type Brakes struct {
	Loads   *limit.Limiter // pages, by address
	Forms   *limit.Limiter // forms, by portal and address
	Devices *limit.Limiter // forms that log in, by device and address
	Again   *limit.Limiter // how often a device is let in again without a click
	Secrets *limit.Limiter // user names and passwords, by device
	Site    *limit.Limiter // the same, by site
	Reveals *limit.Limiter // how often a controller is asked which device it is, by portal
}

// NewBrakes returns the brakes of one process. The guests of a site may share one
// address, and come at once: what an address may altogether is a ceiling for machines, and
// a device's own limit counts by address too, so that nobody elsewhere uses it up. Five passwords a minute are enough for a device; what a site has altogether
// is far above its guests' and far below what guessing needs.
func NewBrakes(keys int, now func() time.Time) Brakes {
	at := func(rate float64, burst int) *limit.Limiter {
		return limit.New(limit.Config{Rate: rate, Burst: burst, Keys: keys}, now)
	}
	return Brakes{Loads: at(50, 500), Forms: at(50, 500), Devices: at(0.5, 20), Again: at(0.1, 4), Secrets: at(5.0/60, 5), Site: at(5, 300), Reveals: at(10, 300)}
}

// Pages serves the pages of every portal, and of every zone. It is safe for concurrent
// use.
type Pages struct{ Config }

// New returns the pages.
func New(c Config) *Pages { return &Pages{c} }

// Serve answers GET, HEAD and POST at a portal's address: id is the portal's or the
// zone's, rest what stands behind it, and address the sender's.
func (p *Pages) Serve(w http.ResponseWriter, r *http.Request, id, rest, address string) {
	q := p.request(w, r, address)
	portal, err := p.Store.Portal(r.Context(), identity.PortalID(id))
	switch {
	case err != nil && visit.KindOf(err) != visit.KindNotFound:
		q.fail(err)
	case err != nil && rest == "" && r.Method == http.MethodPost:
		p.actZone(w, r, id, address)
	case err != nil && rest == "":
		p.showZone(w, r, id)
	case err != nil:
		q.say(http.StatusNotFound, "off")
	default:
		q.at(portal)
		q.serve(rest)
	}
}

// ServeUniFi answers GET and HEAD at /guest/s/{site}/, where a UniFi console sends
// browsers, whatever path staff would rather have: it leads to the portal with that site,
// below whose path alone browsers show the guest's cookie.
func (p *Pages) ServeUniFi(w http.ResponseWriter, r *http.Request, site, address string) {
	id, err := p.Store.VendorPortal(r.Context(), gate.UniFi, site)
	switch {
	case err == nil:
		p.request(w, r, address).to("/portal/" + string(id) + "?" + r.URL.RawQuery)
	case visit.KindOf(err) == visit.KindNotFound:
		p.request(w, r, address).say(http.StatusNotFound, "closed")
	default:
		p.request(w, r, address).fail(err)
	}
}
