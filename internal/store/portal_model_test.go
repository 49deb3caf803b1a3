package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// guests is a portal that anything may happen to.
type guests struct {
	b        bench
	conn     *pgx.Conn // the oracle's own
	portal   store.Portal
	profile  identity.ProfileID
	admitted []store.Admitted
	cookies  map[string]visit.PersonID // as they were given
}

// newGuests makes a portal of its own with a random configuration.
func newGuests(t *rapid.T, b bench, conn *pgx.Conn, n int) *guests {
	site, err := b.CreateSite(t.Context(), b.desk, visit.Site{Name: fmt.Sprint("Model ", n), Timezone: "Europe/Berlin"})
	require.NoError(t, err)
	g := &guests{b: bench{Bench: b.Bench, desk: b.desk, site: site}, conn: conn, cookies: map[string]visit.PersonID{}}
	profile, err := b.CreateProfile(t.Context(), b.desk, identity.Profile{Name: fmt.Sprint("Model ", n), Validity: drawValidity(t), Devices: rapid.IntRange(0, 2).Draw(t, "devices")})
	require.NoError(t, err)
	g.profile = profile.ID
	template, err := b.CreateTemplate(t.Context(), b.desk, identity.Template{
		Name: fmt.Sprint("Model ", n), Lifetime: time.Duration(rapid.IntRange(1, 4).Draw(t, "lifetime")) * 30 * time.Minute,
		Reauth: identity.ReauthContinue, Methods: []identity.Method{identity.MethodForm, identity.MethodEmail}, ProfileID: profile.ID,
		Ask: map[identity.Field]bool{identity.FieldEmail: true}, RecogniseMAC: rapid.Bool().Draw(t, "MAC"),
	})
	require.NoError(t, err)
	portal, err := b.CreatePortal(t.Context(), b.desk, store.Portal{SiteID: g.b.site.ID, Name: "Model", Vendor: gate.Meraki, Enabled: true}, template.ID)
	require.NoError(t, err)
	g.portal, err = b.Portal(t.Context(), portal.ID)
	require.NoError(t, err)
	return g
}

func drawValidity(t *rapid.T) identity.Validity {
	return identity.Validity{
		Kind: rapid.SampledFrom([]identity.Kind{identity.Hours, identity.Days}).Draw(t, "kind"), Value: rapid.IntRange(2, 30).Draw(t, "validity"),
	}
}

// TestGuestsNeverHaveMoreThanTheirAccounts: for random configurations and orders of
// events, no authentication outlives its account, none is green whose account is not
// active, no device has two in one network, and no NAS is told more time than is left.
func TestGuestsNeverHaveMoreThanTheirAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conn, err := pgx.Connect(t.Context(), b.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		g := newGuests(rt, b, conn, n)
		rt.Repeat(map[string]func(*rapid.T){
			"log in":       g.logIn,
			"go on":        g.goOn,
			"by the NAS":   g.byTheNAS,
			"log out":      g.logOut,
			"block":        g.block,
			"unblock":      g.unblock,
			"profile":      g.changeProfile,
			"staff end it": g.endOne,
			"worker":       g.work,
			"time passes": func(rt *rapid.T) {
				b.Clock.Advance(time.Duration(rapid.IntRange(0, 10*60).Draw(rt, "minutes")) * time.Minute / 2)
			},
			"": g.check,
		})
	})
	b.verify(t)
}

var (
	logins = []string{"ada@example.org", "bob@example.org", "+4930901820"}
	macs   = []string{"3c:22:fb:00:00:01", "02:00:00:00:00:02", "3c:22:fb:00:00:03", ""}
)

func (g *guests) logIn(t *rapid.T) {
	a := store.Admission{
		Login: rapid.SampledFrom(logins).Draw(t, "login"), Kind: identity.LoginEmail, Proven: rapid.Bool().Draw(t, "proven"), Method: identity.MethodForm,
		Arrival: store.Arrival{MAC: rapid.SampledFrom(macs).Draw(t, "mac"), SSID: "Guests"}, Clicked: true, Cookie: g.anyCookie(t),
	}
	if a.Proven {
		a.Method = identity.MethodEmail
	} else if rapid.Bool().Draw(t, "grace") {
		a.Until = g.b.Clock.Now().Add(10 * time.Minute)
	}
	g.let(t, a)
}

// goOn is what the portal does with a device that it knows.
func (g *guests) goOn(t *rapid.T) {
	seen := store.Seen{MAC: rapid.SampledFrom(macs).Draw(t, "mac"), SSID: "Guests", Cookie: g.anyCookie(t)}
	st, err := g.b.Stands(t.Context(), g.portal, seen)
	require.NoError(t, err)
	d := identity.Decide(identity.Facts{Now: g.b.Clock.Now(), Live: st.Live, By: st.By, MAC: seen.MAC, Account: st.Account, Devices: st.Devices, Limit: st.Limit})
	if seen.Cookie != "" && st.By == identity.ByCookie {
		require.Equal(t, g.cookies[seen.Cookie], st.Account.ID, "a cookie is of whom it was given to")
	}
	if d.Page != identity.PageContinue {
		return
	}
	a := store.Admission{Method: identity.MethodForm, Account: st.Account.ID, By: st.By, Cookie: seen.Cookie, Arrival: store.Arrival{MAC: seen.MAC, SSID: "Guests"}}
	require.NoError(t, g.let(t, a), "who is shown Continue gets in")
}

