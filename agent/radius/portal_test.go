package radius

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	layeh "layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"github.com/foyerhq/foyer/agent/ledger"
	"github.com/foyerhq/foyer/agent/session"
	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	guestName   = "user17@guest.example"
	guestSecret = "t6vk2hpq8wzd"
	guestMAC    = "02:00:00:ab:cd:ef"
	accessID    = "0195f3a0-0000-7000-8000-000000000008"
	deviceID    = "0195f3a0-0000-7000-8000-000000000009"
	knownMAC    = "00:00:5e:00:53:2a"
)

// site is a server on a real ledger and a real table of sessions.
type site struct {
	*bundle
	dir      string
	ledger   *ledger.Ledger
	table    *session.Table
	revision int64
}

func newSite(t *testing.T, entries ...wire.Grant) *site {
	t.Helper()
	s := &site{dir: t.TempDir()}
	s.up(t, nil)
	s.revision = 1
	_, err := s.ledger.Replace(ledger.Set{Position: wire.Position{Revision: 1}})
	require.NoError(t, err)
	s.put(t, entries...)
	t.Cleanup(func() { s.down(t) })
	return s
}

// up starts the parts on what is on disk, with another's journal and clock.
func (s *site) up(t *testing.T, before *bundle) {
	t.Helper()
	keys, err := vault.Open(filepath.Join(s.dir, "ledger.key"), rand.Reader)
	require.NoError(t, err)
	s.bundle = newBundle(t, func(c *Config) {
		if before != nil {
			c.Journal, c.Now = before.journal, before.clock.Now
		}
		s.ledger, err = ledger.Open(ledger.Config{Dir: s.dir, Keys: keys, Now: c.Now, Logger: c.Logger})
		require.NoError(t, err)
		s.table, err = session.Open(session.Config{Dir: s.dir, Keys: keys, Now: c.Now, Logger: c.Logger})
		require.NoError(t, err)
		c.Grants, c.Sessions = s.ledger, s.table
	})
	if before != nil {
		s.journal, s.clock = before.journal, before.clock
	}
	require.NoError(t, s.Start(t.Context()))
}

func (s *site) down(t *testing.T) {
	t.Helper()
	require.NoError(t, s.Stop())
	require.NoError(t, s.table.Close())
	require.NoError(t, s.ledger.Close())
}

// restart is one in which nothing that was under way was written.
func (s *site) restart(t *testing.T) {
	t.Helper()
	s.down(t)
	s.up(t, s.bundle)
}

func (s *site) apply(t *testing.T, e *wire.Entry) []ledger.Ended {
	t.Helper()
	s.revision++
	e.Position = wire.Position{Revision: s.revision}
	ended, err := s.ledger.Apply([]*wire.Entry{e})
	require.NoError(t, err)
	return ended
}

func (s *site) put(t *testing.T, grants ...wire.Grant) (ended []ledger.Ended) {
	t.Helper()
	for _, g := range grants {
		ended = append(ended, s.apply(t, &wire.Entry{Type: wire.TypeGrantPut, ObjectID: g.ID, Grant: &g})...)
	}
	return ended
}

func (s *site) drop(t *testing.T, id string) []ledger.Ended {
	t.Helper()
	return s.apply(t, &wire.Entry{Type: wire.TypeGrantDrop, ObjectID: id})
}

// stop ends the device's session, as its NAS tells.
func (s *site) stop(t *testing.T, name, mac string) {
	t.Helper()
	for _, status := range []string{"Start", "Stop"} {
		got := radclient(t, s.AcctAddr(), "acct", testSecret, "User-Name="+name, "Acct-Session-Id=42", "Calling-Station-Id="+mac, "Acct-Status-Type="+status)
		require.Contains(t, got, "Received Accounting-Response", got)
	}
}

// auth returns what the last answer was, with what its Session-Timeout says.
func (s *site) login(t *testing.T, attributes ...string) string {
	t.Helper()
	return radclient(t, s.AuthAddr(), "auth", testSecret, append(attributes, "Message-Authenticator=0x00")...)
}

func (s *site) accepts(t *testing.T, attributes ...string) {
	t.Helper()
	require.Contains(t, s.login(t, attributes...), "Received Access-Accept")
}

