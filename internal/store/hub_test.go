package store_test

import (
	"crypto/sha256"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// enrolled returns an agent of the bench's site with a certificate.
func (b bench) enrolled(t testing.TB, name string) store.Agent {
	t.Helper()
	_, secret, err := b.CreateAgent(t.Context(), b.desk, b.site.ID, name)
	require.NoError(t, err)
	agent, _, err := b.Enrol(t.Context(), hashOf(secret), hashOf([]byte(name)), issuing(b, name))
	require.NoError(t, err)
	return agent
}

func hashOf(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

func issuing(b bench, name string) func(store.Agent) (store.Certificate, error) {
	return func(a store.Agent) (store.Certificate, error) {
		return store.Certificate{
			Serial: name + "-" + string(a.ID), SPKI: hashOf([]byte(name)), DER: []byte("der"), NotAfter: b.Clock.Now().Add(30 * 24 * time.Hour),
		}, nil
	}
}

// connected returns an enrolled agent with a link, and the link's epoch.
func (b bench) connected(t testing.TB, name string) (store.Agent, int64) {
	t.Helper()
	agent := b.enrolled(t, name)
	epoch, err := b.Connect(t.Context(), agent.ID, "hub-1", wire.Hello{Journal: "j-" + name, Empty: true})
	require.NoError(t, err)
	return agent, epoch
}

func (b bench) newNAS(t testing.TB, source string) visit.NAS {
	t.Helper()
	nas, err := b.CreateNAS(t.Context(), b.desk, visit.NAS{SiteID: b.site.ID, Name: "AP", Source: netip.MustParsePrefix(source), Secret: "canary-radius-secret"})
	require.NoError(t, err)
	require.Empty(t, nas.Secret)
	return nas
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created, secret, err := b.CreateAgent(t.Context(), b.desk, b.site.ID, "rack 1")
	require.NoError(t, err)
	hash, key := hashOf(secret), hashOf([]byte("key"))
	issue := func(a store.Agent) (store.Certificate, error) {
		return store.Certificate{Serial: "s1", SPKI: key, DER: []byte{1}, NotAfter: b.Clock.Now().Add(time.Hour)}, nil
	}
	_, _, err = b.Enrol(t.Context(), hashOf([]byte("guess")), key, issue)
	require.ErrorIs(t, err, store.ErrEnrolment)
	_, _, err = b.Enrol(t.Context(), hash, key, func(store.Agent) (store.Certificate, error) { return store.Certificate{}, errors.New("signer down") })
	require.ErrorContains(t, err, "signer down")

	agent, certificate, err := b.Enrol(t.Context(), hash, key, issue)
	require.NoError(t, err)
	require.Equal(t, created.ID, agent.ID)
	_, again, err := b.Enrol(t.Context(), hash, key, nil)
	require.NoError(t, err)
	require.Equal(t, certificate, again, "the same key within the hour")
	_, _, err = b.Enrol(t.Context(), hash, hashOf([]byte("thief")), issue)
	require.ErrorIs(t, err, store.ErrEnrolment)

	found, err := b.CertificateAgent(t.Context(), "s1", key)
	require.NoError(t, err)
	require.Equal(t, agent.ID, found.ID)
	require.True(t, certificate.NotAfter.Equal(*found.CertificateNotAfter))
	_, err = b.CertificateAgent(t.Context(), "s1", hashOf([]byte("thief")))
	require.ErrorIs(t, err, visit.ErrAgentNotFound)

	require.NoError(t, b.WithdrawAgent(t.Context(), b.desk, b.site.ID, agent.ID))
	_, err = b.CertificateAgent(t.Context(), "s1", key)
	require.ErrorIs(t, err, visit.ErrAgentWithdrawn)
	_, _, err = b.Enrol(t.Context(), hash, key, nil)
	require.ErrorIs(t, err, store.ErrEnrolment)

	_, late, err := b.CreateAgent(t.Context(), b.desk, b.site.ID, "rack 2")
	require.NoError(t, err)
	b.Clock.Advance(time.Hour)
	_, _, err = b.Enrol(t.Context(), hashOf(late), key, issue)
	require.ErrorIs(t, err, store.ErrEnrolment)
}

// P8: after epoch e nothing with a lower epoch is stored.
func TestALaterConnectionFencesTheEarlierOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	agent, old := b.connected(t, "a")
	require.NoError(t, b.Ack(t.Context(), agent.ID, old, wire.Position{}))
	epoch, err := b.Connect(t.Context(), agent.ID, "hub-2", wire.Hello{Epoch: old})
	require.NoError(t, err)
	require.Equal(t, old+1, epoch)

	record := wire.Report{Journal: "j", Records: []wire.Record{{Sequence: 1, At: b.Clock.Now(), Refused: &wire.Refused{Reason: wire.RefusedExpired}}}}
	_, err = b.StoreReport(t.Context(), agent.ID, b.site.ID, old, record)
	require.ErrorIs(t, err, visit.ErrStaleEpoch)
	_, err = b.ClaimCommands(t.Context(), b.site.ID, agent.ID, old, nil)
	require.ErrorIs(t, err, visit.ErrStaleEpoch)
	for _, err := range []error{
		b.Ack(t.Context(), agent.ID, old, wire.Position{Revision: 9}),
		b.Seen(t.Context(), agent.ID, old, false),
		b.StoreStats(t.Context(), agent.ID, old, wire.Stats{}),
		b.Disconnected(t.Context(), agent.ID, old),
	} {
		require.ErrorIs(t, err, visit.ErrStaleEpoch)
	}
	require.Equal(t, []int64{0}, sql[int64](t, b, "select count(*) from refused_logins"))
	_, err = b.StoreReport(t.Context(), agent.ID, b.site.ID, epoch, record)
	require.NoError(t, err)
	require.NoError(t, b.Disconnected(t.Context(), agent.ID, epoch))
	require.ErrorIs(t, b.Ack(t.Context(), agent.ID, epoch, wire.Position{}), visit.ErrStaleEpoch, "nobody acts for it")
}

func TestAClonedIdentityIsQuarantined(t *testing.T) {
	t.Parallel()
	b := setup(t)
	agent, epoch := b.connected(t, "a")
	for range 5 { // its own reconnects, the hub not having noticed
		var err error
		epoch, err = b.Connect(t.Context(), agent.ID, "hub-1", wire.Hello{Epoch: epoch})
		require.NoError(t, err)
	}
	for i := range 3 {
		b.Clock.Advance(time.Second)
		require.NoError(t, b.Seen(t.Context(), agent.ID, epoch, false))
		var err error
		epoch, err = b.Connect(t.Context(), agent.ID, "hub-1", wire.Hello{Epoch: 1})
		require.Equal(t, i == 2, errors.Is(err, store.ErrQuarantined), "%v", err)
	}
	_, err := b.Connect(t.Context(), agent.ID, "hub-1", wire.Hello{})
	require.ErrorIs(t, err, store.ErrQuarantined)
	require.NoError(t, b.ReleaseQuarantine(t.Context(), b.desk, b.site.ID, agent.ID))
	_, err = b.Connect(t.Context(), agent.ID, "hub-1", wire.Hello{})
	require.NoError(t, err)
	b.verify(t)
}

// A replica that dies between giving an epoch and telling the agent of it leaves a
// link that nobody has. That is nobody's clone, however often it happens.
func TestLinksThatNeverLivedQuarantineNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	agent, _ := b.connected(t, "a")
	for range 5 {
		b.Clock.Advance(time.Second)
		_, err := b.Connect(t.Context(), agent.ID, "hub-1", wire.Hello{})
		require.NoError(t, err)
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ready := func(revision int64) store.Readiness {
		r, err := b.Acked(t.Context(), b.site.ID, revision)
		require.NoError(t, err)
		return r
	}
	require.False(t, ready(0).Ready(), "no agent")
	agent, epoch := b.connected(t, "a")
	require.True(t, ready(0).Ready())
	b.arrived(t)
	require.Equal(t, store.Readiness{Agents: 1, Connected: 1}, ready(1))

	entries, known, err := b.LedgerFrom(t.Context(), b.site.ID, wire.Position{}, 10)
	require.NoError(t, err)
	require.True(t, known)
	require.Len(t, entries, 1)
	require.Equal(t, wire.TypeVoucherCreate, entries[0].Type)
	require.NoError(t, b.Ack(t.Context(), agent.ID, epoch, entries[0].Position))
	require.True(t, ready(1).Ready())
	require.NoError(t, b.Seen(t.Context(), agent.ID, epoch, true))
	require.False(t, ready(1).Ready(), "suspect")
	require.NoError(t, b.Seen(t.Context(), agent.ID, epoch, false))
	require.True(t, ready(1).Ready())
	b.Clock.Advance(2 * time.Minute)
	require.False(t, ready(1).Ready(), "its hub is not heard of either")

	epoch, err = b.Connect(t.Context(), agent.ID, "hub-1", wire.Hello{Epoch: epoch, Position: entries[0].Position})
	require.NoError(t, err)
	require.True(t, ready(1).Ready(), "what it has on its disk counts")
	_, err = b.Connect(t.Context(), agent.ID, "hub-1", wire.Hello{Epoch: epoch, Position: wire.Position{Revision: 1, Stamp: 1}})
	require.NoError(t, err)
	require.False(t, ready(1).Ready(), "another lineage does not")
}

func TestTheLedgerComposesFromCurrentRows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nas := b.newNAS(t, "10.0.0.0/8")
	id := b.arrived(t)
	_, err := b.Move(t.Context(), b.desk, id, b.Clock.Now().Add(2*time.Hour))
	require.NoError(t, err)
	gone := b.left(t)
	_, err = b.Reissue(t.Context(), b.desk, id)
	require.NoError(t, err)
	require.NoError(t, b.DeleteNAS(t.Context(), b.desk, b.site.ID, nas.ID))
	kept := b.newNAS(t, "10.0.0.0/8")

	entries, known, err := b.LedgerFrom(t.Context(), b.site.ID, wire.Position{}, 100)
	require.NoError(t, err)
	require.True(t, known)
	var types []wire.Type
	for i, e := range entries {
		require.Equal(t, int64(i+1), e.Position.Revision)
		types = append(types, e.Type)
	}
	require.Equal(t, []wire.Type{
		wire.TypeNASDrop,                               // deleted later
		wire.TypeVoucherRevoke, wire.TypeVoucherRevoke, // reissued later
		wire.TypeVoucherRevoke, wire.TypeVoucherRevoke, // came and went
		wire.TypeVoucherRevoke, wire.TypeVoucherCreate, // the reissue
		wire.TypeNASDrop, wire.TypeNASPut,
	}, types)
	grant := entries[6].Grant
	credentials, voucher, err := b.Credentials(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, credentials, visit.Credentials{Username: grant.Username, Password: grant.Password})
	require.Equal(t, voucher.NotAfter, grant.NotAfter)
	require.Equal(t, "canary-radius-secret", entries[8].NAS.Secret)
	require.Equal(t, kept.ID, entries[8].NAS.ID)
	require.Equal(t, visit.UnprovenSessionSeconds, entries[8].NAS.MaxSessionSeconds)
	require.NotEqual(t, gone, id)

	tail, known, err := b.LedgerFrom(t.Context(), b.site.ID, entries[7].Position, 100)
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, entries[8:], tail)
	for _, p := range []wire.Position{{Revision: 9, Stamp: 1}, {Revision: 10, Stamp: entries[8].Position.Stamp}, {Revision: 0, Stamp: 1}} {
		_, known, err = b.LedgerFrom(t.Context(), b.site.ID, p, 100)
		require.NoError(t, err)
		require.False(t, known)
	}
}

