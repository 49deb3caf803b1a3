package nas

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
)

func TestLoginMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []Method{"", PAP, CHAP, MSCHAP, MSCHAPv2} {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			r := realRig(t, nil)
			g := visitor()
			g.Method = method
			result, err := r.Login(limit(t), g)
			require.NoError(t, err)
			require.True(t, result.Accepted)
			require.Equal(t, time.Hour, result.SessionTimeout)
			require.Equal(t, [][]byte{[]byte("class-1")}, result.Class)
			require.Positive(t, result.RTT)
			online, ok := r.Session("0200.0000.0001")
			require.True(t, ok)
			require.Equal(t, result.AcctSessionID, online.AcctSessionID)

			g.Password = "wrong"
			result, err = r.Login(limit(t), g)
			require.NoError(t, err)
			require.False(t, result.Accepted)
			require.Equal(t, "no", result.ReplyMessage)
			require.NoError(t, r.WaitOffline(limit(t), mac), "a rejected device is not online")
		})
	}
}

func TestLoginSignsFirst(t *testing.T) {
	t.Parallel()
	for _, signs := range []bool{true, false} {
		r := realRig(t, func(c *Config) { c.SendMessageAuthenticator, c.SendAccounting = signs, false })
		_, err := r.Login(limit(t), visitor())
		require.NoError(t, err)
		b := r.server.datagrams()[0]
		present, first, err := checkMessageAuthenticator(b, seed(b[4:20]), []byte(secret))
		require.NoError(t, err)
		require.Equal(t, signs, present)
		require.Equal(t, signs, first)
		p, err := radius.Parse(b, []byte(secret))
		require.NoError(t, err)
		require.Equal(t, "127.0.0.3", rfc2865.NASIPAddress_Get(p).String())
		require.Equal(t, mac, rfc2865.CallingStationID_GetString(p))
	}
}

func TestLoginRefusesAnswers(t *testing.T) {
	t.Parallel()
	// Each spoils an Access-Accept: header 20, Message-Authenticator 18, rest.
	cases := map[string]struct {
		mangle func(b []byte, request [16]byte) []byte
		want   error
	}{
		"unsigned": {func(b []byte, _ [16]byte) []byte { b[4] ^= 1; return b }, ErrAuthenticator},
		"wrong Message-Authenticator": {func(b []byte, q [16]byte) []byte {
			b[22] ^= 1
			return resignAnswer(b, q)
		}, ErrMessageAuthenticator},
		"no Message-Authenticator": {func(b []byte, q [16]byte) []byte {
			b = append(b[:20], b[38:]...)
			b[3] -= 18
			return resignAnswer(b, q)
		}, ErrMessageAuthenticator},
		"valid but not first": {func(b []byte, q [16]byte) []byte {
			b = append(append(append([]byte(nil), b[:20]...), b[38:]...), b[20:38]...)
			copy(b[4:20], q[:])
			at := len(b) - 16
			clear(b[at:])
			copy(b[at:], messageAuthenticator(b, []byte(secret)))
			return resignAnswer(b, q)
		}, ErrMessageAuthenticator},
		"a code that answers something else": {func(b []byte, q [16]byte) []byte {
			b[0] = byte(radius.CodeAccessChallenge)
			copy(b[4:20], q[:])
			clear(b[22:38])
			copy(b[22:38], messageAuthenticator(b, []byte(secret)))
			return resignAnswer(b, q)
		}, ErrMalformed},
		"cut off": {func(b []byte, _ [16]byte) []byte { return b[:len(b)-1] }, ErrMalformed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := realRig(t, func(c *Config) { c.SendAccounting = false })
			r.server.setMangle(func(b []byte) []byte {
				all := r.server.datagrams()
				return c.mangle(b, [16]byte(all[len(all)-1][4:20]))
			})
			_, err := r.Login(limit(t), visitor())
			require.ErrorIs(t, err, c.want)
			require.Empty(t, r.Online())
			_, err = r.WaitEvent(limit(t), 0, func(e Event) bool { return e.Kind == EventInvalid })
			require.NoError(t, err)
		})
	}
}

