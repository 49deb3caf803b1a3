package disconnect

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"layeh.com/radius"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/rfc3576"

	"github.com/foyerhq/foyer/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "a-shared-secret-of-the-test"

// reply says what a scripted NAS does with one request: the datagrams it sends
// back, in order.
type reply func(request []byte) [][]byte

// testNAS is a NAS on a loopback socket. Each request takes the next reply of
// the script; the last one repeats.
type testNAS struct {
	conn   *net.UDPConn
	done   chan struct{}
	mu     sync.Mutex
	got    [][]byte
	script []reply

	lastFrom string // where the last request came from
}

func newTestNAS(t *testing.T, script ...reply) *testNAS {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	require.NoError(t, err)
	n := &testNAS{conn: conn, done: make(chan struct{}), script: script}
	go n.serve()
	t.Cleanup(func() { _ = n.conn.Close(); <-n.done })
	return n
}

func (n *testNAS) serve() {
	defer close(n.done)
	buffer := make([]byte, 4096)
	for {
		size, from, err := n.conn.ReadFromUDP(buffer)
		if err != nil {
			return
		}
		request := slices.Clone(buffer[:size])
		for _, datagram := range n.next(request, from)(request) {
			_, _ = n.conn.WriteToUDP(datagram, from)
		}
	}
}

func (n *testNAS) next(request []byte, from net.Addr) reply {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lastFrom = from.String()
	n.got = append(n.got, request)
	r := n.script[0]
	if len(n.script) > 1 {
		n.script = n.script[1:]
	}
	return r
}

func (n *testNAS) requests() [][]byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.got)
}

func (n *testNAS) nas() *wire.NAS {
	return &wire.NAS{
		ID: "nas-1", Source: netip.MustParsePrefix("127.0.0.0/8"), Secret: secret, AccountingSeen: true,
		CoAPort: n.conn.LocalAddr().(*net.UDPAddr).Port,
	}
}

func silent([]byte) [][]byte { return nil }

func ack(request []byte) [][]byte {
	return [][]byte{answerTo(request, radius.CodeDisconnectACK, secret)}
}

func nak(cause uint32) reply {
	return func(request []byte) [][]byte {
		p := response(request, radius.CodeDisconnectNAK, secret)
		_ = rfc3576.ErrorCause_Set(p, rfc3576.ErrorCause(cause))
		return [][]byte{encode(p)}
	}
}

func bareNAK(request []byte) [][]byte {
	return [][]byte{answerTo(request, radius.CodeDisconnectNAK, secret)}
}

// ackWith is an ACK with a Message-Authenticator and Event-Timestamp.
func ackWith(at time.Time, key string) reply {
	return func(request []byte) [][]byte {
		p := response(request, radius.CodeDisconnectACK, secret)
		_ = rfc2869.EventTimestamp_Set(p, at)
		p.Add(80, make([]byte, 16))
		draft, _ := p.MarshalBinary() // carries the request's authenticator
		h := hmac.New(md5.New, []byte(key))
		h.Write(draft)
		p.Set(80, h.Sum(nil))
		return [][]byte{encode(p)}
	}
}

func response(request []byte, code radius.Code, key string) *radius.Packet {
	p, err := radius.Parse(request, []byte(key))
	if err != nil {
		panic(err)
	}
	return p.Response(code)
}

func answerTo(request []byte, code radius.Code, key string) []byte {
	return encode(response(request, code, key))
}

func encode(p *radius.Packet) []byte {
	b, err := p.Encode()
	if err != nil {
		panic(err)
	}
	return b
}

// requireGenuine checks a request as an independent receiver would: RFC 5176's
// Request Authenticator by the library, Message-Authenticator by hand.
func requireGenuine(t *testing.T, b []byte) *radius.Packet {
	t.Helper()
	require.True(t, radius.IsAuthenticRequest(b, []byte(secret)), "Request Authenticator")
	p, err := radius.Parse(b, []byte(secret))
	require.NoError(t, err)
	said := slices.Clone(p.Get(80))
	clean := slices.Clone(b)
	clear(clean[4:20])
	for at := 20; at < len(clean); at += int(clean[at+1]) {
		if clean[at] == 80 {
			clear(clean[at+2 : at+18])
		}
	}
	require.Equal(t, len(b), int(binary.BigEndian.Uint16(clean[2:])))
	h := hmac.New(md5.New, []byte(secret))
	h.Write(clean)
	require.Equal(t, h.Sum(nil), []byte(said), "Message-Authenticator")
	_, err = rfc2869.EventTimestamp_Lookup(p)
	require.NoError(t, err, "Event-Timestamp")
	return p
}

func testSession() wire.Session {
	return wire.Session{
		Key:      wire.SessionKey{NASID: "nas-1", AcctSessionID: "5F3A-01", StartedAt: time.Date(2030, 5, 1, 8, 0, 0, 0, time.UTC)},
		ID:       "session-1",
		GrantID:  "grant-1",
		Username: "v-7k2m", MAC: "aa:bb:cc:dd:ee:ff", MACSpelt: "AABB.CCDD.EEFF",
		IP: "10.1.0.77", NASAddress: "127.0.0.1", NASIP: "10.1.0.2", NASIdentifier: "lobby-ap",
	}
}