func (s *site) refuses(t *testing.T, why wire.RefusedReason, attributes ...string) {
	t.Helper()
	before := len(s.journal.refused())
	require.Contains(t, s.login(t, attributes...), "Received Access-Reject")
	require.Len(t, s.journal.refused(), before+1)
	require.Equal(t, why, s.journal.refused()[before].Reason)
}

func oneTime(change ...func(*wire.OneTime)) wire.OneTime {
	o := wire.OneTime{Secret: guestSecret, MAC: guestMAC, NASID: "nas-1", NotAfter: testStart.Add(time.Minute)}
	for _, f := range change {
		f(&o)
	}
	return o
}

func guest(secrets ...wire.OneTime) wire.Grant {
	return wire.Grant{
		ID: accessID, Kind: wire.GrantPortal, Username: guestName, NotBefore: testStart, NotAfter: testStart.Add(4 * time.Hour),
		MAC: guestMAC, Secrets: secrets,
	}
}

func visitor(secrets ...wire.OneTime) wire.Grant {
	return wire.Grant{
		ID: "voucher-1", Kind: wire.GrantVisit, VisitID: "visit-1", Username: testUser, Password: testPassword,
		NotBefore: testStart, NotAfter: testStart.Add(4 * time.Hour), Secrets: secrets,
	}
}

func known() wire.Grant {
	return wire.Grant{
		ID: deviceID, Kind: wire.GrantDevice, NotBefore: testStart.Add(-time.Hour), NotAfter: testStart.AddDate(0, 0, 5),
		MAC: knownMAC, SSID: "Lobby", LifetimeSeconds: 14_400, Domain: "guests.example.org",
	}
}

var byGuest = []string{"User-Name=" + guestName, "User-Password=" + guestSecret, "Calling-Station-Id=02-00-00-AB-CD-EF"}

func TestASecretLogsItsDeviceIn(t *testing.T) {
	t.Parallel()
	for name, password := range map[string]string{
		"PAP": "User-Password=" + guestSecret, "CHAP": "CHAP-Password=" + guestSecret, "MS-CHAP": "MS-CHAP-Password=" + guestSecret,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, guest(oneTime()), visitor(oneTime()))
			got := s.login(t, password, "User-Name="+guestName, "Calling-Station-Id=0200.00ab.cdef")
			require.Contains(t, got, "Received Access-Accept", got)
			require.Contains(t, got, "Session-Timeout = 14400")
			require.Contains(t, got, "Termination-Action = Default")
			require.Contains(t, got, `User-Name = "`+guestName+`"`)
			require.Contains(t, got, "Class = 0x")
			require.Len(t, s.table.ByGrant(accessID), 1)
			require.Equal(t, guestMAC, s.table.ByGrant(accessID)[0].MAC)

			s.accepts(t, password, "User-Name="+testUser, "Calling-Station-Id="+guestMAC)
			s.accepts(t, strings.Replace(password, guestSecret, testPassword, 1), "User-Name="+testUser, "Calling-Station-Id=02-00-00-00-00-07")
		})
	}
}

func TestASecretIsRefused(t *testing.T) {
	t.Parallel()
	mac := "Calling-Station-Id=" + guestMAC
	expired := func(o *wire.OneTime) { o.NotAfter = testStart }
	for name, c := range map[string]struct {
		grant      wire.Grant
		why        wire.RefusedReason
		attributes []string
	}{
		"of another device":                {guest(oneTime()), wire.RefusedOtherDevice, []string{"User-Password=" + guestSecret, "Calling-Station-Id=02-00-00-00-00-07"}},
		"of a device that is not named":    {guest(oneTime()), wire.RefusedOtherDevice, []string{"User-Password=" + guestSecret}},
		"of another device, for a visitor": {visitor(oneTime()), wire.RefusedOtherDevice, []string{"User-Password=" + guestSecret, "Calling-Station-Id=02-00-00-00-00-07"}},
		"bound by its grant alone":         {guest(oneTime(func(o *wire.OneTime) { o.MAC = "" })), wire.RefusedOtherDevice, []string{"User-Password=" + guestSecret, "Calling-Station-Id=02-00-00-00-00-07"}},
		"at another NAS":                   {guest(oneTime(func(o *wire.OneTime) { o.NASID = "nas-2" })), wire.RefusedOtherNAS, []string{"CHAP-Password=" + guestSecret, mac}},
		"of a grant of another NAS":        {func() wire.Grant { g := guest(oneTime()); g.NASID = "nas-2"; return g }(), wire.RefusedOtherNAS, []string{"User-Password=" + guestSecret, mac}},
		"expired":                          {guest(oneTime(expired)), wire.RefusedSecretExpired, []string{"User-Password=" + guestSecret, mac}},
		"expired, MS-CHAP":                 {guest(oneTime(expired)), wire.RefusedSecretExpired, []string{"MS-CHAP-Password=" + guestSecret, mac}},
		"wrong":                            {guest(oneTime()), wire.RefusedWrongPassword, []string{"User-Password=somethingelse", mac}},
		"none":                             {guest(), wire.RefusedWrongPassword, []string{`CHAP-Password=""`, mac}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, c.grant)
			s.refuses(t, c.why, append(c.attributes, "User-Name="+c.grant.Username)...)
			require.Empty(t, s.table.ByGrant(c.grant.ID))
		})
	}
}

