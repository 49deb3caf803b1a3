package radius

import (
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/wire"
)

func TestRepeatedRequestsGetTheSameOctets(t *testing.T) {
	t.Parallel()
	for name, request := range map[string][]byte{
		"PAP":       papLogin(t, testUser, testPassword).signed(t),
		"MS-CHAPv2": mschap2Login(t, testUser, testPassword).signed(t),
		"reject":    mschap2Login(t, testUser, "wrong").signed(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			first := b.ask(request, authPort, testNAS)
			logins := len(b.sessions.logins())
			b.clock.move(answerLife - 1)
			require.Equal(t, first, b.ask(request, authPort, testNAS))
			require.Len(t, b.sessions.logins(), logins, "not executed twice")
			require.Equal(t, 1, b.answered(authPort, answeredAgain))

			b.clock.move(1)
			require.NotEqual(t, first, b.ask(request, authPort, testNAS), "forgotten after its life")
		})
	}
}

func TestWhatMakesARequestNew(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	request := papLogin(t, testUser, testPassword).signed(t)
	first := b.ask(request, authPort, testNAS)
	other := netip.AddrPortFrom(testNAS.Addr(), testNAS.Port()+1)
	require.NotEqual(t, first, b.ask(request, authPort, other), "another port of the NAS")

	replacing := papLogin(t, testUser, testPassword)
	replacing.Identifier = request[1]
	require.NotNil(t, b.ask(replacing.signed(t), authPort, testNAS))
	require.NotEqual(t, first, b.ask(request, authPort, testNAS), "the identifier was used again")
	require.Len(t, b.sessions.logins(), 4)
}

func TestForgedRepetitionGetsNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	request := papLogin(t, testUser, testPassword).signed(t)
	require.NotNil(t, b.ask(request, authPort, testNAS))
	request[len(request)-1] ^= 1 // same address, port, Identifier and Request Authenticator
	require.Nil(t, b.ask(request, authPort, testNAS))
}

func TestAcceptIsNotRepeatedAfterItsGrantEnded(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*bundle){
		"revoked": func(b *bundle) { b.grants.end(testUser, wire.RefusedRevoked) },
		"shortened": func(b *bundle) {
			b.grants.put(changed(b, func(g *wire.Grant) { g.NotAfter = testStart.Add(time.Minute) }))
		},
		"reissued": func(b *bundle) { b.grants.put(changed(b, func(g *wire.Grant) { g.ID, g.Password = "other", "other" })) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			request := papLogin(t, testUser, testPassword).signed(t)
			first := b.ask(request, authPort, testNAS)
			end(b)
			require.NotEqual(t, first, b.ask(request, authPort, testNAS))
		})
	}
	t.Run("extended", func(t *testing.T) {
		t.Parallel()
		b := newBundle(t)
		request := papLogin(t, testUser, testPassword).signed(t)
		first := b.ask(request, authPort, testNAS)
		b.grants.put(changed(b, func(g *wire.Grant) { g.NotAfter = g.NotAfter.Add(time.Hour) }))
		require.Equal(t, first, b.ask(request, authPort, testNAS))
	})
}

func changed(b *bundle, change func(*wire.Grant)) wire.Grant {
	g := *b.grants.byName[testUser]
	change(&g)
	return g
}

// remembering is a request as far as the answers look at it.
func remembering(identifier, authenticator byte, at time.Time) *request {
	r := newRequest()
	r.socket, r.source, r.at = &socket{port: authPort}, testNAS, at
	r.packet = header(headerLen)
	r.packet[1], r.packet[4] = identifier, authenticator
	return r
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	var inAll atomic.Int64
	lane := func(limit int) *answers {
		return &answers{limit: limit, inAll: &inAll, maximum: 10, index: map[answerKey]*entry{}}
	}
	one, two := lane(4), lane(100)
	fill := func(l *answers, n int) {
		for i := range n {
			r := remembering(byte(i), byte(i>>8), testStart)
			require.Equal(t, seenNever, l.begin(r))
			r.answer = []byte{byte(i)}
			l.finish(r)
		}
	}
	fill(one, 200)
	require.Len(t, one.index, 4)
	require.Equal(t, seenAnswered, one.begin(remembering(199, 0, testStart)), "the newest are kept")
	require.Equal(t, seenNever, one.begin(remembering(195, 0, testStart)), "the oldest are not")
	fill(two, 200)
	require.Len(t, two.index, 6, "what the other left")
	require.LessOrEqual(t, inAll.Load(), int64(10))
	three := lane(4)
	fill(three, 3)
	require.Len(t, three.index, 1, "nobody is left without any")

	for _, l := range []*answers{one, two, three} {
		require.True(t, l.prune(testStart.Add(answerLife)))
		require.Empty(t, l.index)
	}
	require.Zero(t, inAll.Load())
}

func TestAnswersInProgress(t *testing.T) {
	t.Parallel()
	var inAll atomic.Int64
	l := &answers{limit: 1, inAll: &inAll, maximum: 10, index: map[answerKey]*entry{}}
	first := remembering(1, 1, testStart)
	require.Equal(t, seenNever, l.begin(first))
	require.Equal(t, seenWorking, l.begin(remembering(1, 1, testStart)))

	second := remembering(2, 2, testStart) // takes the first one's place
	require.Equal(t, seenNever, l.begin(second))
	first.answer = []byte("late")
	l.finish(first)
	require.Equal(t, seenWorking, l.begin(remembering(2, 2, testStart)), "a late answer goes nowhere")
	l.finish(second) // without an answer
	require.Equal(t, seenNever, l.begin(remembering(2, 2, testStart)))
}
