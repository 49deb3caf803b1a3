package e2e

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

const secret = "a-shared-secret-of-24-ch"

// rig is a running Foyer with one site, one agent and one simulated NAS.
type rig struct {
	*stack.Stack
	t     *testing.T
	site  string
	nasID string
	agent *stack.Agent
	nas   *nas.NAS
	guest int
}

type rigOptions struct {
	stack.Options
	site         map[string]any
	nas          map[string]any
	noAccounting bool
}

func newRig(t *testing.T, o rigOptions) *rig {
	t.Helper()
	r := &rig{Stack: stack.Start(t, o.Options), t: t}
	r.site = r.NewSite(o.site)
	r.agent = r.NewAgent(r.site)
	r.nas = newNAS(t, r.agent, !o.noAccounting)
	das := netip.MustParseAddrPort(r.nas.DASAddr())
	r.nasID = r.NewNAS(r.site, "127.0.0.1/32", secret, int(das.Port()), o.nas)
	r.agent.Start()
	r.Connected(r.agent)
	return r
}

// newNAS starts a simulated NAS that asks the agent.
func newNAS(t *testing.T, a *stack.Agent, accounting bool) *nas.NAS {
	t.Helper()
	n, err := nas.New(nas.Config{
		Name: "ap-1", AuthAddr: a.Auth, AcctAddr: a.Acct, Secret: []byte(secret),
		SendMessageAuthenticator: true, SendAccounting: accounting,
	})
	require.NoError(t, err)
	require.NoError(t, n.Start(t.Context()))
	t.Cleanup(n.Stop)
	return n
}

// login brings a guest's device online and requires that it was let in.
func (r *rig) login(c stack.CheckedIn, method nas.Method) (mac string, result nas.LoginResult) {
	r.t.Helper()
	mac, result = r.tryLogin(c, method)
	require.True(r.t, result.Accepted, "login refused")
	return mac, result
}

func (r *rig) tryLogin(c stack.CheckedIn, method nas.Method) (mac string, result nas.LoginResult) {
	r.t.Helper()
	r.guest++
	mac = fmt.Sprintf("02-00-00-00-00-%02X", r.guest)
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	result, err := r.nas.Login(ctx, nas.Guest{
		MAC: mac, IP: netip.AddrFrom4([4]byte{10, 9, 0, byte(r.guest)}),
		Username: c.Voucher.Username, Password: c.PasswordIn(r.Stack), Method: method,
	})
	require.NoError(r.t, err)
	return mac, result
}

// seen waits until the server knows the visit's live session: what an agent
// reports arrives a moment after the login.
func (r *rig) seen(visit string) {
	r.t.Helper()
	r.Eventually("session known", func() bool {
		for _, x := range r.Detail(visit).Sessions {
			if x.EndedAt == nil {
				return true
			}
		}
		return false
	})
}

// offline waits until the NAS has thrown the device out.
func (r *rig) offline(mac string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	require.NoError(r.t, r.nas.WaitOffline(ctx, mac), "the guest is still online")
}

func pap(c stack.CheckedIn, s *stack.Stack) string {
	return "User-Name=" + c.Voucher.Username + ",User-Password=" + c.PasswordIn(s)
}

// accepts asks with radclient whether the voucher is accepted.
func (r *rig) accepts(c stack.CheckedIn) bool {
	r.t.Helper()
	reply := r.Radclient(r.agent, secret, pap(c, r.Stack))
	require.True(r.t, reply.Accepted || reply.Rejected, "no answer: %s", reply.Text)
	return reply.Accepted
}

// order requires that the texts appear in the history one after the other.
func order(t *testing.T, history []map[string]any, words ...string) {
	t.Helper()
	at := 0
	for i, event := range history {
		if at < len(words) && contains(event, words[at]) {
			t.Logf("%s at event %d", words[at], i+1)
			at++
		}
	}
	require.Equal(t, len(words), at, "the history lacks %q, or has it in another place", append(words, "")[at])
}

func contains(event map[string]any, word string) bool {
	return strings.Contains(stack.Text([]map[string]any{event}), word)
}