// TestASecretBeginsOneSession: who repeats it while it lives renews it, also when the
// secret is long over and the hub has forgotten it.
func TestASecretBeginsOneSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, guest(oneTime()))
	s.accepts(t, byGuest...)
	s.accepts(t, byGuest...)
	s.put(t, guest(oneTime(func(o *wire.OneTime) { o.Secret = "another" })))
	s.clock.move(time.Hour)
	s.accepts(t, byGuest...)
	s.accepts(t, "User-Name="+guestName, "MS-CHAP-Password="+guestSecret, "Calling-Station-Id="+guestMAC)
	require.Len(t, s.table.ByGrant(accessID), 1)

	s.stop(t, guestName, guestMAC)
	s.refuses(t, wire.RefusedSecretSpent, byGuest...)
	s.refuses(t, wire.RefusedSecretExpired, "User-Name="+guestName, "User-Password=another", "Calling-Station-Id="+guestMAC)
}

func TestASpentSecretIsRefusedWithinItsMinute(t *testing.T) {
	t.Parallel()
	unbound := func(o *wire.OneTime) { o.MAC, o.NASID = "", "" }
	s := newSite(t, visitor(oneTime(unbound)))
	s.accepts(t, "User-Name="+testUser, "User-Password="+guestSecret, "Calling-Station-Id="+guestMAC)
	s.refuses(t, wire.RefusedSecretSpent, "User-Name="+testUser, "User-Password="+guestSecret, "Calling-Station-Id=02-00-00-00-00-07")
	s.stop(t, testUser, guestMAC)
	s.refuses(t, wire.RefusedSecretSpent, "User-Name="+testUser, "User-Password="+guestSecret, "Calling-Station-Id="+guestMAC)
}

// A secret that is refused for another reason is not spent by that.
func TestARefusalSpendsNothing(t *testing.T) {
	t.Parallel()
	g := visitor(oneTime())
	g.DeviceLimit = 1
	s := newSite(t, g)
	s.accepts(t, "User-Name="+testUser, "User-Password="+testPassword, "Calling-Station-Id=02-00-00-00-00-07")
	login := []string{"User-Name=" + testUser, "User-Password=" + guestSecret, "Calling-Station-Id=" + guestMAC}
	s.refuses(t, wire.RefusedDeviceLimit, login...)
	s.stop(t, testUser, "02-00-00-00-00-07")
	s.accepts(t, login...)
}

// TestSecretsOverARestart: what was on disk may have been spent, so that it begins no
// session any more; what comes later does, and sessions that live are renewed.
func TestSecretsOverARestart(t *testing.T) {
	t.Parallel()
	second := oneTime(func(o *wire.OneTime) { o.Secret = "second" })
	s := newSite(t, guest(oneTime()), visitor(oneTime(), second))
	s.accepts(t, byGuest...)
	s.restart(t)
	s.accepts(t, byGuest...)
	s.stop(t, guestName, guestMAC)
	s.refuses(t, wire.RefusedSecretSpent, byGuest...)

	mine := []string{"User-Name=" + testUser, "Calling-Station-Id=" + guestMAC}
	s.refuses(t, wire.RefusedSecretSpent, append(mine, "User-Password=second")...)
	third := oneTime(func(o *wire.OneTime) { o.Secret = "third" })
	s.put(t, visitor(oneTime(), second, third))
	require.Contains(t, s.login(t, append(mine, "User-Password=second")...), "Received Access-Reject")
	s.accepts(t, append(mine, "User-Password=third")...)
}

