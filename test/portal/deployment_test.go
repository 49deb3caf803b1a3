package portal

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/api/portal"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

const (
	portalHost = "portal.example"
	publicURL  = "https://" + portalHost
)

// plan is what a test wants of its deployment.
type plan struct {
	device
	zone     string // of the site; empty: Europe/Paris
	monday   time.Time
	profile  identity.Profile
	template func(*identity.Template)
	unproven bool // at its NAS no disconnect has been seen to work yet
}

// deployment is a server, a site with an agent, and a network with a portal. Its clock
// stands still until it is moved.
type deployment struct {
	t     testing.TB
	plan  plan
	url   string // of the database
	clock *storetest.Clock
	zone  *time.Location

	store  *store.Store
	server *httptest.Server
	admin  string // a token that may everything

	site   visit.Site
	nas    visit.NAS
	portal store.Portal
	desk   store.Caller

	agent *agent
	net   *network
	late  bool // workflows do nothing: they are late
}

func deploy(t testing.TB, p plan) *deployment {
	t.Helper()
	if p.zone == "" {
		p.zone = "Europe/Paris"
	}
	zone, err := time.LoadLocation(p.zone)
	require.NoError(t, err)
	if p.monday.IsZero() {
		p.monday = time.Date(2024, 6, 3, 8, 0, 0, 0, zone)
	}
	d := &deployment{
		t: t, plan: p, url: storetest.URL(t), clock: storetest.NewClock(p.monday), zone: zone,
		desk: store.Caller{Actor: "user:desk", Scope: store.Everything},
	}
	d.open()
	t.Cleanup(func() { d.close() })
	d.furnish()
	return d
}

// furnish makes what is there before the first guest comes.
func (d *deployment) furnish() {
	d.t.Helper()
	var err error
	d.site, err = d.store.CreateSite(d.t.Context(), d.desk, visit.Site{Name: "Café <Paris>", Timezone: d.plan.zone})
	require.NoError(d.t, err)
	d.admin = d.token()
	d.agent = newAgent(d)
	d.t.Cleanup(func() { d.agent.close() })
	d.net = newNetwork(d)
	unlimited := new(0)
	if d.plan.unproven {
		unlimited = nil
	}
	d.nas, err = d.store.CreateNAS(d.t.Context(), d.desk, visit.NAS{
		SiteID: d.site.ID, Name: "Meraki", Source: netip.MustParsePrefix("127.0.0.1/32"), Secret: nasSecret,
		CoAPort: d.net.coaPort(), MaxSessionSeconds: unlimited,
	})
	require.NoError(d.t, err)
	d.makePortal()
	d.agent.follow(d.t.Context())
	d.net.start()
}

func (d *deployment) makePortal() {
	d.t.Helper()
	if d.plan.profile.Name == "" {
		d.plan.profile = identity.Profile{Name: "Week", Validity: identity.Validity{Kind: identity.Days, Value: 5}}
	}
	profile, err := d.store.CreateProfile(d.t.Context(), d.desk, d.plan.profile)
	require.NoError(d.t, err)
	template := identity.Template{
		Name: "Lobby", Lifetime: 4 * time.Hour, Reauth: identity.ReauthContinue, Methods: []identity.Method{identity.MethodForm}, ProfileID: profile.ID,
		Ask: map[identity.Field]bool{identity.FieldEmail: true, identity.FieldFirstName: true, identity.FieldLastName: true},
	}
	if d.plan.template != nil {
		d.plan.template(&template)
	}
	made, err := d.store.CreateTemplate(d.t.Context(), d.desk, template)
	require.NoError(d.t, err)
	portal, err := d.store.CreatePortal(d.t.Context(), d.desk, store.Portal{
		SiteID: d.site.ID, Name: "Lobby", Vendor: d.plan.vendor, Settings: d.plan.settings, NASID: d.nas.ID, Enabled: true,
	}, made.ID)
	require.NoError(d.t, err)
	d.portal, err = d.store.Portal(d.t.Context(), portal.ID)
	require.NoError(d.t, err)
}

// open starts the server on what the database holds.
func (d *deployment) open() {
	d.t.Helper()
	keys, logger := storetest.Keyring(d.t), slog.New(slog.DiscardHandler)
	var err error
	d.store, err = store.Open(d.t.Context(), store.Config{
		URL: d.url, Keyring: keys, Now: d.clock.Now, Rand: rand.Reader, Logger: logger, GuestDomain: "company.example", MaxConns: 6,
	})
	require.NoError(d.t, err)
	registry, tries := prometheus.NewRegistry(), limit.Config{Rate: 2, Burst: 60, Keys: 100}
	server, err := api.New(api.Config{
		Store: d.store, Readiness: acks{d: d}, Passwords: auth.NewPasswords(2, auth.Cost{Memory: 64, Time: 1, Lanes: 1}),
		CodeTries: limit.New(tries, d.clock.Now), CodeGuesses: limit.New(tries, d.clock.Now),
		Portal: api.CaptivePortal{Brakes: portal.NewBrakes(100, d.clock.Now), Caller: controllers{d}, Metrics: portal.NewMetrics(registry)},
		Hash:   keys.MAC, Links: keys, CheckURL: webhook.Guard{}.CheckURL, Metrics: api.NewMetrics(registry), Logger: logger, Now: d.clock.Now,
		Version: "test", PublicURL: publicURL, AgentURL: "https://agents.example:8443", AgentPin: make([]byte, 32), Ready: d.store.Ready,
	})
	require.NoError(d.t, err)
	d.server = httptest.NewTLSServer(server.Handler())
}