func (g *guests) anyCookie(t *rapid.T) string {
	if len(g.admitted) == 0 || rapid.Bool().Draw(t, "no cookie") {
		return ""
	}
	return rapid.SampledFrom(g.admitted).Draw(t, "cookie of").Cookie
}

func (g *guests) let(t *rapid.T, a store.Admission) error {
	in, err := g.b.Admit(t.Context(), g.portal, a)
	if err != nil {
		require.NotEqual(t, visit.KindInternal, visit.KindOf(err), "%v", err)
		return err
	}
	require.LessOrEqual(t, in.Authentication.Left(g.b.Clock.Now()), min(g.portal.Template.Lifetime, in.Account.EndsAt.Sub(g.b.Clock.Now())))
	require.Positive(t, in.Authentication.Left(g.b.Clock.Now()))
	g.admitted = append(g.admitted, in)
	if in.Cookie != "" {
		g.cookies[in.Cookie] = in.Account.ID
	}
	return nil
}

// byTheNAS is an agent's report of a device that it let in, a while ago.
func (g *guests) byTheNAS(t *rapid.T) {
	devices := g.ask(t, "select id::text from devices where site_id = @site order by id")
	if len(devices) == 0 {
		return
	}
	at := g.b.Clock.Now().Add(-time.Duration(rapid.IntRange(0, 300).Draw(t, "ago")) * time.Minute)
	id := identity.DeviceID(rapid.SampledFrom(devices).Draw(t, "device"))
	login := wire.DeviceLogin{DeviceID: id, AccessID: identity.DeviceAccessID(id, at), At: at}
	for range 2 {
		require.NoError(t, g.b.DeviceLoggedIn(t.Context(), g.b.site.ID, login))
	}
}

func (g *guests) one(rt *rapid.T) store.Admitted {
	if len(g.admitted) == 0 {
		rt.Skip("nobody yet")
	}
	return rapid.SampledFrom(g.admitted).Draw(rt, "guest")
}

func (g *guests) logOut(t *rapid.T) {
	in := g.one(t)
	require.NoError(t, g.b.LogOut(t.Context(), roll.AccessID(in.Authentication.ID), in.Cookie))
}

func (g *guests) endOne(t *rapid.T) {
	require.NoError(t, g.b.EndAuthentication(t.Context(), g.b.desk, roll.AccessID(g.one(t).Authentication.ID), identity.EndRevoked))
}

func (g *guests) block(t *rapid.T) {
	_, err := g.b.BlockAccount(t.Context(), g.b.desk, g.one(t).Account.ID)
	require.NoError(t, err)
}

func (g *guests) unblock(t *rapid.T) {
	_, err := g.b.UnblockAccount(t.Context(), g.b.desk, g.one(t).Account.ID)
	require.NoError(t, err)
}

// changeProfile gives all accounts of it another end, in the worker's steps.
func (g *guests) changeProfile(t *rapid.T) {
	_, err := g.b.UpdateProfile(t.Context(), g.b.desk, g.profile, store.ProfileChange{Validity: new(drawValidity(t))})
	require.NoError(t, err)
	for rapid.Bool().Draw(t, "the worker comes to it") {
		n, err := g.b.RecomputeAccounts(t.Context(), rapid.IntRange(1, 3).Draw(t, "at a time"))
		require.NoError(t, err)
		if n == 0 {
			return
		}
		g.check(t)
	}
}

// work is what the worker does in its time.
func (g *guests) work(t *rapid.T) {
	open, err := g.b.OpenAccesses(t.Context(), "", 1000)
	require.NoError(t, err)
	for _, a := range open {
		if a.SiteID != g.b.site.ID {
			continue
		}
		end, err := g.b.EndAccess(t.Context(), a.ID, false)
		require.NoError(t, err)
		if end.Access.EndedAt != nil {
			_, err := g.b.SealAccess(t.Context(), a.ID, "no_session")
			require.NoError(t, err)
		}
	}
}

// check asks the database itself.
func (g *guests) check(t *rapid.T) {
	const of = ` from authentications n join accesses x on x.id = n.access_id join accounts c on c.person_id = n.person_id
		where x.site_id = @site and @now::timestamptz is not null and `
	for what, where := range map[string]string{
		"outlives its account":         `n.live and x.ends_at > c.ends_at`,
		"green, and its account not":   `x.ended_at is null and x.ends_at > @now and (c.blocked_at is not null or c.erased_at is not null or c.pending or c.starts_at > @now or c.ends_at <= @now)`,
		"live is what the access says": `n.live <> (x.ended_at is null)`,
		"ended before it began":        `x.ends_at < x.started_at`,
		"longer than the lifetime":     `x.ends_at - x.started_at > (select make_interval(secs => t.lifetime_seconds) from templates t where t.id = n.template_id)`,
		"two of one device":            `n.live and n.mac <> '' and exists (select from authentications o where o.live and o.portal_id = n.portal_id and o.mac = n.mac and o.access_id <> n.access_id)`,
	} {
		require.Empty(t, g.ask(t, `select n.name`+of+where), what)
	}
}

func (g *guests) ask(t *rapid.T, query string) []string {
	rows, err := g.conn.Query(t.Context(), query, pgx.NamedArgs{"site": g.b.site.ID, "now": g.b.Clock.Now()})
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return found
}
