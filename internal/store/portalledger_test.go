package store_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func byMAC(t *identity.Template) { t.RecogniseMAC, t.MACAuth = true, true }

// grants are what a snapshot has, by id.
func (b bench) grants(t testing.TB) map[string]wire.Grant {
	t.Helper()
	grants, last := map[string]wire.Grant{}, false
	require.NoError(t, b.Snapshot(t.Context(), b.site.ID, func(part wire.Snapshot) error {
		require.False(t, last)
		last = part.Last
		for _, g := range part.Grants {
			grants[g.ID] = g
		}
		return nil
	}))
	require.True(t, last)
	return grants
}

// follows is an agent's set, kept by entries alone.
type follows struct {
	bench
	at     wire.Position
	grants map[string]wire.Grant
}

func (b bench) follows(t testing.TB) *follows {
	t.Helper()
	head := sql[int64](t, b, "select revision from site_heads where site_id = $1", b.site.ID)[0]
	if head == 0 { // there is nothing to have followed yet
		_, err := b.CreateNAS(t.Context(), b.desk, visit.NAS{SiteID: b.site.ID, Name: "Access point", Source: netip.MustParsePrefix("10.1.0.0/16"), Secret: "a secret of some length"})
		require.NoError(t, err)
		head++
	}
	return &follows{bench: b, at: positionOf(t, b, head), grants: b.grants(t)}
}

// hears takes what has come and returns the types of the entries; what it knows then is
// what a snapshot would say.
func (f *follows) hears(t testing.TB) (types []wire.Type) {
	t.Helper()
	entries, known, err := f.LedgerFrom(t.Context(), f.site.ID, f.at, 100)
	require.NoError(t, err)
	require.True(t, known)
	for _, e := range entries {
		types, f.at = append(types, e.Type), e.Position
		delete(f.grants, e.ObjectID)
		if e.Grant != nil {
			require.Equal(t, e.ObjectID, e.Grant.ID)
			f.grants[e.ObjectID] = *e.Grant
		}
	}
	whole := f.bench.grants(t)
	require.Len(t, f.grants, len(whole))
	for id, g := range whole {
		require.True(t, g.Equal(f.grants[id]), "%+v\n%+v", g, f.grants[id])
	}
	return types
}

func (l lobby) deviceOf(t testing.TB, mac string) string {
	t.Helper()
	return sql[string](t, l.bench, "select id::text from devices where mac = $1", mac)[0]
}

func TestAuthenticationsAreGrants(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	nas := l.newNAS(t, "10.0.0.0/24")
	f := l.follows(t)
	a := l.admit(t, robert("")).Authentication
	require.Equal(t, []wire.Type{wire.TypeGrantPut}, f.hears(t))
	want := wire.Grant{
		ID: a.ID, Kind: wire.GrantPortal, Username: a.Name, NotBefore: a.StartedAt, NotAfter: a.ExpiresAt, MAC: phone, SSID: "Guests",
	}
	require.True(t, want.Equal(f.grants[a.ID]), "%+v", f.grants[a.ID])

	secret, err := l.OneTimeSecret(t.Context(), store.SecretFor{SiteID: l.site.ID, AccessID: accessID(a), NASID: nas.ID, MAC: phone})
	require.NoError(t, err)
	require.Equal(t, []wire.Type{wire.TypeGrantPut}, f.hears(t))
	require.Equal(t, secret.Revision, f.at.Revision)
	require.Len(t, f.grants[a.ID].Secrets, 1)
	o := wire.OneTime{Secret: secret.Password, MAC: phone, NASID: nas.ID, NotAfter: l.Clock.Now().Add(time.Minute)}
	require.True(t, o.Equal(f.grants[a.ID].Secrets[0]), "%+v", f.grants[a.ID].Secrets)
	require.Empty(t, f.grants[a.ID].Password)
	for range 10 {
		_, err := l.OneTimeSecret(t.Context(), store.SecretFor{SiteID: l.site.ID, AccessID: accessID(a)})
		require.NoError(t, err)
	}
	f.hears(t)
	require.Len(t, f.grants[a.ID].Secrets, 8, "a frame has its limit")

	l.Clock.Advance(time.Minute)
	require.Empty(t, l.grants(t)[a.ID].Secrets, "over")
	require.NoError(t, l.LogOut(t.Context(), accessID(a), ""))
	require.Contains(t, f.hears(t), wire.TypeGrantDrop)
	require.NotContains(t, f.grants, a.ID)
}

func TestAnAuthenticationThatIsOverIsNoGrant(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	a := l.admit(t, robert("")).Authentication
	require.Contains(t, l.grants(t), a.ID)
	l.Clock.Advance(4 * time.Hour)
	require.NotContains(t, l.grants(t), a.ID, "nobody has noted it yet")
}

func TestADeviceThatIsNotKnownByItsAddressIsOne(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, byMAC)
	unnamed := robert("")
	unnamed.Arrival.MAC = ""
	admitted := l.admit(t, unnamed)
	g := l.grants(t)[admitted.Authentication.ID]
	require.Equal(t, 1, g.DeviceLimit)
	require.False(t, g.MACAuth)
}

func TestVouchersHaveSecretsToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, voucher, err := b.Credentials(t.Context(), b.arrived(t))
	require.NoError(t, err)
	f := b.follows(t)
	require.Empty(t, f.grants[string(voucher.ID)].Secrets)
	secret, err := b.OneTimeSecret(t.Context(), store.SecretFor{SiteID: b.site.ID, VoucherID: voucher.ID, MAC: phone})
	require.NoError(t, err)
	require.Equal(t, voucher.Username, secret.Username)
	require.Equal(t, []wire.Type{wire.TypeVoucherUpdate}, f.hears(t))
	g := f.grants[string(voucher.ID)]
	require.Equal(t, secret.Password, g.Secrets[0].Secret)
	require.Equal(t, phone, g.Secrets[0].MAC)
	require.NotEmpty(t, g.Password)
}

func TestDevicesAreGrants(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, byMAC)
	f := l.follows(t)
	admitted := l.admit(t, robert(""))
	f.hears(t)
	id := l.deviceOf(t, phone)
	want := wire.Grant{
		ID: id, Kind: wire.GrantDevice, NotBefore: admitted.Account.StartsAt, NotAfter: admitted.Account.EndsAt, MAC: phone, SSID: "Guests", LifetimeSeconds: 4 * 3600, Domain: "guest.invalid",
	}
	require.True(t, want.Equal(f.grants[id]), "%+v", f.grants[id])
	require.True(t, f.grants[admitted.Authentication.ID].MACAuth)

	_, err := l.BlockAccount(t.Context(), l.desk, admitted.Account.ID)
	require.NoError(t, err)
	f.hears(t)
	require.NotContains(t, f.grants, id)
	require.NotContains(t, f.grants, admitted.Authentication.ID)
	_, err = l.UnblockAccount(t.Context(), l.desk, admitted.Account.ID)
	require.NoError(t, err)
	f.hears(t)
	require.Contains(t, f.grants, id)
	l.Clock.Advance(5 * 24 * time.Hour)
	require.Empty(t, l.grants(t), "the account is over")
}

// TestDevicesThatMustBeAsked: a portal would not let them in without a word either.
func TestDevicesThatMustBeAsked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		template  func(*identity.Template)
		admission func(*store.Admission)
		after     string
		granted   bool
	}{
		"known":             {template: byMAC, granted: true},
		"policy is off":     {template: func(t *identity.Template) { t.RecogniseMAC = true }},
		"a made-up address": {template: byMAC, admission: func(a *store.Admission) { a.Arrival.MAC = "02:00:00:00:00:01" }},
		"rules of access": {template: func(t *identity.Template) {
			byMAC(t)
			t.Rules = []identity.AccessRule{{Weekdays: []time.Weekday{time.Sunday}}}
		}},
		"pending":          {template: byMAC, after: "update accounts set pending = true"},
		"erased":           {template: byMAC, after: "update accounts set erased_at = now()"},
		"portal is off":    {template: byMAC, after: "update portals set enabled = false"},
		"portal is gone":   {template: byMAC, after: "update portals set deleted_at = now()"},
		"another template": {template: byMAC, after: "update templates set settings = settings - 'mac_auth'"},
		"rules are null":   {template: byMAC, after: `update templates set settings = settings || '{"rules": null}'`, granted: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := setup(t).lobby(t, c.template)
			a := robert("")
			if c.admission != nil {
				c.admission(&a)
			}
			l.admit(t, a)
			if c.after != "" {
				sql[int](t, l.bench, "with done as ("+c.after+" returning 1) select 1 from done")
			}
			_, granted := l.grants(t)[l.deviceOf(t, a.Arrival.MAC)]
			require.Equal(t, c.granted, granted)
		})
	}
}

func TestADeviceMustAgreeToNewTexts(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, byMAC)
	l.admit(t, robert(""))
	id := l.deviceOf(t, phone)
	_, err := l.SetConsent(t.Context(), l.desk, l.portal.Template.ID, identity.ConsentMarketing, map[string]string{"en": "News"})
	require.NoError(t, err)
	require.Contains(t, l.grants(t), id, "nobody must agree to marketing")
	before := sql[int64](t, l.bench, "select revision from site_heads where site_id = $1", l.site.ID)[0]
	consent, err := l.SetConsent(t.Context(), l.desk, l.portal.Template.ID, identity.ConsentTerms, map[string]string{"en": "Be kind."})
	require.NoError(t, err)
	require.NotContains(t, l.grants(t), id)
	_, known, err := l.LedgerFrom(t.Context(), l.site.ID, wire.Position{Revision: before}, 1)
	require.NoError(t, err)
	require.False(t, known, "agents take everything anew")
	sql[int](t, l.bench, "with done as (insert into consents (person_id, text_id, agreed_at) select person_id, $1, now() from accounts returning 1) select 1 from done", consent.ID)
	require.Contains(t, l.grants(t), id)
	_, err = l.SetConsent(t.Context(), l.desk, l.portal.Template.ID, identity.ConsentTerms, nil)
	require.NoError(t, err)
	require.Contains(t, l.grants(t), id, "there is nothing to agree to any more")
}

