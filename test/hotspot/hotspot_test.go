package hotspot

import (
	"crypto/hmac"
	"crypto/md5"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2869"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/test/nas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret = "radius secret"
	shared = "gateway secret"
	portal = "https://portal.example/portal/p1"
	here   = "127.0.0.1:3990"
)

// agent accepts guest with the password once.
func agent(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // loopback
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = conn.Close(); <-done })
	go func() {
		defer close(done)
		b := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			if p, err := radius.Parse(b[:n], []byte(secret)); err == nil {
				_, _ = conn.WriteTo(answer(p), from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

func answer(request *radius.Packet) []byte {
	proof, challenge := rfc2865.CHAPPassword_Get(request), rfc2865.CHAPChallenge_Get(request)
	want := md5.Sum(append([]byte("\x00once"), challenge...))
	p := request.Response(radius.CodeAccessReject)
	p.Add(rfc2869.MessageAuthenticator_Type, make([]byte, 16))
	if rfc2865.UserName_GetString(request) == "guest" && len(proof) == 17 && hmac.Equal(proof[1:], want[:]) {
		p.Code = radius.CodeAccessAccept
		_ = rfc2865.SessionTimeout_Set(p, 3600)
	}
	b, _ := p.MarshalBinary()
	copy(b[4:20], request.Authenticator[:])
	sum := hmac.New(md5.New, []byte(secret))
	sum.Write(b)
	copy(b[22:38], sum.Sum(nil))
	copy(p.Attributes[0].Attribute, b[22:38])
	b, _ = p.Encode()
	return b
}

func network(t *testing.T) (*Hotspot, *nas.NAS) {
	t.Helper()
	n, err := nas.New(nas.Config{AuthAddr: agent(t), Secret: []byte(secret), SendMessageAuthenticator: true})
	require.NoError(t, err)
	require.NoError(t, n.Start(t.Context()))
	t.Cleanup(n.Stop)
	h, err := New(Config{Address: here, Portal: portal, Secret: shared, SSID: "Guests", NAS: n})
	require.NoError(t, err)
	return h, n
}

// gets does what a browser does, once; to is where it is sent.
func gets(t *testing.T, h *Hotspot, method, address string) (code int, to string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, address, nil)
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	return w.Code, w.Header().Get("Location")
}

var settings = gate.Settings{Hosts: []string{here}, Secret: shared}

// portalGrants reads a redirect as the portal does, and returns the way back.
func portalGrants(t *testing.T, redirect, password string) string {
	t.Helper()
	adapter, _ := gate.Of(gate.CoovaChilli)
	arrival, err := gate.Read(adapter, redirect, settings)
	require.NoError(t, err)
	require.Equal(t, "Guests", arrival.SSID)
	release, err := adapter.Release(arrival, gate.Grant{Username: "guest", Password: password, Left: time.Hour, Success: portal + "/online"}, settings)
	require.NoError(t, err)
	return release.Redirect.String()
}

func TestAPhoneIsHeldBackLetThroughAndCutOff(t *testing.T) {
	t.Parallel()
	h, n := network(t)
	code, to := gets(t, h, http.MethodGet, "http://"+here+"/news")
	require.Equal(t, http.StatusFound, code)

	_, back := gets(t, h, http.MethodGet, portalGrants(t, to, "wrong"))
	require.Contains(t, back, "res=failed")
	_, back = gets(t, h, http.MethodGet, portalGrants(t, back, "once"))
	require.Contains(t, back, "res=success")
	require.Contains(t, back, "%2fonline&md=")
	session, online := n.Session(h.Phone().MAC)
	require.True(t, online)
	require.Equal(t, nas.CHAP, session.Method)
	code, _ = gets(t, h, http.MethodGet, "http://"+here+"/news")
	require.Equal(t, http.StatusOK, code)

	n.Logout(session.MAC) // as a Disconnect-Request does
	code, to = gets(t, h, http.MethodGet, "http://"+here+"/news")
	require.Equal(t, http.StatusFound, code)

	gets(t, h, http.MethodGet, portalGrants(t, to, "once"))
	code, _ = gets(t, h, http.MethodGet, "http://"+here+"/logoff")
	require.Equal(t, http.StatusFound, code)
	_, online = n.Session(session.MAC)
	require.False(t, online, "who logs off at the gateway is accounted so")
}

func TestAnotherPhoneIsHeldBack(t *testing.T) {
	t.Parallel()
	h, _ := network(t)
	_, to := gets(t, h, http.MethodGet, "http://"+here+"/")
	gets(t, h, http.MethodGet, portalGrants(t, to, "once"))
	before := h.Phone()
	code, _ := gets(t, h, http.MethodPost, "http://"+here+"/phone")
	require.Equal(t, http.StatusSeeOther, code)
	require.NotEqual(t, before, h.Phone())
	code, _ = gets(t, h, http.MethodGet, "http://"+here+"/")
	require.Equal(t, http.StatusFound, code)
}

func TestOnlyHere(t *testing.T) {
	t.Parallel()
	h, n := network(t)
	code, _ := gets(t, h, http.MethodGet, "http://rebound.example/")
	require.Equal(t, http.StatusMisdirectedRequest, code)
	for _, address := range []string{"0.0.0.0:3990", "192.0.2.1:3990", "localhost", ""} {
		_, err := New(Config{Address: address, Portal: portal, Secret: shared, NAS: n})
		require.Error(t, err, address)
	}
}
