package nas

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"layeh.com/radius"
	"layeh.com/radius/rfc2759"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/vendors/microsoft"
)

const (
	secret   = "a-shared-secret-of-length"
	password = "correct-horse-7"
	mac      = "02-00-00-00-00-01"
)

func visitor() Guest {
	return Guest{MAC: mac, IP: netip.MustParseAddr("10.0.0.5"), Username: "v-1", Password: password}
}

// server is the tiny RADIUS server of these tests. Its signing is written here
// a second time, apart from the package's own.
type server struct {
	conn net.PacketConn

	mu     sync.Mutex
	answer func(request *radius.Packet) *radius.Packet // nil: the default; its nil: silence
	mangle func([]byte) []byte                         // changes what is sent
	got    [][]byte
	wg     sync.WaitGroup
}

func serveRADIUS(t *testing.T, conn net.PacketConn) *server {
	s := &server{conn: conn}
	s.wg.Go(s.run)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		s.wg.Wait()
	})
	return s
}

func (s *server) addr() string { return s.conn.LocalAddr().String() }

func (s *server) run() {
	buffer := make([]byte, 4096)
	for {
		n, from, err := s.conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		if b := s.reply(append([]byte(nil), buffer[:n]...)); b != nil {
			_, _ = s.conn.WriteTo(b, from)
		}
	}
}

func (s *server) reply(b []byte) []byte {
	s.mu.Lock()
	s.got = append(s.got, b)
	answer, mangle := s.answer, s.mangle
	s.mu.Unlock()
	request, err := radius.Parse(b, []byte(secret))
	if err != nil || !radius.IsAuthenticRequest(b, []byte(secret)) {
		return nil
	}
	var out *radius.Packet
	switch {
	case request.Code == radius.CodeAccountingRequest && answer == nil:
		out = request.Response(radius.CodeAccountingResponse)
	case answer == nil:
		out = judge(request)
	default:
		out = answer(request)
	}
	if out == nil {
		return nil
	}
	signed := signAnswer(out)
	if mangle != nil {
		signed = mangle(signed)
	}
	return signed
}

func (s *server) set(answer func(*radius.Packet) *radius.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *server) setMangle(mangle func([]byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mangle = mangle
}

func (s *server) datagrams() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]byte(nil), s.got...)
}

// records are the accounting records that came, in order.
func (s *server) records(t *testing.T) []*radius.Packet {
	var list []*radius.Packet
	for _, b := range s.datagrams() {
		p, err := radius.Parse(b, []byte(secret))
		require.NoError(t, err)
		if p.Code == radius.CodeAccountingRequest {
			list = append(list, p)
		}
	}
	return list
}

func statuses(records []*radius.Packet) []string {
	var list []string
	for _, p := range records {
		list = append(list, rfc2866.AcctStatusType_Get(p).String())
	}
	return list
}

// signAnswer puts a Message-Authenticator first (Access answers) and signs.
func signAnswer(p *radius.Packet) []byte {
	access := p.Code == radius.CodeAccessAccept || p.Code == radius.CodeAccessReject
	if access {
		p.Attributes = append(radius.Attributes{{Type: 80, Attribute: make([]byte, 16)}}, p.Attributes...)
	}
	b, err := p.MarshalBinary()
	if err != nil {
		panic(err)
	}
	if access {
		mac := hmac.New(md5.New, []byte(secret))
		mac.Write(b)
		copy(b[22:38], mac.Sum(nil))
	}
	return resignAnswer(b, p.Authenticator)
}

// resignAnswer writes the Response Authenticator of RFC 2865 section 3.
func resignAnswer(b []byte, request [16]byte) []byte {
	h := md5.New()
	h.Write(b[:4])
	h.Write(request[:])
	h.Write(b[20:])
	h.Write([]byte(secret))
	copy(b[4:20], h.Sum(nil))
	return b
}

// judge accepts v-1 with the password, by whatever method.
func judge(p *radius.Packet) *radius.Packet {
	ok, extra := verify(p)
	if !ok || rfc2865.UserName_GetString(p) != "v-1" {
		reject := p.Response(radius.CodeAccessReject)
		_ = rfc2865.ReplyMessage_SetString(reject, "no")
		return reject
	}
	accept := p.Response(radius.CodeAccessAccept)
	accept.Add(rfc2865.Class_Type, radius.Attribute("class-1"))
	accept.Add(rfc2865.SessionTimeout_Type, radius.NewInteger(3600))
	if extra != nil {
		_ = microsoft.MSCHAP2Success_Set(accept, extra)
	}
	return accept
}