func TestADeviceLimitReachesAgentsWithASnapshot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.arrived(t)
	entries, _, err := b.LedgerFrom(t.Context(), b.site.ID, wire.Position{}, 10)
	require.NoError(t, err)
	_, err = b.UpdateSite(t.Context(), b.desk, b.site.ID, store.SiteChange{DeviceLimit: new(3)})
	require.NoError(t, err)
	for _, p := range []wire.Position{{}, entries[0].Position} {
		_, known, err := b.LedgerFrom(t.Context(), b.site.ID, p, 10)
		require.NoError(t, err)
		require.False(t, known)
	}
	var limit int
	require.NoError(t, b.Snapshot(t.Context(), b.site.ID, func(part wire.Snapshot) error {
		limit = part.Grants[0].DeviceLimit
		return nil
	}))
	require.Equal(t, 3, limit)
}

// P6: whatever the size, each part fits into a frame and nothing is missing.
func TestALargeSnapshotComesInParts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 3 {
		b.newNAS(t, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 0, 0}), 16).String())
	}
	const n = 205
	for range n {
		b.arrived(t)
	}
	grants, nases, parts := map[string]bool{}, 0, 0
	var last wire.Snapshot
	require.NoError(t, b.Snapshot(t.Context(), b.site.ID, func(part wire.Snapshot) error {
		require.False(t, last.Last)
		require.Equal(t, parts, part.Part)
		_, err := wire.Encode(&part)
		require.NoError(t, err)
		for _, g := range part.Grants {
			grants[g.ID] = true
		}
		nases += len(part.NASes)
		parts++
		last = part
		return nil
	}))
	require.True(t, last.Last)
	require.Len(t, grants, n)
	require.Equal(t, 3, nases)
	require.Equal(t, int64(n+3), last.Position.Revision)
	_, known, err := b.LedgerFrom(t.Context(), b.site.ID, last.Position, 10)
	require.NoError(t, err)
	require.True(t, known)
	stop := errors.New("link lost")
	require.ErrorIs(t, b.Snapshot(t.Context(), b.site.ID, func(wire.Snapshot) error { return stop }), stop)
}

func TestPruningLeavesNoHoleAndKeepsTheLastStep(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		b.arrived(t)
	}
	b.Clock.Advance(8 * 24 * time.Hour)
	pruned, err := b.PruneLedger(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, pruned)
	b.arrived(t)
	pruned, err = b.PruneLedger(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, pruned)
	require.Equal(t, []int64{4}, sql[int64](t, b, "select revision from site_ledger"))
	_, known, err := b.LedgerFrom(t.Context(), b.site.ID, wire.Position{}, 10)
	require.NoError(t, err)
	require.False(t, known, "the beginning is gone")
}