// arrival is what an agent reports of a device that it let in.
func (l lobby) arrival(device string, nas visit.NASID) wire.DeviceLogin {
	at := l.Clock.Now()
	id := identity.DeviceID(device)
	return wire.DeviceLogin{
		DeviceID: id, AccessID: identity.DeviceAccessID(id, at), NASID: nas, MAC: phone, SSID: "Guests", At: at, Until: at.Add(4 * time.Hour),
	}
}

// TestAnAgentLetADeviceIn: the access is the one that the agent made, and its sessions
// belong to it, also in the same report.
func TestAnAgentLetADeviceIn(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, byMAC)
	nas, agent := l.newNAS(t, "10.0.0.0/24"), l.reporting(t, "a")
	first := l.admit(t, robert(""))
	l.Clock.Advance(5 * time.Hour)
	l.end(t, first.Authentication)
	f := l.follows(t)
	login := l.arrival(l.deviceOf(t, phone), nas.ID)
	session := wire.Accounting{Status: wire.AccountingStart, EventAt: l.Clock.Now(), Session: wire.Session{
		Key: wire.SessionKey{NASID: nas.ID, AcctSessionID: "42", StartedAt: l.Clock.Now()}, GrantID: string(login.AccessID), Username: "device-1", MAC: phone,
	}}
	for range 2 { // it comes again
		stored, err := agent.send(wire.Record{DeviceLogin: &login}, wire.Record{Accounting: &session})
		require.NoError(t, err)
		require.Zero(t, stored.Skipped)
	}
	f.hears(t)
	g := f.grants[string(login.AccessID)]
	require.Equal(t, wire.GrantPortal, g.Kind)
	require.True(t, g.MACAuth)
	require.Equal(t, identity.DeviceTokenName(login.AccessID, "guest.invalid"), g.Username, "as the agent names it")
	require.Equal(t, login.Until, g.NotAfter)
	require.Equal(t, []string{string(login.AccessID)}, sql[string](t, l.bench, "select access_id::text from sessions"))
	require.Equal(t, []string{"returning_auto"}, sql[string](t, l.bench, "select status from authentications where access_id = $1", login.AccessID))
	require.Equal(t, []string{"mac_auth"}, sql[string](t, l.bench, "select recognised_by from authentications where access_id = $1", login.AccessID))
}

// TestAnAgentLetNobodyKnownIn: it goes by what it gave until it is told otherwise.
func TestAnAgentLetNobodyKnownIn(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, byMAC)
	agent := l.reporting(t, "a")
	admitted := l.admit(t, robert(""))
	f := l.follows(t)

	gone := l.arrival("0197a3f0-0000-7000-8000-000000000009", "")
	stored, err := agent.send(wire.Record{DeviceLogin: &gone})
	require.NoError(t, err)
	require.Zero(t, stored.Skipped)
	require.Equal(t, []wire.Type{wire.TypeGrantDrop}, f.hears(t))

	_, err = l.BlockAccount(t.Context(), l.desk, admitted.Account.ID)
	require.NoError(t, err)
	f.hears(t)
	blocked := l.arrival(l.deviceOf(t, phone), "")
	_, err = agent.send(wire.Record{DeviceLogin: &blocked})
	require.NoError(t, err)
	require.Contains(t, f.hears(t), wire.TypeGrantDrop)
	require.NotContains(t, f.grants, string(blocked.AccessID))

	forged := blocked
	forged.AccessID = accessID(admitted.Authentication)
	notAnID := blocked
	notAnID.DeviceID = "robert"
	stored, err = agent.send(wire.Record{DeviceLogin: &forged}, wire.Record{DeviceLogin: &notAnID})
	require.NoError(t, err)
	require.Equal(t, 2, stored.Skipped)
}

// A session by a portal's grant belongs to its access as one by a roll code does.
func TestSessionsBelongToAuthentications(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	nas, agent := l.newNAS(t, "10.0.0.0/24"), l.reporting(t, "a")
	a := l.admit(t, robert("")).Authentication
	for _, status := range []wire.AccountingStatus{wire.AccountingAccepted, wire.AccountingStart} {
		session := wire.Session{Key: wire.SessionKey{NASID: nas.ID, StartedAt: l.Clock.Now()}, GrantID: a.ID, Username: a.Name, MAC: phone}
		if status == wire.AccountingStart {
			session.Key.AcctSessionID = "42"
		}
		stored, err := agent.send(wire.Record{Accounting: &wire.Accounting{Status: status, EventAt: l.Clock.Now(), Session: session}})
		require.NoError(t, err)
		require.Zero(t, stored.Skipped)
		require.Equal(t, []string{a.ID}, sql[string](t, l.bench, "select access_id::text from sessions"))
	}
}
