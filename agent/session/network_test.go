package session

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/wire"
)

// At an access point of a network that is one NAS.
func (b *bench) at(address, identifier string, a wire.Accounting) {
	a.Session.NASAddress, a.Session.NASIdentifier = address, identifier
	b.Account(b.Resolve(a))
}

func TestAResetIsOfItsSenderOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		session, reset [2]string // address and NAS-Identifier
		ends           bool
	}{
		"same address":              {[2]string{"10.1.0.2", "ap"}, [2]string{"10.1.0.2", "ap"}, true},
		"an address, by two names":  {[2]string{"10.1.0.2", "lobby"}, [2]string{"10.1.0.2", "ap"}, true},
		"another address":           {[2]string{"10.1.0.2", "ap"}, [2]string{"10.1.0.3", "ap"}, false},
		"same name, an address":     {[2]string{"10.1.0.2", "ap"}, [2]string{"", "ap"}, true},
		"another name":              {[2]string{"", "lobby"}, [2]string{"10.1.0.3", "ap"}, false},
		"neither known of reset":    {[2]string{"10.1.0.2", "ap"}, [2]string{}, true},
		"neither known of sessions": {[2]string{}, [2]string{"10.1.0.3", "ap"}, true},
		"nothing in common":         {[2]string{"", "ap"}, [2]string{"10.1.0.3", ""}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, late := range []bool{false, true} {
				b := setup(t, 0)
				guest := login("02:00:00:00:00:02")
				guest.NASAddress, guest.NASIdentifier = c.session[0], c.session[1]
				b.Accepted(guest, after(9000))
				reset := func() { b.at(c.reset[0], c.reset[1], on(10)) }
				if late {
					reset()
					b.reopen(t)
				}
				b.at(c.session[0], c.session[1], said(wire.AccountingStart, "a", 0, 0))
				if !late {
					reset()
				}
				require.Equal(t, c.ends, !b.status(key("a")).EndedAt.IsZero(), "late %v", late)
				if !late {
					require.Equal(t, c.ends, !b.status(key("")).EndedAt.IsZero(), "the login")
				}
			}
		})
	}
}

// Both number their sessions from the first, and the guest walks from one to the other.
func TestTwoAccessPointsUseOneID(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	for range 2 {
		b.at("10.1.0.2", "ap", began(wire.AccountingStart, "a", 0, 0))
		b.at("10.1.0.3", "ap", began(wire.AccountingStart, "a", 45, 0))
	}
	require.Len(t, b.ByGrant("grant-a"), 2)
	require.Equal(t, 1, b.Devices("grant-a", ""))
	b.at("10.1.0.2", "ap", began(wire.AccountingStop, "a", 0, 50))
	open := b.ByGrant("grant-a")
	require.Len(t, open, 1)
	require.Equal(t, "10.1.0.3", open[0].NASAddress)
	require.Equal(t, after(45), open[0].Key.StartedAt)
}

// One access point's restart says nothing of when another's sessions began.
func TestAnothersResetDoesNotPartASession(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	b.at("10.1.0.3", "ap", on(30))
	b.at("10.1.0.2", "ap", began(wire.AccountingStart, "a", 40, 0))
	b.at("10.1.0.2", "ap", began(wire.AccountingInterim, "a", 5, 1)) // a clock that wanders
	require.Equal(t, 1, b.count)
}

func TestALoginElsewhereIsAnotherSession(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	enter := func(address string, seconds int) {
		s := login(mac)
		s.NASAddress, s.Key.StartedAt = address, after(seconds)
		b.Accepted(s, after(900))
	}
	enter("10.1.0.2", 0)
	enter("10.1.0.3", 10)
	enter("10.1.0.3", 20)
	require.Len(t, b.ByGrant("grant"), 2, "it has to be ended where it is")
	require.Equal(t, 1, b.Devices("grant", ""))

	start := said(wire.AccountingStart, "a", 21, 0)
	start.Session.Key.StartedAt, start.SessionSeconds = after(21), 0
	b.at("10.1.0.3", "ap", start)
	open := b.ByGrant("grant")
	require.Len(t, open, 2)
	require.Equal(t, "10.1.0.2", open[0].NASAddress, "its own login's place")
	require.Empty(t, open[0].Key.AcctSessionID)
}

func TestAccountingTakesALoginsPlaceElsewhereToo(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	s := login(mac)
	s.NASAddress = "10.1.0.2"
	b.Accepted(s, after(900))
	b.at("10.1.0.3", "ap", said(wire.AccountingStart, "a", 1, 0)) // moved without a login
	require.Len(t, b.ByGrant("grant"), 1)
	require.NotNil(t, b.status(key("")).ReplacedBy)
}

// Each sender is bounded by itself, so that one that flaps does not make the
// others' resets forgotten; all together are bounded too.
func TestResetsAreBoundedBySender(t *testing.T) {
	t.Parallel()
	table := memory(func() time.Time { return noon })
	table.reset("nas", reset{At: after(10), sender: sender{Address: "10.1.0.2"}})
	for n := range 3 * maxResets {
		table.reset("nas", reset{At: after(20 + n), sender: sender{Address: "10.1.0.3"}})
	}
	require.Len(t, table.resets["nas"], maxResets+1)
	require.Equal(t, after(10), table.resets["nas"][0].At)
	for n := range maxAllResets {
		table.reset("nas", reset{At: after(1000 + n), sender: sender{Address: after(n).String()}})
	}
	require.Len(t, table.resets["nas"], maxAllResets)
}

func TestWatchTellsWhoseItIs(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	for guest, start := range map[string]int{"a": 0, "b": 45} {
		b.Account(b.Resolve(began(wire.AccountingStart, guest, start, 0)))
	}
	asked := began(wire.AccountingStart, "b", 10, 0).Session // nearer to a's start
	s, _ := b.Watch(asked)
	require.Equal(t, "mac-b", s.Session.MAC)
	asked.NASAddress = "10.1.0.3" // not said by the NAS here, so not in doubt
	s, _ = b.Watch(asked)
	require.True(t, s.Known)
	for _, edit := range []func(*wire.Session){
		func(s *wire.Session) { s.MAC = "mac-c" },
		func(s *wire.Session) { s.GrantID, s.Username = "grant-c", "v-c" },
	} {
		other := asked
		edit(&other)
		s, changed := b.Watch(other)
		require.False(t, s.Known)
		require.NotNil(t, changed)
	}
	exact := began(wire.AccountingStart, "c", 0, 0).Session
	s, _ = b.Watch(exact)
	require.False(t, s.Known, "another's, though its key is the same")
}
