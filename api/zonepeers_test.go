package api_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/worker"
)

// deployment is one of two, each an API on a database of its own.
type deployment struct {
	*bench
	peers *worker.Peers
}

func newDeployment(t *testing.T) deployment {
	b := setup(t)
	client := &http.Client{}
	t.Cleanup(client.CloseIdleConnections)
	return deployment{b, &worker.Peers{Store: b.Store, Client: client, Plain: true}}
}

// names makes d send a zone to other, with a token of other's for its site.
func (d deployment) names(t *testing.T, zone string, other deployment) {
	t.Helper()
	token := other.want(t, 201, call{method: "POST", path: "/api/v1/tokens", as: other.admin, body: object{
		"name": "peer", "permissions": []string{"rolls.sync"}, "sites": []any{other.site}}})
	at, err := url.Parse(other.url)
	require.NoError(t, err)
	port, err := strconv.Atoi(at.Port())
	require.NoError(t, err)
	made := d.want(t, 201, call{method: "POST", path: d.zones() + "/" + zone + "/peers", as: d.admin, body: object{
		"address": at.Hostname(), "port": port, "remote_site_id": other.site, "user": token.string("token.id"), "password": token.string("secret")}})
	require.NotContains(t, string(made.text), token.string("secret"))
}

func (d deployment) push(t *testing.T) int {
	t.Helper()
	n, err := d.peers.Push(t.Context())
	require.NoError(t, err)
	return n
}

func (d deployment) peer(t *testing.T, zone string) map[string]any {
	t.Helper()
	return d.want(t, 200, call{path: d.zones() + "/" + zone + "/peers", as: d.admin}).list("items")[0].(map[string]any)
}

// Two deployments name each other, are cut off, go on by themselves, and heal.
func TestTwoDeploymentsShareAZone(t *testing.T) {
	t.Parallel()
	a, b := newDeployment(t), newDeployment(t)
	b.Clock.Advance(a.Clock.Now().Sub(b.Clock.Now()))
	zone := a.compatible(t)
	made := a.makeRoll(t, zone, 20, object{"sold_only": false})
	codes := a.printed(t, zone, made.string("id"))
	a.names(t, zone, b)
	require.Equal(t, true, a.peer(t, zone)["waiting"])
	n := a.push(t)
	require.Equal(t, 1, n, "%v", a.peer(t, zone)["failure"])
	require.Equal(t, false, a.peer(t, zone)["waiting"])
	require.Equal(t, codes, b.printed(t, zone, made.string("id")), "the zone, its keys and its rolls are there")
	b.names(t, zone, a)
	b.push(t)
	a.push(t)

	caller := store.Caller{Actor: "user:x", Scope: store.Everything}
	use := func(d deployment, code string) roll.Decision {
		decision, err := d.UseCodes(t.Context(), caller, d.site, roll.ZoneID(zone), code)
		require.NoError(t, err)
		return decision
	}
	// The link is cut: what each does waits.
	broken := &worker.Peers{Store: a.Store, Client: &http.Client{Transport: cut{}}, Plain: true}
	first := use(a, codes[0])
	none, err := broken.Push(t.Context())
	require.NoError(t, err)
	require.Zero(t, none)
	require.Equal(t, "no_answer", a.peer(t, zone)["failure"])
	b.Clock.Advance(10 * time.Minute)
	second := use(b, codes[0])
	require.Equal(t, first.EndsAt.Add(10*time.Minute), second.EndsAt, "used there for the first time, as far as it knows")
	b.want(t, 200, call{method: "POST", path: b.zones() + "/" + zone + "/expire", as: b.admin, body: object{"codes": codes[1]}})

	a.Clock.Advance(10 * time.Minute)
	rounds := 0
	for a.peer(t, zone)["waiting"] == true || b.peer(t, zone)["waiting"] == true {
		a.push(t)
		b.push(t)
		rounds++
		require.Less(t, rounds, 6, "they go in circles")
	}
	require.Empty(t, a.peer(t, zone)["failure"])
	for _, d := range []deployment{a, b} {
		require.Equal(t, first.EndsAt, use(d, codes[0]).EndsAt, "the earliest use counts")
		require.Equal(t, "expired", d.tested(t, zone, codes[1]).list("items")[0].(map[string]any)["state"])
	}
	require.NotContains(t, a.log.String()+b.log.String(), "PRIVATE")
}

// cut is a network that is down.
type cut struct{}

func (cut) RoundTrip(*http.Request) (*http.Response, error) { return nil, http.ErrServerClosed }

// Who has a peer's token hands over zones of its site, and does nothing else.
func TestWhatAPeerMay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	zone := b.compatible(t)
	made := b.want(t, 201, call{method: "POST", path: "/api/v1/tokens", as: b.admin, body: object{
		"name": "peer", "permissions": []string{"rolls.sync"}, "sites": []any{b.site}}})
	user := http.Header{"Foyer-User": {made.string("token.id")}}
	secret, at := made.string("secret"), b.zones()+"/"+zone
	b.want(t, 200, call{method: "POST", path: at + "/sync", as: secret, header: user, body: object{}})
	b.refused(t, 403, "forbidden", call{method: "POST", path: at + "/sync", as: b.admin, header: user, body: object{}})
	b.missing(t, call{method: "POST", path: strings.Replace(at, string(b.site), string(b.other), 1) + "/sync", as: secret, header: user, body: object{}})
	b.refused(t, 403, "forbidden", call{path: at, as: secret})
	require.False(t, auth.Cashier.Permissions().Has(auth.RollsSync))
	for _, body := range []object{
		{"rolls": []any{object{"id": zone, "zone_id": zone, "number": 1, "first": 1, "count": 5000, "for_seconds": 60, "created_at": b.Clock.Now(), "updated_at": b.Clock.Now()}}},
		{"usages": []any{object{"roll_id": "nonsense"}}},
	} {
		b.refused(t, 422, "invalid", call{method: "POST", path: at + "/sync", as: secret, header: user, body: body})
	}
}
