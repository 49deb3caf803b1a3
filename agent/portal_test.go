package agent

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"

	"github.com/foyerhq/foyer/agent/link/linktest"
	"github.com/foyerhq/foyer/internal/wire"
)

const guestMAC = "aa:bb:cc:dd:ee:ff"

// guests is a set with a guest on the way from the portal, or with a device that needs
// none.
func guests(coaPort int, known bool) *wire.Snapshot {
	s, now := set(coaPort), time.Now()
	s.Grants = []wire.Grant{{
		ID: "0195f3a0-0000-7000-8000-000000000009", Kind: wire.GrantDevice, NotBefore: now, NotAfter: now.Add(time.Hour), MAC: guestMAC, LifetimeSeconds: 600,
	}}
	if !known {
		s.Grants = []wire.Grant{{
			ID: "access-1", Kind: wire.GrantPortal, Username: "user17@guest.example", NotBefore: now, NotAfter: now.Add(time.Hour), MAC: guestMAC,
		}}
	}
	return s
}

// TestAPortalsGuestIsCut: what the hub takes away ends at the NAS, without being asked for.
func TestAPortalsGuestIsCut(t *testing.T) {
	t.Parallel()
	nas, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer nas.Close()
	hub := linktest.New(t)
	s := newSite(t, hub)
	l := hub.Next()
	whole := guests(nas.LocalAddr().(*net.UDPAddr).Port, false)
	l.Send(whole)
	linktest.Expect[*wire.Ack](l)
	g := whole.Grants[0]
	g.Secrets = []wire.OneTime{{Secret: "t6vk2hpq8wzd", MAC: guestMAC, NASID: "nas-1", NotAfter: time.Now().Add(time.Minute)}}
	l.Send(&wire.Entry{Type: wire.TypeGrantPut, Position: at(11), ObjectID: g.ID, Grant: &g})
	for linktest.Expect[*wire.Ack](l).Position != at(11) {
	}
	require.Equal(t, radius.CodeAccessAccept, s.login(g.Username, "t6vk2hpq8wzd"), "acknowledged, so accepted")
	require.Equal(t, radius.CodeAccountingResponse, s.account(rfc2866.AcctStatusType_Value_Start))

	l.Send(&wire.Entry{Type: wire.TypeGrantDrop, Position: at(12), ObjectID: g.ID})
	buffer := make([]byte, 4096)
	require.NoError(t, nas.SetReadDeadline(time.Now().Add(10*time.Second)))
	n, from, err := nas.ReadFrom(buffer)
	require.NoError(t, err)
	request, err := radius.Parse(buffer[:n], []byte(nasSecret))
	require.NoError(t, err)
	require.Equal(t, radius.CodeDisconnectRequest, request.Code)
	require.Equal(t, "5F3A-01", rfc2866.AcctSessionID_GetString(request))
	require.Equal(t, radius.CodeAccessReject, s.login(g.Username, "t6vk2hpq8wzd"))
	answer, err := request.Response(radius.CodeDisconnectACK).Encode()
	require.NoError(t, err)
	_, err = nas.WriteTo(answer, from)
	require.NoError(t, err)
	require.Equal(t, radius.CodeAccountingResponse, s.account(rfc2866.AcctStatusType_Value_Stop))
	require.Equal(t, g.ID, reported(l).GrantID)
}

// byMAC asks as a NAS does for a device that comes by.
func (s *site) byMAC() radius.Code {
	p := radius.New(radius.CodeAccessRequest, []byte(nasSecret))
	_ = rfc2865.UserName_SetString(p, "aabbccddeeff")
	_ = rfc2865.UserPassword_SetString(p, "aabbccddeeff")
	_ = rfc2865.CallingStationID_SetString(p, "AA-BB-CC-DD-EE-FF")
	return s.exchange(p, s.agent.AuthAddr())
}

// arrived returns the first device's login in the reports, which are not acknowledged.
func arrived(l *linktest.Link) wire.DeviceLogin {
	for {
		for _, r := range linktest.Expect[*wire.Report](l).Records {
			if r.DeviceLogin != nil {
				return *r.DeviceLogin
			}
		}
	}
}

// TestACrashForgetsNoDevice: what was on the disk when the Access-Accept was sent is
// enough for the agent to go on, and for the hub to hear of it.
func TestACrashForgetsNoDevice(t *testing.T) {
	t.Parallel()
	hub := linktest.New(t)
	s := newSite(t, hub)
	l := hub.Next()
	l.Send(guests(3799, true))
	linktest.Expect[*wire.Ack](l)
	require.Equal(t, radius.CodeAccessAccept, s.byMAC())
	crashed := filepath.Join(t.TempDir(), "agent")
	require.NoError(t, os.CopyFS(crashed, os.DirFS(s.cfg.DataDir)))
	require.NoError(t, os.Chmod(filepath.Join(crashed, "ledger.key"), 0o600))
	login := arrived(l)
	s.stop()

	hub.Refuse.Store(true)
	s.cfg.DataDir = crashed
	s.start()
	require.NotNil(t, s.agent.ledger.Grant(string(login.AccessID)))
	require.Equal(t, radius.CodeAccessAccept, s.byMAC())
	hub.Refuse.Store(false)
	require.Equal(t, login, arrived(hub.Next()))
}
