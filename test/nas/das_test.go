package nas

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"net"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/rfc3162"
	"layeh.com/radius/rfc3576"
	"layeh.com/radius/rfc4372"
)

// dac is a scripted Disconnect client on its own socket. It signs by itself.
type dac struct {
	t    *testing.T
	r    rig
	conn net.PacketConn
	got  chan []byte
	next byte
}

func newDAC(t *testing.T, r rig, source string) *dac {
	t.Helper()
	listen := (&net.ListenConfig{}).ListenPacket
	if r.net != nil {
		listen = r.net.listen
	}
	conn, err := listen(t.Context(), "udp", source)
	require.NoError(t, err)
	c := &dac{t: t, r: r, conn: conn, got: make(chan []byte, 64)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 4096)
		for {
			n, _, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			c.got <- append([]byte(nil), buffer[:n]...)
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		<-done
	})
	return c
}

// compose signs a request: code, fresh identifier, Message-Authenticator, an
// Event-Timestamp now, and what is given.
func (c *dac) compose(code radius.Code, attributes ...*radius.AVP) []byte {
	stamp, err := radius.NewDate(time.Now())
	require.NoError(c.t, err)
	list := radius.Attributes{{Type: 80, Attribute: make([]byte, 16)}, {Type: 55, Attribute: stamp}}
	return c.sign(code, secret, append(list, attributes...))
}

func (c *dac) sign(code radius.Code, secret string, list radius.Attributes) []byte {
	c.next++
	p := &radius.Packet{Code: code, Identifier: c.next, Secret: []byte(secret), Attributes: list}
	b, err := p.MarshalBinary()
	require.NoError(c.t, err)
	if len(list) > 0 && list[0].Type == 80 {
		mac := hmac.New(md5.New, []byte(secret))
		mac.Write(b)
		copy(b[22:38], mac.Sum(nil))
	}
	h := md5.New()
	h.Write(b)
	h.Write([]byte(secret))
	copy(b[4:20], h.Sum(nil))
	return b
}

func (c *dac) send(b []byte) {
	addr, err := net.ResolveUDPAddr("udp", c.r.DASAddr())
	require.NoError(c.t, err)
	_, err = c.conn.WriteTo(b, addr)
	require.NoError(c.t, err)
}

// ask sends and returns the bytes of the answer, checked with layeh's code.
func (c *dac) ask(b []byte) *radius.Packet {
	c.t.Helper()
	answer := c.raw(b)
	require.True(c.t, radius.IsAuthenticResponse(answer, b, []byte(secret)))
	_, first, err := checkMessageAuthenticator(answer, seed(b[4:20]), []byte(secret))
	require.NoError(c.t, err)
	require.True(c.t, first)
	p, err := radius.Parse(answer, []byte(secret))
	require.NoError(c.t, err)
	require.Equal(c.t, b[1], p.Identifier)
	require.NotZero(c.t, rfc2869.EventTimestamp_Get(p))
	return p
}

func (c *dac) raw(b []byte) []byte {
	c.t.Helper()
	c.send(b)
	select {
	case answer := <-c.got:
		return answer
	case <-time.After(5 * time.Second):
		require.FailNow(c.t, "no answer from the DAS")
		return nil
	}
}

// dropped sends and waits until the NAS has decided to stay silent.
func (c *dac) dropped(b []byte) string {
	c.t.Helper()
	mark := c.r.mark()
	c.send(b)
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	e, err := c.r.WaitEvent(ctx, mark, func(e Event) bool { return e.Kind == EventDropped })
	require.NoError(c.t, err)
	require.Empty(c.t, c.got)
	return e.Note
}

func (r rig) mark() uint64 {
	events := r.Events(0)
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Seq
}

func text(kind radius.Type, value string) *radius.AVP {
	return &radius.AVP{Type: kind, Attribute: radius.Attribute(value)}
}

func acctSession(id string) *radius.AVP { return text(rfc2866.AcctSessionID_Type, id) }

