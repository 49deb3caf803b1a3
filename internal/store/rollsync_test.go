package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// twin is one of two deployments that name each other.
type twin struct {
	bench
	peer store.PeerID
}

// twins are two deployments with a zone, of which the second hears from the first.
func twins(t *testing.T, kind store.ZoneKind) (a, b *twin, zone store.Zone) {
	t.Helper()
	a, b = &twin{bench: setup(t)}, &twin{bench: setup(t)}
	b.Clock.Advance(a.Clock.Now().Sub(b.Clock.Now()))
	zone = a.zone(t, kind, "lobby")
	a.names(t, zone, b)
	a.push(t, b)
	b.names(t, zone, a)
	return a, b, zone
}

func (w *twin) names(t *testing.T, zone store.Zone, other *twin) {
	t.Helper()
	made, err := w.AddPeer(t.Context(), w.desk, w.site.ID, zone.ID, store.Peer{
		Address: "peer.example", Port: 443, RemoteSite: other.site.ID, User: "0197a3f0-0000-7000-8000-000000000009", Password: "canary-peer-password"})
	require.NoError(t, err)
	require.Empty(t, made.Password)
	w.peer = made.ID
}

// push sends what there is to the other one, and returns how many parts that were.
func (w *twin) push(t require.TestingT, other *twin) int {
	push, err := w.ComposePush(context.Background(), w.peer)
	require.NoError(t, err)
	require.Equal(t, "canary-peer-password", push.Peer.Password)
	refused := 0
	for _, part := range push.Parts {
		rolls, err := other.MergeZone(context.Background(), other.desk, push.Peer.RemoteSite, push.Peer.ZoneID, part)
		require.NoError(t, err)
		refused += len(rolls)
	}
	require.NoError(t, w.Pushed(context.Background(), push, refused))
	return len(push.Parts)
}

// heal lets both say all that they have to say, which comes to an end.
func heal(t require.TestingT, a, b *twin) {
	for range 10 {
		if a.push(t, b)+b.push(t, a) == 0 {
			return
		}
	}
	require.Fail(t, "they go in circles")
}

func (w *twin) at(t testing.TB, zone store.Zone) store.Zone {
	t.Helper()
	found, err := w.Zone(t.Context(), store.Everything, w.site.ID, zone.ID)
	require.NoError(t, err)
	return found
}

func TestAPeerHasTheSameCodes(t *testing.T) {
	t.Parallel()
	for _, kind := range []store.ZoneKind{store.LongZone, store.CompatibleZone} {
		a, b, zone := twins(t, kind)
		r := a.roll(t, zone, 7, 20)
		codes := a.codes(t, zone, r)
		_, err := a.SellCodes(t.Context(), a.desk, a.site.ID, zone.ID, r.ID, 3, 4)
		require.NoError(t, err)
		d := a.use(t, zone, codes[0])
		heal(t, a, b)
		require.Equal(t, codes, b.codes(t, zone, r), "printed there as well")
		require.Equal(t, a.counts(t, zone, r), b.counts(t, zone, r))
		require.Equal(t, d.EndsAt, b.use(t, zone, codes[0]).EndsAt, "in use there as well")
		require.Zero(t, a.push(t, b), "nothing new")

		_, err = b.ExpireCodes(t.Context(), b.desk, b.site.ID, zone.ID, codes[:2])
		require.NoError(t, err)
		heal(t, a, b)
		require.Equal(t, roll.Expired, a.state(t, zone, codes[0]))
		access, err := a.Access(t.Context(), d.Holder.AccessID())
		require.NoError(t, err)
		require.Equal(t, "expired", access.EndReason)

		b.Clock.Advance(time.Second)
		_, err = b.UpdateRoll(t.Context(), b.desk, b.site.ID, zone.ID, r.ID, store.RollChange{For: new(2 * time.Hour), Description: new("longer")})
		require.NoError(t, err)
		_, err = b.UpdateZone(t.Context(), b.desk, b.site.ID, zone.ID, store.ZoneChange{Name: new("bar")})
		require.NoError(t, err)
		heal(t, a, b)
		require.Equal(t, "bar", a.at(t, zone).Name)
		require.NoError(t, a.DeleteRoll(t.Context(), a.desk, a.site.ID, zone.ID, r.ID, false))
		heal(t, a, b)
		require.Equal(t, roll.Invalid, b.state(t, zone, codes[9]), "retired")
		a.verify(t)
		b.verify(t)
	}
}

