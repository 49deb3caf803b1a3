package radius

import (
	"crypto/hmac"
	"crypto/md5"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	layeh "layeh.com/radius"
	"layeh.com/radius/rfc2759"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/vendors/microsoft"
)

var testNAS = netip.MustParseAddrPort("127.0.0.1:40000")

// message builds packets with an independent implementation.
type message struct{ *layeh.Packet }

func newMessage(c code) message {
	return message{layeh.New(layeh.Code(c), []byte(testSecret))}
}

func login(t testing.TB, name string) message {
	t.Helper()
	m := newMessage(codeAccessRequest)
	require.NoError(t, rfc2865.UserName_SetString(m.Packet, name))
	return m
}

func papLogin(t testing.TB, name, password string) message {
	t.Helper()
	m := login(t, name)
	require.NoError(t, rfc2865.UserPassword_SetString(m.Packet, password))
	return m
}

func chapLogin(t testing.TB, name, password string) message {
	t.Helper()
	m := login(t, name)
	challenge := []byte("0123456789abcdef")
	sum := md5.Sum(append(append([]byte{7}, password...), challenge...))
	require.NoError(t, rfc2865.CHAPChallenge_Set(m.Packet, challenge))
	require.NoError(t, rfc2865.CHAPPassword_Set(m.Packet, append([]byte{7}, sum[:]...)))
	return m
}

var (
	msTestChallenge = []byte("authenticator-16")
	msTestPeer      = []byte("peer-challenge16")
)

func mschap2Login(t testing.TB, name, password string) message {
	t.Helper()
	m := login(t, name)
	nt, err := rfc2759.GenerateNTResponse(msTestChallenge, msTestPeer, []byte(name), []byte(password))
	require.NoError(t, err)
	response := append([]byte{9, 0}, msTestPeer...)
	response = append(append(response, make([]byte, 8)...), nt...)
	require.NoError(t, microsoft.MSCHAPChallenge_Add(m.Packet, msTestChallenge))
	require.NoError(t, microsoft.MSCHAP2Response_Add(m.Packet, response))
	return m
}

func account(t testing.TB, status rfc2866.AcctStatusType, session string) message {
	t.Helper()
	m := newMessage(codeAccountingRequest)
	require.NoError(t, rfc2866.AcctStatusType_Set(m.Packet, status))
	require.NoError(t, rfc2866.AcctSessionID_SetString(m.Packet, session))
	require.NoError(t, rfc2865.UserName_SetString(m.Packet, testUser))
	return m
}

func (m message) from(mac string) message {
	_ = rfc2865.CallingStationID_SetString(m.Packet, mac)
	return m
}

func (m message) with(kind attribute, value []byte) message {
	m.Add(layeh.Type(kind), value)
	return m
}

// octets encodes without a Message-Authenticator.
func (m message) octets(t testing.TB) []byte {
	t.Helper()
	b, err := m.Encode()
	require.NoError(t, err)
	return b
}

// signed encodes with a Message-Authenticator, which the caller may break.
func (m message) signed(t testing.TB) []byte {
	t.Helper()
	require.NoError(t, rfc2869.MessageAuthenticator_Set(m.Packet, make([]byte, 16)))
	b, err := m.MarshalBinary()
	require.NoError(t, err)
	at := offsetOf(t, b, attrMessageAuthenticator)
	if m.Code == layeh.CodeAccountingRequest {
		clear(b[4:20])
	}
	mac := hmac.New(md5.New, []byte(testSecret))
	mac.Write(b)
	mac.Sum(b[:at+2])
	if m.Code == layeh.CodeAccountingRequest {
		sum := md5.Sum(append(append([]byte(nil), b...), testSecret...))
		copy(b[4:], sum[:])
	}
	return b
}

func offsetOf(t testing.TB, b []byte, kind attribute) int {
	t.Helper()
	p, err := parse(b)
	require.NoError(t, err)
	for at := headerLen; at < len(p); at = p.next(at) {
		if p.kind(at) == kind {
			return at
		}
	}
	require.Fail(t, "no such attribute")
	return 0
}

// ask hands a datagram to the handler as if it had come to a port, and returns a
// copy of the answer, nil for silence.
func (b *bundle) ask(datagram []byte, to port, from netip.AddrPort) []byte {
	r := newRequest()
	r.socket, r.from = &socket{port: to}, from
	r.received = copy(r.in[:], datagram)
	b.handle(r)
	if r.answer == nil {
		return nil
	}
	return append([]byte{}, r.answer...)
}

// auth asks the authentication port and checks whatever comes back: it must be
// authentic, and signed first of all.
func (b *bundle) auth(t testing.TB, request []byte) *layeh.Packet {
	t.Helper()
	return verified(t, b.ask(request, authPort, testNAS), request, true)
}

func (b *bundle) acct(t testing.TB, request []byte) *layeh.Packet {
	t.Helper()
	return verified(t, b.ask(request, acctPort, testNAS), request, false)
}

func verified(t testing.TB, answer, request []byte, signed bool) *layeh.Packet {
	t.Helper()
	if answer == nil {
		return nil
	}
	require.True(t, layeh.IsAuthenticResponse(answer, request, []byte(testSecret)), "Response Authenticator")
	require.Equal(t, request[1], answer[1], "Identifier")
	if signed {
		require.Equal(t, byte(attrMessageAuthenticator), answer[headerLen], "Message-Authenticator comes first")
		zeroed := append([]byte{}, answer...)
		copy(zeroed[4:20], request[4:20])
		clear(zeroed[headerLen+2 : headerLen+18])
		mac := hmac.New(md5.New, []byte(testSecret))
		mac.Write(zeroed)
		require.Equal(t, mac.Sum(nil), answer[headerLen+2:headerLen+18], "Message-Authenticator")
	}
	p, err := layeh.Parse(answer, []byte(testSecret))
	require.NoError(t, err)
	copy(p.Authenticator[:], request[4:20]) // hidden attributes are keyed to the request
	return p
}
