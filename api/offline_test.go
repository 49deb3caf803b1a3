package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestOfflineList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := "/api/v1/sites/" + string(b.site) + "/evacuation/offline"
	manager, desk := b.at(t, auth.SiteManager, b.site), b.at(t, auth.Reception, b.site)
	off := b.want(t, 200, call{path: path, as: desk})
	require.Equal(t, false, off.field("enabled"))
	require.Equal(t, false, off.field("pin_set"))
	require.Equal(t, ":8444", off.field("listen"))

	const pin = "74108529"
	on := object{"enabled": true, "networks": []string{"10.1.0.0/24", "10.2.0.7"}, "pin": pin}
	for name, change := range map[string]object{
		"no PIN yet": {"pin": ""}, "a short PIN": {"pin": "7410852"}, "a pattern": {"pin": "12345678"}, "no digits": {"pin": "correct horse"},
		"nobody may": {"networks": []string{}}, "everybody may": {"networks": []string{"0.0.0.0/0"}}, "no network": {"networks": []string{"the office"}},
		"no port": {"listen": "10.1.0.5"},
	} {
		body := object{}
		for _, of := range []object{on, change} {
			for k, v := range of {
				body[k] = v
			}
		}
		b.want(t, 422, call{method: "PUT", path: path, as: manager, body: body})
		require.Equal(t, false, b.want(t, 200, call{path: path, as: desk}).field("enabled"), name)
	}
	b.refused(t, 403, "forbidden", call{method: "PUT", path: path, as: desk, body: on})

	set := b.want(t, 200, call{method: "PUT", path: path, as: manager, body: on})
	require.Equal(t, []any{"10.1.0.0/24", "10.2.0.7/32"}, set.list("networks"))
	kept := b.want(t, 200, call{method: "PUT", path: path, as: manager, body: object{"enabled": true, "networks": []string{"10.1.0.0/24"}}})
	require.Equal(t, true, kept.field("pin_set"), "a PIN that is not given stays")
	for _, text := range []string{string(set.text), string(kept.text), string(b.want(t, 200, call{path: path, as: desk}).text)} {
		require.NotContains(t, text, pin)
		require.NotContains(t, text, "argon2id")
	}
	list, err := b.Store.Presence(t.Context(), b.site)
	require.NoError(t, err)
	right, err := auth.NewPasswords(1, auth.DefaultCost).Verify(t.Context(), pin, list.Settings.PINHash)
	require.NoError(t, err)
	require.True(t, right, "the agent can tell it")
}

// TestOfflineListNamesWhereItIs: staff note address and fingerprint before they are
// needed.
func TestOfflineListNamesWhereItIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := visit.AgentID(b.objects(t, b.site).agent)
	epoch, err := b.Store.Connect(t.Context(), id, "hub", wire.Hello{Journal: "j"})
	require.NoError(t, err)
	require.NoError(t, b.Store.StoreStats(t.Context(), id, epoch, wire.Stats{Presence: &wire.PresenceStats{Address: "10.1.0.5:8444", Fingerprint: "9f86"}}))
	read := b.want(t, 200, call{path: "/api/v1/sites/" + string(b.site) + "/evacuation/offline", as: b.at(t, auth.Reception, b.site)})
	for _, item := range read.list("agents") {
		if agent, _ := item.(object); agent["agent_id"] == string(id) {
			require.Equal(t, "10.1.0.5:8444", agent["address"])
			require.Equal(t, "9f86", agent["fingerprint"])
			return
		}
	}
	require.Fail(t, "the agent is not listed")
}