func TestHonestDisconnect(t *testing.T) {
	t.Parallel()
	for name, stopFirst := range map[string]bool{"ACK first": false, "Stop first": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := realRig(t, func(c *Config) { c.Policy.StopFirst = stopFirst })
			id := login(t, r).AcctSessionID
			c := newDAC(t, r, "127.0.0.1:0")
			answer := c.ask(c.compose(radius.CodeDisconnectRequest, acctSession(id),
				text(rfc2865.CallingStationID_Type, "020000000001"), text(rfc2865.UserName_Type, "v-1"),
				&radius.AVP{Type: rfc2865.FramedIPAddress_Type, Attribute: []byte{10, 0, 0, 5}},
				&radius.AVP{Type: rfc2865.NASIPAddress_Type, Attribute: []byte{127, 0, 0, 3}},
				text(rfc2865.NASIdentifier_Type, "nas-1"), integer(rfc2865.NASPort_Type, 1),
				text(rfc2865.ProxyState_Type, "p1"), text(rfc2865.ProxyState_Type, "p2")))
			require.Equal(t, radius.CodeDisconnectACK, answer.Code)
			require.Equal(t, "p1,p2", string(answer.Attributes[2].Attribute)+","+string(answer.Attributes[3].Attribute))
			require.NoError(t, r.WaitOffline(limit(t), mac))
			stop := r.waitRecords(t, 3)[2]
			require.Equal(t, rfc2866.AcctTerminateCause_Value_AdminReset, rfc2866.AcctTerminateCause_Get(stop))
			require.Equal(t, id, rfc2866.AcctSessionID_GetString(stop))
			require.Equal(t, stopFirst, r.firstSent(t, "Acct-Status-Type", "Stop") < r.firstSent(t, "", "Disconnect-ACK"))
		})
	}
}

// firstSent is the sequence number of the first datagram that left with a
// fact, or of a packet name.
func (r rig) firstSent(t *testing.T, fact, value string) uint64 {
	t.Helper()
	e, err := r.WaitEvent(limit(t), 0, func(e Event) bool {
		return e.Kind == EventSent && (fact == "" && e.Packet == value || fact != "" && e.Facts[fact] == value)
	})
	require.NoError(t, err)
	return e.Seq
}

func TestDisconnectRefusals(t *testing.T) {
	t.Parallel()
	r := realRig(t, func(c *Config) { c.Policy.Unsupported = []uint8{8} })
	id := login(t, r).AcctSessionID
	c := newDAC(t, r, "127.0.0.1:0")
	cases := map[string]struct {
		cause uint32
		list  []*radius.AVP
	}{
		"unknown session":              {503, []*radius.AVP{acctSession("FFFFFFFF")}},
		"right session, wrong station": {503, []*radius.AVP{acctSession(id), text(rfc2865.CallingStationID_Type, "02-00-00-00-00-99")}},
		"right session, wrong user":    {503, []*radius.AVP{acctSession(id), text(rfc2865.UserName_Type, "v-2")}},
		"right session, wrong port":    {503, []*radius.AVP{acctSession(id), integer(rfc2865.NASPort_Type, 99)}},
		"no session attribute":         {402, nil},
		"another NAS-Identifier":       {403, []*radius.AVP{acctSession(id), text(rfc2865.NASIdentifier_Type, "nas-2")}},
		"another NAS-IP-Address":       {403, []*radius.AVP{acctSession(id), {Type: rfc2865.NASIPAddress_Type, Attribute: []byte{127, 0, 0, 4}}}},
		"a NAS-IPv6-Address":           {403, []*radius.AVP{acctSession(id), {Type: rfc3162.NASIPv6Address_Type, Attribute: make([]byte, 16)}}},
		"unsupported by policy":        {401, []*radius.AVP{acctSession(id), {Type: rfc2865.FramedIPAddress_Type, Attribute: []byte{10, 0, 0, 5}}}},
		"no place in a Disconnect":     {401, []*radius.AVP{acctSession(id), integer(rfc2865.SessionTimeout_Type, 60)}},
		"identity it does not keep":    {401, []*radius.AVP{acctSession(id), text(rfc4372.ChargeableUserIdentity_Type, "x")}},
		"malformed station":            {407, []*radius.AVP{text(rfc2865.CallingStationID_Type, "02-00-00")}},
	}
	for name, k := range cases {
		answer := c.ask(c.compose(radius.CodeDisconnectRequest, k.list...))
		require.Equal(t, radius.CodeDisconnectNAK, answer.Code, name)
		require.EqualValues(t, k.cause, rfc3576.ErrorCause_Get(answer), name)
	}
	answer := c.ask(c.compose(radius.CodeCoARequest, acctSession(id)))
	require.Equal(t, radius.CodeCoANAK, answer.Code)
	require.EqualValues(t, 406, rfc3576.ErrorCause_Get(answer))
	require.Len(t, r.Online(), 1)
}