func TestAPortalsGrantThatGoes(t *testing.T) {
	t.Parallel()
	s := newSite(t, guest(oneTime()))
	s.accepts(t, byGuest...)
	ended := s.drop(t, accessID)
	require.Len(t, ended, 1, "so that the ladder ends its sessions")
	require.Empty(t, s.ledger.Spent(accessID, guestMAC, "nas-1"))
	s.refuses(t, wire.RefusedRevoked, byGuest...)
	s.put(t, guest(oneTime(func(o *wire.OneTime) { o.Secret = "another" })))
	s.accepts(t, "User-Name="+guestName, "User-Password=another", "Calling-Station-Id="+guestMAC)
}

const byCheck = "Service-Type=Call-Check"

func TestRadclientAsksByMAC(t *testing.T) {
	t.Parallel()
	green := guest()
	green.MACAuth, green.SSID = true, "Lobby"
	station := "Calling-Station-Id=02-00-00-AB-CD-EF"
	for name, attributes := range map[string][]string{
		"PAP, dashes":               {"User-Name=02-00-00-AB-CD-EF", "User-Password=02-00-00-AB-CD-EF", station},
		"PAP, colons":               {"User-Name=02:00:00:ab:cd:ef", "User-Password=02:00:00:ab:cd:ef", station},
		"PAP, dots":                 {"User-Name=0200.00ab.cdef", "User-Password=0200.00ab.cdef", station},
		"PAP, bare":                 {"User-Name=020000ABCDEF", "User-Password=020000ABCDEF", station},
		"PAP, each its own":         {"User-Name=02-00-00-AB-CD-EF", "User-Password=020000abcdef", station},
		"CHAP":                      {"User-Name=02-00-00-AB-CD-EF", "CHAP-Password=02-00-00-AB-CD-EF", station},
		"CHAP, each its own":        {"User-Name=02-00-00-AB-CD-EF", "CHAP-Password=020000abcdef", station},
		"MS-CHAP":                   {"User-Name=020000abcdef", "MS-CHAP-Password=020000abcdef", station},
		"Call-Check":                {"User-Name=020000abcdef", byCheck, station},
		"Call-Check, no station":    {"User-Name=020000abcdef", byCheck},
		"Call-Check, any password":  {"User-Name=020000abcdef", byCheck, "User-Password=fixed", station},
		"Call-Check, CHAP, any one": {"User-Name=020000abcdef", byCheck, "CHAP-Password=fixed", station},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, green)
			got := s.login(t, append(attributes, inLobby)...)
			require.Contains(t, got, "Received Access-Accept", got)
			require.Contains(t, got, "Session-Timeout = 14400")
			require.Contains(t, got, `User-Name = "`+guestName+`"`)
			require.Equal(t, guestMAC, s.table.ByGrant(accessID)[0].MAC)
			s.clock.move(4 * time.Hour)
			require.Contains(t, s.login(t, append(attributes, inLobby)...), "Received Access-Reject")
		})
	}
	for name, c := range map[string]struct {
		change     func(*wire.Grant)
		attributes []string
	}{
		"another device":         {nil, []string{"User-Name=020000000007", byCheck}},
		"another network":        {nil, []string{"User-Name=020000abcdef", byCheck, "Called-Station-Id=02-00-00-00-00-01:Elsewhere"}},
		"no network":             {nil, []string{"User-Name=020000abcdef", byCheck, "Called-Station-Id=02-00-00-00-00-01"}},
		"another NAS":            {func(g *wire.Grant) { g.NASID = "nas-2" }, []string{"User-Name=020000abcdef", byCheck}},
		"not by MAC":             {func(g *wire.Grant) { g.MACAuth = false }, []string{"User-Name=020000abcdef", byCheck}},
		"not begun":              {func(g *wire.Grant) { g.NotBefore = testStart.Add(time.Hour) }, []string{"User-Name=020000abcdef", byCheck}},
		"less than a second":     {func(g *wire.Grant) { g.NotAfter = testStart.Add(time.Second - 1) }, []string{"User-Name=020000abcdef", byCheck}},
		"typed by somebody else": {nil, []string{"User-Name=020000abcdef", "User-Password=020000abcdef", "Calling-Station-Id=02-00-00-00-00-07"}},
		"typed, no station":      {nil, []string{"User-Name=020000abcdef", "User-Password=020000abcdef"}},
		"Call-Check of another":  {nil, []string{"User-Name=020000abcdef", byCheck, "Calling-Station-Id=02-00-00-00-00-07"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := green
			if c.change != nil {
				c.change(&g)
			}
			s := newSite(t, g)
			if !strings.Contains(strings.Join(c.attributes, ","), "Called-Station-Id") {
				c.attributes = append(c.attributes, inLobby)
			}
			require.Contains(t, s.login(t, c.attributes...), "Received Access-Reject")
			require.Empty(t, s.table.ByGrant(accessID))
		})
	}
}