func verify(p *radius.Packet) (bool, []byte) {
	challenge := microsoft.MSCHAPChallenge_Get(p)
	switch {
	case p.Get(rfc2865.CHAPPassword_Type) != nil:
		v := p.Get(rfc2865.CHAPPassword_Type)
		sum := md5.Sum(append(append([]byte{v[0]}, password...), p.Get(rfc2865.CHAPChallenge_Type)...))
		return hmac.Equal(sum[:], v[1:]), nil
	case microsoft.MSCHAP2Response_Get(p) != nil:
		v := microsoft.MSCHAP2Response_Get(p)
		want, _ := rfc2759.GenerateNTResponse(challenge, v[2:18], []byte("v-1"), []byte(password))
		success, _ := rfc2759.GenerateAuthenticatorResponse(challenge, v[2:18], want, []byte("v-1"), []byte(password))
		return hmac.Equal(want, v[26:50]), append([]byte{v[0]}, success...)
	case microsoft.MSCHAPResponse_Get(p) != nil:
		v := microsoft.MSCHAPResponse_Get(p)
		utf16, _ := rfc2759.ToUTF16([]byte(password))
		return v[1] == 1 && hmac.Equal(rfc2759.ChallengeResponse(challenge, rfc2759.NTPasswordHash(utf16)), v[26:50]), nil
	default:
		return rfc2865.UserPassword_GetString(p) == password, nil
	}
}

// memory is a network without sockets, so that synctest knows when all wait.
type memory struct {
	mu    sync.Mutex
	next  int
	conns map[string]*memoryConn
}

type memoryConn struct {
	net    *memory
	addr   *net.UDPAddr
	queue  chan memoryDatagram
	closed chan struct{}
	once   sync.Once
}

type memoryDatagram struct {
	from *net.UDPAddr
	b    []byte
}

func newMemory() *memory { return &memory{next: 10_000, conns: map[string]*memoryConn{}} }

func (m *memory) listen(_ context.Context, _, address string) (net.PacketConn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if port == "0" {
		m.next++
		port = strconv.Itoa(m.next)
	}
	addr := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(net.JoinHostPort(host, port)))
	if m.conns[addr.String()] != nil {
		return nil, errors.New("address in use")
	}
	c := &memoryConn{net: m, addr: addr, queue: make(chan memoryDatagram, 1024), closed: make(chan struct{})}
	m.conns[addr.String()] = c
	return c, nil
}

func (c *memoryConn) WriteTo(b []byte, to net.Addr) (int, error) {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if peer := c.net.conns[to.String()]; peer != nil {
		select {
		case peer.queue <- memoryDatagram{c.addr, append([]byte(nil), b...)}:
		default:
		}
	}
	return len(b), nil
}

func (c *memoryConn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case d := <-c.queue:
		return copy(b, d.b), d.from, nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	}
}

func (c *memoryConn) Close() error {
	c.once.Do(func() {
		c.net.mu.Lock()
		delete(c.net.conns, c.addr.String())
		c.net.mu.Unlock()
		close(c.closed)
	})
	return nil
}

func (c *memoryConn) LocalAddr() net.Addr              { return c.addr }
func (c *memoryConn) SetDeadline(time.Time) error      { return nil }
func (c *memoryConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memoryConn) SetWriteDeadline(time.Time) error { return nil }

// rig is a NAS and its server.
type rig struct {
	*NAS
	server *server
	net    *memory // nil on real sockets
}

// realRig uses UDP on loopback.
func realRig(t *testing.T, change func(*Config)) rig {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	return startRig(t, serveRADIUS(t, conn), nil, change)
}

// memoryRig is for synctest bubbles.
func memoryRig(t *testing.T, change func(*Config)) rig {
	t.Helper()
	m := newMemory()
	conn, err := m.listen(t.Context(), "udp", "127.0.0.1:1812")
	require.NoError(t, err)
	return startRig(t, serveRADIUS(t, conn), m, change)
}

func startRig(t *testing.T, s *server, m *memory, change func(*Config)) rig {
	t.Helper()
	cfg := Config{
		Name: "nas-1", AuthAddr: s.addr(), AcctAddr: s.addr(), Secret: []byte(secret),
		SendMessageAuthenticator: true, SendAccounting: true, BindAddress: "127.0.0.3",
	}
	if m != nil {
		cfg.ListenPacket = m.listen
	}
	if change != nil {
		change(&cfg)
	}
	n, err := New(cfg)
	require.NoError(t, err)
	require.NoError(t, n.Start(t.Context()))
	t.Cleanup(n.Stop)
	return rig{NAS: n, server: s, net: m}
}

// limit bounds a wait on real sockets.
func limit(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// waitRecords waits until the server has seen this many accounting records.
func (r rig) waitRecords(t *testing.T, count int) []*radius.Packet {
	t.Helper()
	require.Eventually(t, func() bool { return len(r.server.records(t)) >= count }, 5*time.Second, time.Millisecond)
	return r.server.records(t)
}

func number(p *radius.Packet, kind radius.Type) uint32 {
	if a := p.Get(kind); len(a) == 4 {
		return binary.BigEndian.Uint32(a)
	}
	return 0
}
