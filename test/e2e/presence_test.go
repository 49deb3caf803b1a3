package e2e

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/devstack"
	"github.com/foyerhq/foyer/test/stack"
)

const offlinePIN = "74108529"

// Who is in the building is shown at the site when the server is gone, also after a
// restart of the agent, to whoever has the PIN and calls from a network that may.
func TestListAtTheSite(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
	port, err := devstack.FreePort()
	require.NoError(t, err)
	listen := fmt.Sprintf("127.0.0.1:%d", port)
	r.named("Ada", "Canary-Lovelace")
	require.Empty(t, r.offlineList().Agents[0].Address, "off until somebody switches it on")

	r.setOffline(map[string]any{"enabled": true, "listen": listen, "networks": []string{"10.1.0.0/24"}, "pin": offlinePIN})
	r.Eventually("the fingerprint is known", func() bool { return r.offlineList().Agents[0].Fingerprint != "" })
	require.Equal(t, listen, r.offlineList().Agents[0].Address)
	fingerprint := r.offlineList().Agents[0].Fingerprint
	require.Zero(t, heard(t, listen), "a foreign network hears nothing")
	r.setOffline(map[string]any{"enabled": true, "listen": listen, "networks": []string{"127.0.0.0/8"}})
	r.Eventually("ours does", func() bool { return heard(t, listen) > 0 })

	warden := r.tablet(listen, fingerprint)
	_, page := warden.enter(offlinePIN)
	require.Contains(t, page, "Canary-Lovelace, Ada")
	for _, other := range []string{"canary.ada@example.org", "Example Company"} {
		require.NotContains(t, page, other, "names only")
	}
	began := time.Now()
	grace := r.named("Grace", "Hopper")
	r.Eventually("the newcomer is on the list", func() bool { return strings.Contains(warden.load(), "Hopper, Grace") })
	t.Logf("%s after the check-in", time.Since(began))

	r.APIs[0].Kill9()
	r.agent.Kill9()
	r.agent.Start()
	r.Eventually("served again, without the server", func() bool { return heard(t, listen) > 0 })
	stranger := r.tablet(listen, fingerprint)
	status, page := stranger.enter("00000000")
	require.Equal(t, 403, status)
	require.NotContains(t, page, "Lovelace")
	status, page = stranger.enter(offlinePIN)
	require.Equal(t, 429, status, "it has to wait, though that is the PIN")
	require.NotContains(t, page, "Lovelace")
	r.Eventually("the warden, with the same PIN", func() bool { status, page = warden.enter(offlinePIN); return status == 200 })
	require.Contains(t, page, "Canary-Lovelace, Ada")
	require.Contains(t, page, "Hopper, Grace")
	require.Contains(t, page, " ago)", "and how old that is")
	require.True(t, r.accepts(grace), "RADIUS goes on beside it")

	r.APIs[0].Start()
	r.Ready()
	r.Connected(r.agent)
	r.Eventually("the openings are in the audit trail", func() bool { opened, refused := r.openings(); return opened == 2 && refused == 1 })
	r.Act(grace.Visit.ID, "check-out", nil)
	r.Eventually("who left is gone", func() bool { return !strings.Contains(warden.load(), "Hopper") })
	require.Contains(t, warden.load(), "Canary-Lovelace, Ada")

	r.setOffline(map[string]any{"enabled": false})
	r.Eventually("switched off", func() bool { return heard(t, listen) == 0 })
	r.AuditVerifies()
}

func (r *rig) named(first, last string) stack.CheckedIn {
	r.t.Helper()
	body := stack.WalkInBody(r.site, time.Hour)
	body["visitor"] = map[string]string{"first_name": first, "last_name": last, "email": "canary.ada@example.org", "company": "Example Company"}
	var answer stack.CheckedIn
	r.Call("POST", "/api/v1/visits", body, &answer, 201)
	return answer
}

type offlineList struct {
	Agents []struct{ Address, Fingerprint, Error string }
}

func (r *rig) offlineList() (list offlineList) {
	r.t.Helper()
	r.Call("GET", "/api/v1/sites/"+r.site+"/evacuation/offline", nil, &list, 200)
	return list
}

func (r *rig) setOffline(body map[string]any) {
	r.t.Helper()
	r.Call("PUT", "/api/v1/sites/"+r.site+"/evacuation/offline", body, nil, 200)
}

// openings are those in the site's audit trail. Nothing in it names anybody.
func (r *rig) openings() (opened, refused int) {
	r.t.Helper()
	var trail struct {
		Items []struct {
			Actor string
			Body  struct{ Opened, Refused int }
		}
	}
	r.Call("GET", "/api/v1/audit?site_id="+r.site+"&action=presence.opened", nil, &trail, 200)
	for _, row := range trail.Items {
		require.Equal(r.t, "agent:"+r.agent.ID, row.Actor)
		opened, refused = opened+row.Body.Opened, refused+row.Body.Refused
	}
	return opened, refused
}

// heard is how many octets answer the beginning of a TLS handshake.
func heard(t *testing.T, address string) int {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return 0
	}
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	counted := &tally{Conn: conn}
	_ = tls.Client(counted, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(t.Context())
	return counted.n
}

type tally struct {
	net.Conn
	n int
}

func (c *tally) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n += n
	return n, err
}

// tablet is a browser that knows the fingerprint from before.
type tablet struct {
	t      *testing.T
	base   string
	client *http.Client
}

func (r *rig) tablet(listen, fingerprint string) *tablet {
	r.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(r.t, err)
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true,
		VerifyPeerCertificate: func(chain [][]byte, _ [][]*x509.Certificate) error {
			if sum := sha256.Sum256(chain[0]); hex.EncodeToString(sum[:]) != fingerprint {
				return errors.New("another fingerprint")
			}
			return nil
		},
	}}
	r.t.Cleanup(transport.CloseIdleConnections)
	return &tablet{r.t, "https://" + listen, &http.Client{Transport: transport, Jar: jar, Timeout: 30 * time.Second}}
}

func (b *tablet) enter(pin string) (int, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+"/", strings.NewReader(url.Values{"pin": {pin}}.Encode()))
	require.NoError(b.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", b.base)
	return b.do(request)
}

func (b *tablet) load() string {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.base+"/", nil)
	require.NoError(b.t, err)
	_, page := b.do(request)
	return page
}

func (b *tablet) do(request *http.Request) (int, string) {
	b.t.Helper()
	answer, err := b.client.Do(request)
	require.NoError(b.t, err)
	defer func() { _ = answer.Body.Close() }()
	page, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	return answer.StatusCode, string(page)
}