func TestLoginDemandsMutualProof(t *testing.T) {
	t.Parallel()
	r := realRig(t, nil)
	r.server.set(func(p *radius.Packet) *radius.Packet { return p.Response(radius.CodeAccessAccept) })
	g := visitor()
	_, err := r.Login(limit(t), g)
	require.NoError(t, err, "PAP has no such proof")
	g.Method = MSCHAPv2
	_, err = r.Login(limit(t), g)
	require.ErrorIs(t, err, ErrMutual)
}

func TestLoginRefusals(t *testing.T) {
	t.Parallel()
	r := realRig(t, func(c *Config) { c.MaxSessions = 1 })
	g := visitor()
	g.MAC = "02-00"
	_, err := r.Login(t.Context(), g)
	require.ErrorIs(t, err, ErrGuest)
	g = visitor()
	g.Method = "otp"
	_, err = r.Login(t.Context(), g)
	require.ErrorIs(t, err, ErrGuest)
	g = visitor()
	g.Username = strings.Repeat("u", 300)
	_, err = r.Login(t.Context(), g)
	require.ErrorIs(t, err, ErrGuest)

	_, err = r.Login(limit(t), visitor())
	require.NoError(t, err)
	g = visitor()
	g.MAC = "02-00-00-00-00-02"
	_, err = r.Login(t.Context(), g)
	require.ErrorIs(t, err, ErrFull)

	r.Stop()
	_, err = r.Login(t.Context(), visitor())
	require.ErrorIs(t, err, ErrStopped)
}

func TestLogHoldsNoPassword(t *testing.T) {
	t.Parallel()
	r := realRig(t, nil)
	for _, method := range []Method{PAP, CHAP, MSCHAP, MSCHAPv2} {
		g := visitor()
		g.Method = method
		_, err := r.Login(limit(t), g)
		require.NoError(t, err)
	}
	log, err := json.Marshal(r.Events(0))
	require.NoError(t, err)
	require.NotContains(t, string(log), password)
	require.NotContains(t, string(log), secret)
	require.Contains(t, string(log), `"User-Password":"hidden"`)
	require.Contains(t, string(log), `"User-Name":"v-1"`, "negative control: facts are there")
}

func TestStrayAnswersAreNoted(t *testing.T) {
	t.Parallel()
	r := realRig(t, func(c *Config) { c.SendAccounting = false })
	address := r.run.auth.conn.LocalAddr()
	for _, k := range []struct {
		from net.PacketConn
		want string
	}{
		{newDAC(t, r, "127.0.0.9:0").conn, "not from the server"},
		{r.server.conn, "nobody waits for it"},
	} {
		mark := r.mark()
		_, err := k.from.WriteTo(make([]byte, 20), address)
		require.NoError(t, err)
		_, err = r.WaitEvent(limit(t), mark, func(e Event) bool { return e.Kind == EventDropped && e.Note == k.want })
		require.NoError(t, err)
	}
}

// TestManyAtOnce is for the race detector: everything that ends a session at
// the same time, and the power switch last.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	r := realRig(t, func(c *Config) { c.Interim = time.Millisecond })
	c := newDAC(t, r, "127.0.0.1:0")
	var work sync.WaitGroup
	for i := range 40 {
		g := visitor()
		g.MAC = fmt.Sprintf("02-00-00-00-00-%02x", i%8)
		work.Go(func() {
			_, _ = r.Login(limit(t), g)
			r.Logout(g.MAC)
			r.Online()
		})
	}
	for range 20 {
		c.send(c.compose(radius.CodeDisconnectRequest, text(rfc2865.UserName_Type, "v-1")))
	}
	require.NoError(t, r.Reboot())
	work.Wait()
	r.Stop()
	ended := map[string]int{}
	for _, e := range r.Events(0) {
		if e.Kind == EventOnline || e.Kind == EventOffline {
			ended[string(e.Kind)]++
		}
	}
	require.Equal(t, ended["online"], ended["offline"], "each session ends once")
	require.Empty(t, r.Online())
}

func TestWaitEventEndsWithContext(t *testing.T) {
	t.Parallel()
	r := realRig(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.WaitEvent(ctx, 0, func(Event) bool { return false })
	require.ErrorIs(t, err, context.Canceled)
}