func (d *deployment) close() {
	d.server.Client().CloseIdleConnections()
	d.server.Close()
	d.store.Close()
}

// restart is the server's: all that it knew by heart is gone.
func (d *deployment) restart() {
	d.close()
	d.open()
}

// acks is what the hub does: it gives the agent what is new, and says so.
type acks struct {
	api.Readiness
	d *deployment
}

func (a acks) WaitAcked(ctx context.Context, _ visit.SiteID, revision int64) (store.Readiness, error) {
	if a.d.agent.follow(ctx) < revision {
		return store.Readiness{Agents: 1, Connected: 1}, nil
	}
	return store.Readiness{Agents: 1, Connected: 1, Acked: 1}, nil
}

// controllers asks the network's simulated controller.
type controllers struct{ d *deployment }

func (c controllers) Do(_ context.Context, _ gate.Settings, call *gate.Call) error {
	return c.d.net.ask(call)
}

func (d *deployment) token() string {
	d.t.Helper()
	secret, err := auth.NewToken(rand.Reader, auth.APIToken)
	require.NoError(d.t, err)
	_, err = d.store.CreateToken(d.t.Context(), d.desk, store.NewToken{
		Name: "staff", Permissions: auth.EveryPermission().Names(), Scope: store.Everything, SecretHash: secret.Hash(),
	})
	require.NoError(d.t, err)
	return secret.Reveal()
}

// call asks the API as staff do, and reads the answer into out.
func (d *deployment) call(method, path string, body, out any) {
	d.t.Helper()
	var text []byte
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		require.NoError(d.t, err)
	}
	request, err := http.NewRequestWithContext(d.t.Context(), method, d.server.URL+path, strings.NewReader(string(text)))
	require.NoError(d.t, err)
	request.Header.Set("Authorization", "Bearer "+d.admin)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := d.server.Client().Do(request)
	require.NoError(d.t, err)
	defer func() { _ = response.Body.Close() }()
	require.Less(d.t, response.StatusCode, 300, "%s %s", method, path)
	if out != nil {
		require.NoError(d.t, json.NewDecoder(response.Body).Decode(out))
	}
}

// logins are the authentications as staff see them, the oldest first.
func (d *deployment) logins() (items []api.Authentication) {
	d.t.Helper()
	var list struct{ Items []api.Authentication }
	d.call(http.MethodGet, "/api/v1/authentications?site_id="+string(d.site.ID), nil, &list)
	for i := range list.Items {
		items = append(items, list.Items[len(list.Items)-1-i])
	}
	return items
}

func (d *deployment) last() api.Authentication {
	d.t.Helper()
	all := d.logins()
	require.NotEmpty(d.t, all)
	return all[len(all)-1]
}

// green is how many are: the count that staff see, and the list's.
func (d *deployment) green() int {
	d.t.Helper()
	var count struct{ Green int }
	d.call(http.MethodGet, "/api/v1/authentications/count?site_id="+string(d.site.ID), nil, &count)
	listed := 0
	for _, a := range d.logins() {
		if a.Green {
			listed++
		}
	}
	require.Equal(d.t, listed, count.Green)
	return listed
}

func (d *deployment) accounts() []api.Account {
	d.t.Helper()
	var list struct{ Items []api.Account }
	d.call(http.MethodGet, "/api/v1/accounts?site_id="+string(d.site.ID), nil, &list)
	return list.Items
}

func (d *deployment) theAccount() api.Account {
	d.t.Helper()
	all := d.accounts()
	require.Len(d.t, all, 1)
	return all[0]
}

// until moves the clock to an instant, and does on the way what happens by the clock
// alone: the device's timers, the agent's, and the step that the workflow of an access
// does when its time is over.
func (d *deployment) until(at time.Time) {
	d.t.Helper()
	for !d.late {
		due, id := at, ""
		for _, a := range d.logins() {
			if a.EndedAt == nil && !a.ExpiresAt.After(due) {
				due, id = a.ExpiresAt, a.ID
			}
		}
		if id == "" {
			break
		}
		d.move(due)
		end, err := d.store.EndAccess(d.t.Context(), roll.AccessID(id), false)
		require.NoError(d.t, err)
		require.NotNil(d.t, end.Access.EndedAt)
	}
	d.move(at)
	d.agent.follow(d.t.Context())
}

func (d *deployment) move(at time.Time) {
	d.t.Helper()
	if by := at.Sub(d.clock.Now()); by > 0 {
		d.clock.Advance(by)
	}
	d.net.tick()
	d.agent.ledger.ClockChanged()
}

// portalLike is another with the same settings.
func portalLike(p store.Portal) store.Portal {
	return store.Portal{SiteID: p.SiteID, Name: "Another", Vendor: p.Vendor, Settings: p.Settings, NASID: p.NASID, Enabled: true}
}

// local is an instant by the clock at the place.
func (d *deployment) local(at time.Time) string { return at.In(d.zone).Format("Mon 15:04:05") }

// portalURL is the address that staff have typed in at the device.
func (d *deployment) portalURL() *url.URL {
	u, err := url.Parse(publicURL + "/portal/" + string(d.portal.ID) + d.plan.tail)
	require.NoError(d.t, err)
	return u
}