func TestDisconnectOfSeveralSessions(t *testing.T) {
	t.Parallel()
	r := realRig(t, func(c *Config) { c.Policy.SingleSession = true })
	login(t, r)
	second := visitor()
	second.MAC = "02-00-00-00-00-02"
	_, err := r.Login(limit(t), second)
	require.NoError(t, err)
	c := newDAC(t, r, "127.0.0.1:0")
	answer := c.ask(c.compose(radius.CodeDisconnectRequest, text(rfc2865.UserName_Type, "v-1")))
	require.EqualValues(t, 508, rfc3576.ErrorCause_Get(answer))
	require.Len(t, r.Online(), 2)
	r.SetPolicy(Policy{})
	answer = c.ask(c.compose(radius.CodeDisconnectRequest, text(rfc2865.UserName_Type, "v-1")))
	require.Equal(t, radius.CodeDisconnectACK, answer.Code)
	require.NoError(t, r.WaitOffline(limit(t), second.MAC))
	require.NoError(t, r.WaitOffline(limit(t), mac))
}

func TestForgedDisconnectsGetSilence(t *testing.T) {
	t.Parallel()
	r := realRig(t, nil)
	id := login(t, r).AcctSessionID
	c := newDAC(t, r, "127.0.0.1:0")
	signed := &radius.AVP{Type: 80, Attribute: make([]byte, 16)}
	stamp := func(at time.Time) *radius.AVP {
		b, err := radius.NewDate(at)
		require.NoError(t, err)
		return &radius.AVP{Type: 55, Attribute: b}
	}
	now := stamp(time.Now())
	request := func(secret string, list ...*radius.AVP) []byte {
		return c.sign(radius.CodeDisconnectRequest, secret, append(list, acctSession(id)))
	}
	spoilt := request(secret, signed, now)
	copy(spoilt[22:38], make([]byte, 16)) // the Message-Authenticator, then signed right
	copy(spoilt[4:20], make([]byte, 16))
	sum := md5.Sum(append(append([]byte(nil), spoilt...), secret...))
	copy(spoilt[4:20], sum[:])

	for name, b := range map[string][]byte{
		"wrong secret":                request("another", signed, now),
		"wrong Message-Authenticator": spoilt,
		"two of them":                 request(secret, signed, signed, now),
		"no Message-Authenticator":    request(secret, now),
		"no Event-Timestamp":          request(secret, signed),
		"malformed Event-Timestamp":   request(secret, signed, text(55, "x")),
		"an hour old":                 request(secret, signed, stamp(time.Now().Add(-time.Hour))),
		"an hour ahead":               request(secret, signed, stamp(time.Now().Add(time.Hour))),
		"not a request":               c.sign(radius.CodeDisconnectACK, secret, nil),
		"short":                       {40, 1, 0, 20},
		"length beyond the datagram":  {40, 1, 0xff, 0xff, 19: 0},
	} {
		require.NotEmpty(t, c.dropped(b), name)
	}
	stranger := newDAC(t, r, "127.0.0.9:0")
	require.Contains(t, stranger.dropped(request(secret, signed, now)), "source")
	require.Len(t, r.Online(), 1)

	r.SetPolicy(Policy{WithoutMessageAuthenticator: true, WithoutEventTimestamp: true})
	require.Equal(t, radius.CodeDisconnectACK, c.ask(request(secret)).Code, "negative control")
}

func TestRepeatedDisconnectGetsTheSameBytes(t *testing.T) {
	t.Parallel()
	r := realRig(t, nil)
	id := login(t, r).AcctSessionID
	c := newDAC(t, r, "127.0.0.1:0")
	b := c.compose(radius.CodeDisconnectRequest, acctSession(id))
	first := c.raw(b)
	require.Equal(t, first, c.raw(append(b, "padding"...)))
	require.EqualValues(t, radius.CodeDisconnectACK, first[0])
	require.NoError(t, r.WaitOffline(limit(t), mac))
	require.Equal(t, []string{"Accounting-On", "Start", "Stop"}, statuses(r.waitRecords(t, 3)))
	require.EqualValues(t, 503, rfc3576.ErrorCause_Get(c.ask(c.compose(radius.CodeDisconnectRequest, acctSession(id)))))
}

