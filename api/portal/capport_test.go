package portal

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/identity"
)

// accounted is a session as an agent has stored it: its NAS and agent do not matter here.
func (h *hall) accounted(t testing.TB, column, id, mac, ip string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), h.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.Exec(t.Context(), "set session_replication_role = replica")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `insert into sessions (id, site_id, agent_id, nas_id, acct_session_id, started_at, last_seen_at, mac, ip, `+column+`)
		values (gen_random_uuid(), $1, gen_random_uuid(), gen_random_uuid(), '1', $2, $2, $3, $4, $5)`, h.site.ID, h.Clock.Now(), mac, ip, id)
	require.NoError(t, err)
}

// capport is what the API says to who asks from an address.
func (h *hall) capport(t testing.TB, from, key string) string {
	t.Helper()
	g := h.guest(t, "")
	g.address = from
	return g.opens(publicURL + "/portal/" + string(h.portal.ID) + "/capport" + key).shown.body
}

// TestADeviceAsksFromItsOwnAddress: what DHCP announces is one address for all devices.
func TestADeviceAsksFromItsOwnAddress(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = func(t *identity.Template) { t.Ask = map[identity.Field]bool{identity.FieldEmail: true} }
	h := setup(t, p)
	address := publicURL + "/portal/" + string(h.portal.ID)
	held := `{"captive":true,"user-portal-url":"` + address + `"}`
	require.JSONEq(t, held, h.capport(t, "192.168.7.20", ""))
	h.guest(t, phone).arrives().presses("do=login", "email", robertsLogin).goes()
	h.accounted(t, "access_id", sql[string](t, h, "select id::text from accesses")[0], phone, "192.168.7.20")

	free := `{"captive":false,"user-portal-url":"` + address + `","can-extend-session":true,"seconds-remaining":14400}`
	require.JSONEq(t, free, h.capport(t, "192.168.7.20", ""))
	require.JSONEq(t, held, h.capport(t, "192.168.7.21", ""))
	require.JSONEq(t, held, h.capport(t, "unknown", ""))
	require.JSONEq(t, held, h.capport(t, "2001:db8::/64", ""), "many share it")

	g := h.guest(t, "")
	g.address = "192.168.7.20"
	g.opens(address).sees("You are online", "4\u00a0h", "-do=logout", "-"+robertsLogin, "-<form")
	h.guest(t, "").opens(address).sees("-You are online")

	h.accounted(t, "access_id", sql[string](t, h, "select id::text from accesses")[0], "02:00:00:00:00:99", "192.168.7.20")
	require.JSONEq(t, held, h.capport(t, "192.168.7.20", ""), "one of two")
}

// TestAVisitorsDeviceIsNotHeld: a visit has no authentication, and its sessions are known.
func TestAVisitorsDeviceIsNotHeld(t *testing.T) {
	t.Parallel()
	p := meraki
	p.template = visits
	h := setup(t, p)
	_, credentials := h.visitor(t)
	h.guest(t, phone).arrives().presses("do=login", "username", credentials.Username, "password", credentials.Password).goes()
	h.accounted(t, "voucher_id", sql[string](t, h, "select id::text from vouchers")[0], phone, "192.168.7.20")
	for _, asked := range []string{h.capport(t, "192.168.7.20", ""), h.capport(t, "192.0.2.1", "/"+CaptiveKey(h.Keyring, h.portal.ID, phone))} {
		require.Contains(t, asked, `"captive":false`)
		require.Contains(t, asked, `"seconds-remaining":14400`)
	}
	h.Clock.Advance(4 * time.Hour)
	require.Contains(t, h.capport(t, "192.168.7.20", ""), `"captive":true`)
}
