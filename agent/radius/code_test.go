package radius

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	layeh "layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"github.com/foyerhq/foyer/agent/redeem"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const testCode = "6UVeTS6II68"

// fakeCodes knows one code, in the zone "lobby" of a network of that name, and can
// be held up as by a disk.
type fakeCodes struct {
	grants *fakeGrants
	hold   chan struct{} // Redeem waits until it is closed
	answer redeem.Answer // for any other code
	ends   atomic.Bool   // accesses are over before the answer is sent

	mu      sync.Mutex
	entered []redeem.Login
}

func (f *fakeCodes) Leads(visit.NASID) bool { return true }

func (f *fakeCodes) Zone(_ visit.NASID, ssid string) string {
	if ssid == "Lobby" {
		return "lobby"
	}
	return ""
}

func (f *fakeCodes) Redeem(login redeem.Login, accepted func(wire.Grant)) redeem.Answer {
	f.mu.Lock()
	f.entered = append(f.entered, login)
	f.mu.Unlock()
	if f.hold != nil {
		<-f.hold
	}
	if login.Text != testCode {
		return f.answer
	}
	g := wire.Grant{ID: "access-1", Kind: wire.GrantRoll, Username: "roll-0-1", NotAfter: testStart.Add(time.Hour)}
	if !f.ends.Load() {
		f.grants.put(g)
	}
	accepted(g)
	return redeem.Answer{Grant: &g}
}

func (f *fakeCodes) logins() []redeem.Login {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]redeem.Login(nil), f.entered...)
}

func withCodes(t *testing.T) (*bundle, *fakeCodes) {
	t.Helper()
	codes := &fakeCodes{answer: redeem.Answer{Refused: wire.RefusedRollCodeExpired, Message: "Your coffee is finished"}}
	b := newBundle(t, func(c *Config) { c.Codes = codes })
	codes.grants = b.grants
	return b, codes
}

// byCode is a login by code; every one is another packet.
func byCode(t *testing.T, code string) []byte {
	t.Helper()
	m := papLogin(t, code, "x")
	require.NoError(t, rfc2865.CalledStationID_SetString(m.Packet, "02-00-00-00-00-01:Lobby"))
	return m.signed(t)
}

const inLobby = "Called-Station-Id=02-00-00-00-00-01:Lobby"

func TestRadclientLogsInByCode(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct {
		password string
		accepted bool
	}{
		"no attribute": {"Service-Type=Login-User", true}, "PAP, none": {`User-Password=""`, true}, "PAP, any": {"User-Password=whatever", true}, "PAP, the same": {"User-Password=" + testCode, true},
		"CHAP, none": {`CHAP-Password=""`, true}, "CHAP, the same": {"CHAP-Password=" + testCode, true}, "CHAP, another": {"CHAP-Password=whatever", false},
		"MS-CHAP, the same": {"MS-CHAP-Password=" + testCode, true}, "MS-CHAP, another": {"MS-CHAP-Password=whatever", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, codes := withCodes(t)
			b.start(t)
			got := radclient(t, b.AuthAddr(), "auth", testSecret, of.password, "User-Name="+testCode, inLobby, "Calling-Station-Id=02-00-00-AB-CD-EF", "Message-Authenticator=0x00")
			if !of.accepted {
				require.Contains(t, got, "Received Access-Reject", got)
				require.Empty(t, codes.logins(), "a code is not used up by a request that does not prove it")
				return
			}
			require.Contains(t, got, "Received Access-Accept", got)
			require.Contains(t, got, "Session-Timeout = 3600")
			require.Contains(t, got, `User-Name = "roll-0-1"`, "the code stays out of accounting")
			require.Equal(t, []redeem.Login{{Zone: "lobby", NASID: "nas-1", Text: testCode, MAC: "02:00:00:ab:cd:ef"}}, codes.logins())
			require.Len(t, b.sessions.logins(), 1)
			session := b.sessions.logins()[0]
			require.Equal(t, "access-1", session.GrantID)
			require.Equal(t, "roll-0-1", session.Username)
		})
	}
}