func TestScript(t *testing.T) {
	t.Parallel()
	r := realRig(t, nil)
	id := login(t, r).AcctSessionID
	c := newDAC(t, r, "127.0.0.1:0")
	fresh := func() []byte { return c.compose(radius.CodeDisconnectRequest, acctSession(id)) }
	require.NoError(t, r.Script(
		Behaviour{Answer: NAK, ErrorCause: 506, Times: 2},
		Behaviour{Answer: NAK, Times: 1},
		Behaviour{Answer: Drop, Times: 2},
		Behaviour{Answer: BadAuthenticator, Times: 1},
		Behaviour{Answer: Lie, Times: 1},
	))
	require.EqualValues(t, 506, rfc3576.ErrorCause_Get(c.ask(fresh())))
	require.EqualValues(t, 506, rfc3576.ErrorCause_Get(c.ask(fresh())))
	_, err := rfc3576.ErrorCause_Lookup(c.ask(fresh()))
	require.ErrorIs(t, err, radius.ErrNoAttribute)

	retransmitted := fresh()
	require.Equal(t, "scripted silence", c.dropped(retransmitted))
	require.Equal(t, "scripted silence", c.dropped(retransmitted))
	require.False(t, radius.IsAuthenticResponse(c.raw(retransmitted), retransmitted, []byte(secret)))
	require.Equal(t, radius.CodeDisconnectACK, c.ask(retransmitted).Code)
	require.Len(t, r.Online(), 1, "that was the lie")

	require.Equal(t, radius.CodeDisconnectACK, c.ask(fresh()).Code)
	require.NoError(t, r.WaitOffline(limit(t), mac))
}

func TestScriptIsChecked(t *testing.T) {
	t.Parallel()
	r := realRig(t, nil)
	for _, step := range []Behaviour{
		{Answer: "shrug"}, {Times: -1}, {Delay: -1}, {Delay: time.Hour}, {Answer: Lie, ErrorCause: 503},
	} {
		require.ErrorIs(t, r.Script(step), ErrBehaviour)
	}
	require.NoError(t, r.Script())
}

func TestAPermanentStepStays(t *testing.T) {
	t.Parallel()
	r := realRig(t, nil)
	id := login(t, r).AcctSessionID
	c := newDAC(t, r, "127.0.0.1:0")
	require.NoError(t, r.Script(Behaviour{Answer: NAK, ErrorCause: 504}))
	for range 3 {
		require.EqualValues(t, 504, rfc3576.ErrorCause_Get(c.ask(c.compose(radius.CodeDisconnectRequest, acctSession(id)))))
	}
}

func TestTheLieGoesOnAccounting(t *testing.T) {
	bubble(t, func(c *Config) { c.Interim = time.Minute }, func(t *testing.T, r rig) {
		id := login(t, r).AcctSessionID
		require.NoError(t, r.Script(Behaviour{Answer: Lie}))
		c := newDAC(t, r, "127.0.0.1:0")
		require.Equal(t, radius.CodeDisconnectACK, c.ask(c.compose(radius.CodeDisconnectRequest, acctSession(id))).Code)
		pass(2 * time.Minute)
		require.Equal(t, []string{"Accounting-On", "Start", "Interim-Update", "Interim-Update"}, statuses(r.server.records(t)))
	})
}

func TestACKWithoutStop(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		id := login(t, r).AcctSessionID
		require.NoError(t, r.Script(Behaviour{Answer: ACKWithoutStop}))
		c := newDAC(t, r, "127.0.0.1:0")
		require.Equal(t, radius.CodeDisconnectACK, c.ask(c.compose(radius.CodeDisconnectRequest, acctSession(id))).Code)
		pass(time.Minute)
		require.Empty(t, r.Online())
		require.Equal(t, []string{"Accounting-On", "Start"}, statuses(r.server.records(t)))
	})
}

