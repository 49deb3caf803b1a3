package radius

import (
	"encoding/binary"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"layeh.com/radius/rfc2866"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// fuzzed is a server for one input: nothing an earlier one did is left.
func fuzzed(t testing.TB, policy visit.MessageAuthenticatorPolicy) *bundle {
	b := newBundle(t, func(c *Config) {
		c.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
		c.Metrics = NewMetrics(prometheus.NewRegistry())
		c.JournalFor = time.Second
	})
	b.nases.set(func(n *wire.NAS) { n.MessageAuthenticator = policy })
	return b
}

// attributesOf returns what follows a packet's header, as a seed.
func attributesOf(datagram []byte) []byte { return datagram[headerLen:] }

// keyed makes a request of fuzzed attributes that passes for authentic, so that
// what lies behind the proof is reached; nil where no such packet can be.
func keyed(c code, identifier byte, attributes []byte) []byte {
	const signature = 18
	if len(attributes) > maxPacket-headerLen-signature {
		return nil
	}
	p, err := parse(header(headerLen+len(attributes), attributes...))
	if err != nil || p.fields().messageAuthenticator != 0 {
		return nil
	}
	p = append(append(p, byte(attrMessageAuthenticator), signature), make([]byte, signature-2)...)
	p[0], p[1] = byte(c), identifier
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	if c != codeAccountingRequest {
		copy(p.authenticator(), "authenticator-16")
	}
	var h hasher
	sum := h.messageAuthenticator(p, len(p)-signature, p.authenticator(), testSecret)
	copy(p[len(p)-16:], sum[:])
	if c == codeAccountingRequest {
		sum = h.keyed(p, zeros[:], testSecret)
		copy(p.authenticator(), sum[:])
	}
	return p
}

func noPanic(t *testing.T, b *bundle) {
	t.Helper()
	require.Zero(t, testutil.ToFloat64(b.cfg.Metrics.panics), "panicked")
}

// FuzzAccess: whatever is sent in an authentic Access-Request, an answer is
// authentic, signed first, and the same for a repetition.
func FuzzAccess(f *testing.F) {
	for _, seed := range [][]byte{
		papLogin(f, testUser, testPassword).octets(f),
		chapLogin(f, testUser, testPassword).octets(f),
		mschap2Login(f, testUser, testPassword).octets(f),
		login(f, testUser).with(attrEAPMessage, []byte{2, 1, 0, 4}).with(attrProxyState, []byte("p")).octets(f),
		chapLogin(f, guestName, guestSecret).from(guestMAC).octets(f),
		papLogin(f, "020000abcdef", "02-00-00-AB-CD-EF").from("0200.00ab.cdef").octets(f),
		login(f, "02-00-00-AB-CD-EF").with(attrServiceType, []byte{0, 0, 0, serviceCallCheck}).octets(f),
	} {
		f.Add(attributesOf(seed))
	}
	f.Fuzz(func(t *testing.T, attributes []byte) {
		b := fuzzed(t, visit.RequireMessageAuthenticator)
		portal := guest(oneTime())
		portal.MACAuth = true
		b.grants.put(portal)
		request := keyed(codeAccessRequest, 1, attributes)
		if request == nil {
			return
		}
		answer := b.ask(request, authPort, testNAS)
		noPanic(t, b)
		if answer == nil {
			require.Equal(t, 1, b.discarded(authPort, dropTooLong))
			return
		}
		verified(t, answer, request, true)
		require.Equal(t, answer, b.ask(request, authPort, testNAS))
	})
}

// FuzzAccounting: an authentic Accounting-Request is answered if and only if
// there was something durable to say or nothing to say at all.
func FuzzAccounting(f *testing.F) {
	for status := range rfc2866.AcctStatusType(10) {
		f.Add(attributesOf(account(f, status, "1").from("02-00-00-00-00-01").with(attrClass, []byte("F")).octets(f)))
	}
	f.Fuzz(func(t *testing.T, attributes []byte) {
		b := fuzzed(t, visit.RequireMessageAuthenticator)
		request := keyed(codeAccountingRequest, 1, attributes)
		if request == nil {
			return
		}
		answer := b.ask(request, acctPort, testNAS)
		noPanic(t, b)
		if answer == nil {
			require.Empty(t, b.journal.accounting())
			require.Equal(t, 1, b.discarded(acctPort, dropInvalid)+b.discarded(acctPort, dropTooLong))
			return
		}
		verified(t, answer, request, false)
	})
}

// FuzzStatus: an authentic Status-Server is answered on both ports.
func FuzzStatus(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{byte(attrProxyState), 3, 'p'})
	f.Fuzz(func(t *testing.T, attributes []byte) {
		b := fuzzed(t, visit.RequireMessageAuthenticator)
		request := keyed(codeStatusServer, 1, attributes)
		if request == nil {
			return
		}
		for p := range ports {
			if answer := b.ask(request, p, testNAS); answer != nil {
				verified(t, answer, request, true)
			}
		}
		noPanic(t, b)
	})
}

// FuzzDatagram: octets without any proof get no answer where proof is demanded,
// and do no harm where it is not.
func FuzzDatagram(f *testing.F) {
	f.Add(papLogin(f, testUser, testPassword).octets(f))
	f.Add(mschap2Login(f, testUser, testPassword).octets(f))
	f.Add(account(f, start, "1").octets(f)[:headerLen+3])
	f.Add(header(headerLen))
	f.Fuzz(func(t *testing.T, datagram []byte) {
		if len(datagram) > maxPacket {
			return
		}
		strict, lax := fuzzed(t, visit.RequireMessageAuthenticator), fuzzed(t, visit.AllowNone)
		require.Nil(t, strict.ask(datagram, authPort, testNAS))
		require.Nil(t, strict.ask(datagram, acctPort, testNAS))
		noPanic(t, strict)
		if answer := lax.ask(datagram, authPort, testNAS); answer != nil {
			verified(t, answer, datagram[:binary.BigEndian.Uint16(datagram[2:])], true)
		}
		noPanic(t, lax)
	})
}

// FuzzClass: only what was sealed opens.
func FuzzClass(f *testing.F) {
	key := []byte("0123456789abcdef0123456789abcdef")
	classes, err := newClasses(key, zeroReader{})
	require.NoError(f, err)
	sealed, err := classes.seal(make([]byte, 0, maxValue), "grant")
	require.NoError(f, err)
	f.Add(sealed)
	f.Add([]byte("F"))
	f.Fuzz(func(t *testing.T, class []byte) {
		id := classes.open(class)
		require.Equal(t, string(class) == string(sealed), id != "")
	})
}

type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