func TestACodeIsTriedInItsZoneOnly(t *testing.T) {
	t.Parallel()
	b, codes := withCodes(t)
	b.start(t)
	got := radclient(t, b.AuthAddr(), "auth", testSecret, "User-Name="+testCode, "User-Password=x", "Message-Authenticator=0x00", "Called-Station-Id=02-00-00-00-00-01:Elsewhere")
	require.Contains(t, got, "Received Access-Reject", got)
	require.Empty(t, codes.logins())
	require.Equal(t, wire.RefusedUnknownUser, b.journal.refused()[0].Reason)
	got = radclient(t, b.AuthAddr(), "auth", testSecret, "User-Name="+testUser, "User-Password="+testPassword, "Message-Authenticator=0x00", inLobby)
	require.Contains(t, got, "Received Access-Accept", "a visitor is nobody's code")
	require.Empty(t, codes.logins())
}

func TestARefusedCode(t *testing.T) {
	t.Parallel()
	b, _ := withCodes(t)
	b.start(t)
	got := radclient(t, b.AuthAddr(), "auth", testSecret, "User-Name=2345678abc", "User-Password=x", "Message-Authenticator=0x00", inLobby)
	require.Contains(t, got, "Received Access-Reject", got)
	require.Contains(t, got, `Reply-Message = "Your coffee is finished"`)
	require.Equal(t, wire.RefusedRollCodeExpired, b.journal.refused()[0].Reason)
	require.Equal(t, "234…", b.journal.refused()[0].Username, "it may be a good one, mistyped")
}

// TestAnotherSecretUsesNoCodeUp: where a NAS signs nothing, a password of rubbish is
// all that tells that its secret is another.
func TestAnotherSecretUsesNoCodeUp(t *testing.T) {
	t.Parallel()
	b, codes := withCodes(t)
	b.nases.set(func(n *wire.NAS) { n.MessageAuthenticator = visit.AllowNone })
	b.start(t)
	got := radclient(t, b.AuthAddr(), "auth", "another secret", "User-Name="+testCode, "User-Password=x", inLobby)
	require.NotContains(t, got, "Received Access-Accept", got)
	require.Empty(t, codes.logins())
	require.Equal(t, wire.RefusedWrongSecret, b.journal.refused()[0].Reason)
}

// TestCodesWaitForTheDiskAlone: others are answered meanwhile, Settle returns, and
// what ended meanwhile is not accepted any more.
func TestCodesWaitForTheDiskAlone(t *testing.T) {
	t.Parallel()
	b, codes := withCodes(t)
	codes.hold = make(chan struct{})
	b.start(t)
	conn := dial(t, b.AuthAddr())
	for range laneWidth + 1 {
		_, err := conn.Write(byCode(t, testCode))
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return b.discarded(authPort, dropOverload) == 1 }, 5*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return len(codes.logins()) == laneWidth }, 5*time.Second, time.Millisecond)
	require.NotEmpty(t, exchange(t, dial(t, b.AuthAddr()), papLogin(t, testUser, testPassword).signed(t)), "visitors go on")
	b.Settle()

	codes.ends.Store(true)
	close(codes.hold)
	require.Eventually(t, func() bool { return b.answered(authPort, answeredAccept) == laneWidth+1 }, 5*time.Second, time.Millisecond)
	codes.ends.Store(false)
	request := byCode(t, testCode)
	answer := verified(t, exchange(t, conn, request), request, true)
	require.Equal(t, layeh.CodeAccessAccept, answer.Code, "and nothing came before it")
}

func TestSSIDOf(t *testing.T) {
	t.Parallel()
	for called, want := range map[string]string{
		"00-10-A4-23-19-C0:Lobby": "Lobby", "00:10:A4:23:19:C0:Lob:by": "Lob:by", "0010A42319C0:Lobby": "Lobby", "0010.A423.19C0:Lobby": "",
		"00-10-A4-23-19-C0": "", "00-10-A4-23-19-C0:": "", "Lobby": "", "": "", "not-a-mac-at-all-:Lobby": "",
	} {
		require.Equal(t, want, ssidOf(called), called)
	}
	for code, want := range map[string]string{"": "…", "abc": "…", "abcdef": "abc…"} {
		require.Equal(t, want, masked(code), fmt.Sprintf("%q", code))
	}
}
