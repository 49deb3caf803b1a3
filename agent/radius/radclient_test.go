package radius

import (
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// radclient runs FreeRADIUS' client, which checks what it receives on its own.
// It returns what was printed; a missing answer is part of that.
func radclient(t *testing.T, server netip.AddrPort, command, secret string, attributes ...string) string {
	t.Helper()
	path, err := exec.LookPath("radclient")
	require.NoError(t, err, "radclient is needed: apt-get install freeradius-utils")
	cmd := exec.CommandContext(t.Context(), path, "-x", "-r", "1", "-t", "1", server.String(), command, secret)
	cmd.Stdin = strings.NewReader(strings.Join(attributes, ","))
	output, _ := cmd.CombinedOutput() // fails also when a Reject comes, as it should
	return string(output)
}

func TestRadclientLogsIn(t *testing.T) {
	t.Parallel()
	for name, attributes := range map[string][]string{
		"PAP":       {"User-Password=" + testPassword},
		"PAP typed": {`User-Password="HJKM-npqr stuv"`},
		"CHAP":      {"CHAP-Password=" + testPassword},
		"MS-CHAP":   {"MS-CHAP-Password=" + testPassword},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t).start(t)
			got := radclient(t, b.AuthAddr(), "auth", testSecret, append(attributes,
				"User-Name="+testUser, "Message-Authenticator=0x00", "Proxy-State=0x0102", "Proxy-State=0x03", "Calling-Station-Id=02-00-00-AB-CD-EF")...)
			require.Contains(t, got, "Received Access-Accept", got)
			require.Contains(t, got, "Session-Timeout = 7200")
			require.Contains(t, got, "Acct-Interim-Interval = 300")
			require.Contains(t, got, `User-Name = "`+testUser+`"`)
			require.Regexp(t, `(?s)Received.*Message-Authenticator.*Proxy-State = 0x0102.*Proxy-State = 0x03`, got)
			require.Len(t, b.sessions.logins(), 1)
			require.Equal(t, "02:00:00:ab:cd:ef", b.sessions.logins()[0].MAC)
		})
	}
}

func TestRadclientIsRejected(t *testing.T) {
	t.Parallel()
	for name, attributes := range map[string][]string{
		"PAP":          {"User-Password=wrong"},
		"CHAP":         {"CHAP-Password=wrong"},
		"CHAP case":    {"CHAP-Password=" + strings.ToUpper(testPassword)},
		"MS-CHAP":      {"MS-CHAP-Password=wrong"},
		"two methods":  {"User-Password=" + testPassword, "CHAP-Password=" + testPassword},
		"none":         {},
		"EAP identity": {"EAP-Message=0x0205000501"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t).start(t)
			got := radclient(t, b.AuthAddr(), "auth", testSecret, append(attributes, "User-Name="+testUser, "Message-Authenticator=0x00")...)
			require.Contains(t, got, "Received Access-Reject", got)
			require.Empty(t, b.sessions.logins())
			require.Len(t, b.journal.refused(), 1)
		})
	}
}

func TestRadclientHearsNothing(t *testing.T) {
	t.Parallel()
	user := []string{"User-Name=" + testUser, "User-Password=" + testPassword}
	for name, c := range map[string]struct {
		command, secret string
		attributes      []string
		port            port
		why             discard
		reason          wire.RefusedReason
	}{
		"no Message-Authenticator":        {"auth", testSecret, user, authPort, dropNoMessageAuthenticator, wire.RefusedNoMessageAuth},
		"wrong secret":                    {"auth", "wrong", append(user, "Message-Authenticator=0x00"), authPort, dropNotAuthentic, wire.RefusedWrongSecret},
		"accounting with a wrong secret":  {"acct", "wrong", []string{"Acct-Status-Type=Start", "Acct-Session-Id=1"}, acctPort, dropNotAuthentic, wire.RefusedWrongSecret},
		"status without an authenticator": {"status", testSecret, []string{"User-Name=x"}, authPort, dropNoMessageAuthenticator, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t).start(t)
			server := b.AuthAddr()
			if c.port == acctPort {
				server = b.AcctAddr()
			}
			got := radclient(t, server, c.command, c.secret, c.attributes...)
			require.Contains(t, got, "No reply from server", got)
			require.Equal(t, 1, b.discarded(c.port, c.why))
			if c.reason != "" {
				require.Equal(t, []wire.Refused{{NASID: "nas-1", Reason: c.reason, Count: 1}}, b.journal.refused())
			}
		})
	}
}

func TestRadclientWithoutMessageAuthenticatorWhereAllowed(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.nases.set(func(n *wire.NAS) { n.MessageAuthenticator = visit.AllowNone })
	b.start(t)
	user := []string{"User-Name=" + testUser, "User-Password=" + testPassword}
	require.Contains(t, radclient(t, b.AuthAddr(), "auth", testSecret, user...), "Received Access-Accept")
	got := radclient(t, b.AuthAddr(), "auth", testSecret, append(user, "Proxy-State=0x01")...)
	require.Contains(t, got, "No reply from server", "CVE-2024-3596 needs Proxy-State to come back")
}

func TestRadclientAccounts(t *testing.T) {
	t.Parallel()
	for _, signed := range []bool{false, true} {
		t.Run(fmt.Sprintf("signed %v", signed), func(t *testing.T) {
			t.Parallel()
			b := newBundle(t).start(t)
			session := []string{
				"User-Name=" + testUser, "Acct-Session-Id=42", "Calling-Station-Id=0200.00ab.cdef", "Framed-IP-Address=10.0.0.7",
				"Acct-Session-Time=60", "Acct-Input-Octets=5", "Acct-Input-Gigawords=1", "Acct-Terminate-Cause=Idle-Timeout", "Proxy-State=0xaa",
			}
			if signed {
				session = append(session, "Message-Authenticator=0x00")
			}
			for _, status := range []string{"Start", "Interim-Update", "Stop", "Accounting-On", "Tunnel-Start"} {
				got := radclient(t, b.AcctAddr(), "acct", testSecret, append(session, "Acct-Status-Type="+status)...)
				require.Contains(t, got, "Received Accounting-Response", got)
				require.Contains(t, got, "Proxy-State = 0xaa")
			}
			records := b.journal.accounting()
			require.Len(t, records, 4)
			stop := records[2]
			require.Equal(t, wire.AccountingStop, stop.Status)
			require.Equal(t, "idle-timeout", stop.TerminateCause)
			require.Equal(t, uint64(1)<<32+5, stop.InputOctets)
			require.Equal(t, visit.VisitID("visit-1"), stop.Session.VisitID)
			require.Equal(t, "02:00:00:ab:cd:ef", stop.Session.MAC)
			require.Equal(t, "0200.00ab.cdef", stop.Session.MACSpelt)
			require.Equal(t, "10.0.0.7", stop.Session.IP)
			require.Equal(t, "127.0.0.1", stop.Session.NASAddress)
			require.Equal(t, wire.SessionKey{NASID: "nas-1", AcctSessionID: "42", StartedAt: testStart.Add(-60e9)}, stop.Session.Key)
		})
	}
}

func TestRadclientAsksForStatus(t *testing.T) {
	t.Parallel()
	b := newBundle(t).start(t)
	got := radclient(t, b.AuthAddr(), "status", testSecret, "Message-Authenticator=0x00")
	require.Contains(t, got, "Received Access-Accept", got)
	got = radclient(t, b.AcctAddr(), "status", testSecret, "Message-Authenticator=0x00")
	require.Contains(t, got, "Received Accounting-Response", got)
	require.Empty(t, b.journal.refused())
}
