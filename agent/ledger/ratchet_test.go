package ledger

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func (b *bench) policy() visit.MessageAuthenticatorPolicy {
	return b.NAS(netip.MustParseAddr("10.0.0.9")).MessageAuthenticator
}

func withPolicy(p visit.MessageAuthenticatorPolicy) wire.NAS {
	n := nas("n", "10.0.0.0/8")
	n.MessageAuthenticator = p
	return n
}

// ratcheted has a NAS with policy auto that has signed a request, and Run running.
func ratcheted(t *testing.T) *bench {
	t.Helper()
	b := setup(t)
	_, err := b.Replace(Set{Position: at(1), NASes: []wire.NAS{withPolicy(visit.AutoMessageAuthenticator), nas("m", "10.9.0.0/16")}})
	require.NoError(t, err)
	require.Equal(t, visit.AutoMessageAuthenticator, b.policy())
	b.run(t)
	b.Ratchet("n")
	b.Ratchet("m") // has another policy
	b.Ratchet("unknown")
	require.Eventually(t, func() bool { return b.policy() == visit.RequireMessageAuthenticator }, 10*time.Second, time.Millisecond)
	return b
}

func (b *bench) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	l := b.Ledger
	running.Go(func() { _ = l.Run(ctx) })
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

func TestRatchetSurvivesARestart(t *testing.T) {
	t.Parallel()
	b := ratcheted(t)
	require.Eventually(t, func() bool {
		b.writer.Lock()
		defer b.writer.Unlock()
		return b.ratchets["n"]
	}, 10*time.Second, time.Millisecond)
	b.reopen(t)
	require.Equal(t, visit.RequireMessageAuthenticator, b.policy())
	auto := withPolicy(visit.AutoMessageAuthenticator)
	auto.Name = "renamed"
	_, err := b.Apply([]*wire.Entry{{Type: wire.TypeNASPut, Position: at(2), ObjectID: "n", NAS: &auto}})
	require.NoError(t, err)
	require.Equal(t, visit.RequireMessageAuthenticator, b.policy(), "another change of the NAS")
	_, err = b.Replace(Set{Position: at(3), NASes: []wire.NAS{auto}})
	require.NoError(t, err)
	require.Equal(t, visit.RequireMessageAuthenticator, b.policy(), "a snapshot")
	b.reopen(t)
	require.Equal(t, visit.RequireMessageAuthenticator, b.policy())
}

// The operator's choice of another policy ends it, by an entry or a snapshot.
func TestAnotherPolicyEndsTheRatchet(t *testing.T) {
	t.Parallel()
	change := map[string]func(b *bench, revision int64, n wire.NAS) error{
		"entry": func(b *bench, revision int64, n wire.NAS) error {
			_, err := b.Apply([]*wire.Entry{{Type: wire.TypeNASPut, Position: at(revision), ObjectID: "n", NAS: &n}})
			return err
		},
		"snapshot": func(b *bench, revision int64, n wire.NAS) error {
			_, err := b.Replace(Set{Position: at(revision), NASes: []wire.NAS{n}})
			return err
		},
	}
	for name, to := range change {
		for _, restart := range []bool{false, true} {
			b := ratcheted(t)
			require.NoError(t, to(b, 2, withPolicy(visit.AllowNone)))
			require.Equal(t, visit.AllowNone, b.policy(), name)
			if restart {
				b.reopen(t)
			}
			require.NoError(t, to(b, 3, withPolicy(visit.AutoMessageAuthenticator)))
			require.Equal(t, visit.AutoMessageAuthenticator, b.policy(), name)
			b.reopen(t)
			require.Equal(t, visit.AutoMessageAuthenticator, b.policy(), name)
		}
	}
}

// Ratchet returns while the disk is slow, and what a full disk did not take is
// written later.
func TestRatchetWaitsForNoDisk(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.Replace(Set{Position: at(1), NASes: []wire.NAS{withPolicy(visit.AutoMessageAuthenticator)}})
	require.NoError(t, err)
	b.writer.Lock()
	b.Ratchet("n")
	b.writer.Unlock()
	b.disk.full.Store(true)
	b.saveRatchets()
	require.Equal(t, visit.RequireMessageAuthenticator, b.policy(), "in memory")
	b.disk.full.Store(false)
	b.saveRatchets()
	b.reopen(t)
	require.Equal(t, visit.RequireMessageAuthenticator, b.policy())
}