func TestDelayDropsRepeatsMeanwhile(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		id := login(t, r).AcctSessionID
		require.NoError(t, r.Script(Behaviour{Delay: 10 * time.Second, Times: 1}))
		c := newDAC(t, r, "127.0.0.1:0")
		b := c.compose(radius.CodeDisconnectRequest, acctSession(id))
		c.send(b)
		pass(2 * time.Second)
		require.Equal(t, "repeat of a request in hand", c.dropped(b))
		pass(8*time.Second - 1)
		require.Empty(t, c.got)
		require.Len(t, r.Online(), 1)
		pass(1)
		require.EqualValues(t, radius.CodeDisconnectACK, (<-c.got)[0])
		require.Empty(t, r.Online())
	})
}

func TestStopDuringADelay(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		require.NoError(t, r.Script(Behaviour{Delay: time.Minute}))
		c := newDAC(t, r, "127.0.0.1:0")
		c.send(c.compose(radius.CodeDisconnectRequest, acctSession("1")))
		synctest.Wait()
		started := time.Now()
		r.Stop()
		require.Zero(t, time.Since(started))
	})
}

func TestTheDASIsBounded(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		require.NoError(t, r.Script(Behaviour{Delay: time.Minute}))
		c := newDAC(t, r, "127.0.0.1:0")
		for range maxHandlers {
			c.send(c.compose(radius.CodeDisconnectRequest, acctSession("1")))
		}
		synctest.Wait()
		require.Equal(t, "too many requests in hand", c.dropped(c.compose(radius.CodeDisconnectRequest, acctSession("1"))))
		pass(time.Minute)
		require.Len(t, c.got, maxHandlers)
	})
}

func TestTheAnswerMemoryIsBounded(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		d := r.run.das
		for i := range 2 * maxRepeats {
			_, known := d.begin(repeatKey{authenticator: seed{byte(i), byte(i >> 8)}})
			require.False(t, known)
		}
		require.LessOrEqual(t, len(d.seen), maxRepeats)
		last := repeatKey{authenticator: seed{0xff, 0x07}}
		_, known := d.begin(last)
		require.True(t, known)
		pass(repeatLife)
		_, known = d.begin(last)
		require.False(t, known)
	})
}

func TestADeviceReconnectsAfterADisconnect(t *testing.T) {
	t.Parallel()
	r := realRig(t, nil)
	g := visitor()
	g.Reconnects = true
	result, err := r.Login(limit(t), g)
	require.NoError(t, err)
	r.server.set(func(p *radius.Packet) *radius.Packet {
		if p.Code == radius.CodeAccountingRequest {
			return p.Response(radius.CodeAccountingResponse)
		}
		return p.Response(radius.CodeAccessReject)
	})
	mark := r.mark()
	c := newDAC(t, r, "127.0.0.1:0")
	require.Equal(t, radius.CodeDisconnectACK, c.ask(c.compose(radius.CodeDisconnectRequest, acctSession(result.AcctSessionID))).Code)
	_, err = r.WaitEvent(limit(t), mark, func(e Event) bool { return e.Packet == "Access-Reject" })
	require.NoError(t, err)
	require.Empty(t, r.Online())
}

// TestRadclient is the independent peer: FreeRADIUS' client as the DAC.
func TestRadclient(t *testing.T) {
	t.Parallel()
	r := realRig(t, nil)
	id := login(t, r).AcctSessionID
	disconnect := func(session string) (string, error) {
		command := exec.CommandContext(limit(t), "radclient", "-x", "-r1", "-t3", r.DASAddr(), "disconnect", secret)
		command.Stdin = strings.NewReader("Acct-Session-Id=" + session +
			",Event-Timestamp=" + time.Now().UTC().Format(`"Jan _2 2006 15:04:05 UTC"`) + ",Message-Authenticator=0x00\n")
		out, err := command.CombinedOutput()
		return string(out), err
	}
	out, err := disconnect("FFFFFFFF")
	require.Error(t, err)
	require.Contains(t, out, "Received Disconnect-NAK", out)
	require.Contains(t, out, "Error-Cause = Session-Context-Not-Found", out)
	out, err = disconnect(id)
	require.NoError(t, err, out)
	require.Contains(t, out, "Received Disconnect-ACK", out)
	require.NoError(t, r.WaitOffline(limit(t), mac))
}