// Cut off from each other they let guests in, expire, sell and make rolls; when they
// meet, both have all of it.
func TestPeersSplitAndHeal(t *testing.T) {
	t.Parallel()
	a, b, zone := twins(t, store.CompatibleZone)
	number := uint32(0)
	rapid.Check(t, func(rt *rapid.T) {
		number++
		if number > 25 { // each is two databases' work
			return
		}
		r := a.roll(t, zone, number, 6)
		codes := a.codes(t, zone, r)
		heal(rt, a, b)
		for _, w := range []*twin{a, b} {
			for range rapid.IntRange(0, 4).Draw(rt, "steps") {
				w.Clock.Advance(time.Duration(rapid.IntRange(0, 90).Draw(rt, "seconds")) * time.Second)
				some := rapid.SliceOfN(rapid.SampledFrom(codes), 1, 3).Draw(rt, "codes")
				switch rapid.IntRange(0, 3).Draw(rt, "what") {
				case 0:
					_, err := w.ExpireCodes(t.Context(), w.desk, w.site.ID, zone.ID, some[:1])
					require.NoError(rt, err)
				case 1:
					_, err := w.SellCodes(t.Context(), w.desk, w.site.ID, zone.ID, r.ID, r.First, r.First)
					require.NoError(rt, err)
				default:
					w.use(t, zone, some...)
				}
			}
		}
		heal(rt, a, b)
		knownA, grantsA := a.told(t)
		knownB, grantsB := b.told(t)
		for ticket := r.First; ticket <= r.Last(); ticket++ {
			of := roll.Ticket{Roll: r.ID, Number: ticket}
			require.Equal(rt, knownA.EndsAt(of), knownB.EndsAt(of))
			require.Equal(rt, knownA.Of(of).Used(), knownB.Of(of).Used())
			if !knownA.EndsAt(of).IsZero() { // one that was ended, ended here and there when that was heard of
				require.Equal(rt, grantsA[of.AccessID()].NotAfter, grantsB[of.AccessID()].NotAfter)
			}
		}
	})
	a.verify(t)
	b.verify(t)
}

// Both changed the keys, and both made a roll 1: people decide about the number.
func TestPeersThatDisagree(t *testing.T) {
	t.Parallel()
	a, b, zone := twins(t, store.CompatibleZone)
	mine, theirs := a.roll(t, zone, 1, 5), b.roll(t, b.at(t, zone), 1, 5)
	a.push(t, b)
	peers, err := a.Peers(t.Context(), store.Everything, a.site.ID, zone.ID)
	require.NoError(t, err)
	require.Equal(t, "roll_number_clash", peers[0].Failure)
	require.True(t, peers[0].Waiting)
	require.NoError(t, b.DeleteRoll(t.Context(), b.desk, b.site.ID, zone.ID, theirs.ID, false))
	heal(t, a, b)
	require.Equal(t, a.codes(t, zone, mine), b.codes(t, zone, mine))
	require.Equal(t, roll.Ready, b.state(t, zone, a.codes(t, zone, mine)[0]))
	require.Equal(t, roll.Ready, a.state(t, zone, a.codes(t, zone, mine)[0]))

	for _, w := range []*twin{a, b} {
		pair, err := w.ProposeKeys(t.Context(), store.Everything, w.site.ID, 64)
		require.NoError(t, err)
		_, err = w.UpdateZone(t.Context(), w.desk, w.site.ID, zone.ID, store.ZoneChange{Retire: true, Series: &store.SeriesChange{Pair: pair.Pair}})
		require.NoError(t, err)
	}
	heal(t, a, b)
	require.Equal(t, a.at(t, zone).Series.ID, b.at(t, zone).Series.ID)
	made := a.roll(t, zone, 1, 5)
	heal(t, a, b)
	require.Equal(t, a.codes(t, zone, made), b.codes(t, zone, made))
}

func TestAPeerAtAnotherSite(t *testing.T) {
	t.Parallel()
	a, b, zone := twins(t, store.LongZone)
	push, err := a.ComposePush(t.Context(), a.peer)
	require.NoError(t, err)
	_, err = b.MergeZone(t.Context(), b.desk, b.newSite(t, "Paris").ID, zone.ID, store.ZoneSync{})
	require.ErrorIs(t, err, store.ErrZoneNotFound)
	_, err = b.MergeZone(t.Context(), store.Caller{Actor: "token:x"}, b.site.ID, zone.ID, store.ZoneSync{})
	require.ErrorIs(t, err, visit.ErrSiteNotFound)

	require.NoError(t, a.PushFailed(t.Context(), push, "no_answer"))
	due, err := a.DuePushes(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, due, "not at once")
	a.roll(t, zone, 1, 2)
	a.Clock.Advance(2 * time.Second)
	due, err = a.DuePushes(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, []store.PeerID{a.peer}, due)
	require.NoError(t, a.DeletePeer(t.Context(), a.desk, a.site.ID, zone.ID, a.peer))
	_, err = a.ComposePush(t.Context(), a.peer)
	require.ErrorIs(t, err, store.ErrPeerNotFound)
}