// A NAS asks for every device that comes by: that is no guessing, and nothing for the
// list of refused logins.
func TestUnknownDevicesAreCountedAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t, guest(oneTime()))
	for range 3 * brakeTries {
		require.Contains(t, s.login(t, "User-Name=020000abcdef", byCheck, "Calling-Station-Id="+guestMAC), "Received Access-Reject")
	}
	require.Empty(t, s.journal.refused())
	require.EqualValues(t, 3*brakeTries, testutil.ToFloat64(s.cfg.Metrics.rejects.WithLabelValues(string(wire.RefusedUnknownDevice))))
	s.accepts(t, byGuest...)
}

// An unsigned request whose password is rubbish does not show that the NAS is ours.
func TestCallCheckNeedsTheSecret(t *testing.T) {
	t.Parallel()
	g := guest()
	g.MACAuth = true
	s := newSite(t, g)
	s.nases.set(func(n *wire.NAS) { n.MessageAuthenticator = visit.AllowNone })
	request := []string{"User-Name=020000abcdef", byCheck, "Calling-Station-Id=" + guestMAC}
	require.NotContains(t, radclient(t, s.AuthAddr(), "auth", "another secret", append(request, "User-Password=fixed")...), "Received Access-Accept")
	require.NotContains(t, radclient(t, s.AuthAddr(), "auth", testSecret, append(request, "CHAP-Password=fixed")...), "Received Access-Accept")
	require.Empty(t, s.table.ByGrant(accessID))
	require.Contains(t, radclient(t, s.AuthAddr(), "auth", testSecret, append(request, "User-Password=fixed")...), "Received Access-Accept")
}

func (f *fakeJournal) arrivals() (all []wire.DeviceLogin) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rec := range f.records {
		if rec.DeviceLogin != nil {
			all = append(all, *rec.DeviceLogin)
		}
	}
	return all
}

var byKnown = []string{"User-Name=00-00-5E-00-53-2A", "User-Password=00-00-5E-00-53-2A", "Calling-Station-Id=00-00-5E-00-53-2A", inLobby}

func TestAKnownDeviceArrives(t *testing.T) {
	t.Parallel()
	s := newSite(t, known())
	got := s.login(t, byKnown...)
	require.Contains(t, got, "Received Access-Accept", got)
	require.Contains(t, got, "Session-Timeout = 14400")
	id := identity.DeviceAccessID(deviceID, testStart)
	require.Equal(t, []wire.DeviceLogin{{
		DeviceID: deviceID, AccessID: id, NASID: "nas-1", MAC: knownMAC, SSID: "Lobby", At: testStart, Until: testStart.Add(4 * time.Hour),
	}}, s.journal.arrivals())
	require.Len(t, s.table.ByGrant(string(id)), 1)
	require.Contains(t, got, "User-Name = \""+identity.DeviceTokenName(id, "guests.example.org")+"\"", "the address stays out of accounting, as far as it is ours")

	s.clock.move(time.Hour)
	require.Contains(t, s.login(t, byKnown...), "Session-Timeout = 10800")
	require.Len(t, s.journal.arrivals(), 1, "it has an access")
	s.restart(t)
	require.Contains(t, s.login(t, byKnown...), "Session-Timeout = 10800")
	require.Len(t, s.journal.arrivals(), 1, "also after a restart")

	s.clock.move(3 * time.Hour)
	require.Contains(t, s.login(t, byKnown...), "Session-Timeout = 14400")
	require.Len(t, s.journal.arrivals(), 2, "another one")
}

func TestADeviceStaysNoLongerThanItsAccount(t *testing.T) {
	t.Parallel()
	g := known()
	g.NotAfter = testStart.Add(time.Hour)
	s := newSite(t, g)
	require.Contains(t, s.login(t, byKnown...), "Session-Timeout = 3600")
	require.Equal(t, g.NotAfter, s.journal.arrivals()[0].Until)
	s.clock.move(time.Hour)
	require.Contains(t, s.login(t, byKnown...), "Received Access-Reject")
}

func TestADeviceThatCannotBeRecordedIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, known())
	s.journal.setFail(context.DeadlineExceeded)
	s.refuses(t, wire.RefusedNotRecorded, byKnown...)
	s.journal.setFail(nil)
	require.NoError(t, s.ledger.Close())
	require.Contains(t, s.login(t, byKnown...), "Received Access-Reject")
	require.Empty(t, s.table.ByGrant(string(identity.DeviceAccessID(deviceID, testStart))))
}

// TestTheHubAnswersAnArrival: it takes the access over, under a name of its own, or
// takes it away; then the device is not back at once.
func TestTheHubAnswersAnArrival(t *testing.T) {
	t.Parallel()
	s := newSite(t, known())
	s.accepts(t, byKnown...)
	id := string(s.journal.arrivals()[0].AccessID)
	mine := *s.ledger.Grant(id)
	theirs := mine
	theirs.Username, theirs.NotAfter = "user18@guest.example", testStart.Add(2*time.Hour)
	require.Empty(t, s.put(t, theirs), "nobody's access ends by that")
	require.Contains(t, s.login(t, byKnown...), "Session-Timeout = 7200")
	require.Len(t, s.journal.arrivals(), 1)

	require.Len(t, s.drop(t, id), 1)
	require.Contains(t, s.login(t, byKnown...), "Received Access-Reject", "ended before its time")
	s.clock.move(10 * time.Minute)
	s.accepts(t, byKnown...)
	require.Len(t, s.drop(t, string(s.journal.arrivals()[1].AccessID)), 1, "not taken over")
	require.Contains(t, s.login(t, byKnown...), "Received Access-Reject")
	require.Empty(t, s.journal.refused())
}

// TestAnArrivalGoesWithItsDevice: the hub has not heard of the access, and blocked the
// account.
func TestAnArrivalGoesWithItsDevice(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*site) []ledger.Ended{
		"by an entry":   func(s *site) []ledger.Ended { return s.drop(t, deviceID) },
		"by a snapshot": func(s *site) []ledger.Ended { ended, _ := s.ledger.Replace(ledger.Set{}); return ended },
		"by all":        func(s *site) []ledger.Ended { ended, _ := s.ledger.Clear(); return ended },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, known())
			s.accepts(t, byKnown...)
			id := string(s.journal.arrivals()[0].AccessID)
			_, err := s.ledger.Replace(ledger.Set{Position: wire.Position{Revision: 2}, Grants: []wire.Grant{known()}})
			require.NoError(t, err)
			require.NotNil(t, s.ledger.Grant(id), "a snapshot that does not know of it yet")

			ended := end(s)
			require.True(t, len(ended) > 0 && ended[len(ended)-1].Grant.ID == id || ended[0].Grant.ID == id, "%v", ended)
			require.Nil(t, s.ledger.Grant(id))
			s.restart(t)
			require.Nil(t, s.ledger.Grant(id))
		})
	}
}

// TestArrivalsWaitForTheDiskAlone: others are answered meanwhile, and one device makes
// one access.
func TestArrivalsWaitForTheDiskAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t, known(), visitor())
	s.journal.mu.Lock()
	s.journal.hold = make(chan struct{})
	s.journal.mu.Unlock()
	conn := dial(t, s.AuthAddr())
	request := func() []byte {
		m := papLogin(t, "00005e00532a", "00005e00532a").from(knownMAC)
		require.NoError(t, rfc2865.CalledStationID_SetString(m.Packet, "02-00-00-00-00-01:Lobby"))
		return m.signed(t)
	}
	first := request()
	_, err := conn.Write(first)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.journal.held() == 1 }, 5*time.Second, time.Millisecond)
	_, err = conn.Write(request())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.discarded(authPort, dropDuplicate) == 1 }, 5*time.Second, time.Millisecond)
	require.NotEmpty(t, exchange(t, dial(t, s.AuthAddr()), papLogin(t, testUser, testPassword).signed(t)), "visitors go on")
	s.Settle()

	close(s.journal.hold)
	answer := make([]byte, maxPacket)
	require.NoError(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
	n, err := conn.Read(answer)
	require.NoError(t, err)
	require.Equal(t, layeh.CodeAccessAccept, verified(t, answer[:n], first, true).Code)
	require.Len(t, s.journal.arrivals(), 1)
}
