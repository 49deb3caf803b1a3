package store_test

import (
	"crypto/rand"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// loaded is a random source whose single octets, which credentials are drawn
// from, are zero until enough were read.
type loaded struct {
	mu    sync.Mutex // guards zeros
	zeros int
}

func (l *loaded) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(p) == 1 && l.zeros > 0 {
		l.zeros--
		p[0] = 0
		return 1, nil
	}
	return rand.Read(p)
}

func withConfig(t testing.TB, b bench, change func(*store.Config)) *store.Store {
	t.Helper()
	config := store.Config{URL: b.URL, Keyring: b.Keyring, Now: b.Clock.Now, Logger: quiet()}
	change(&config)
	s, err := store.Open(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func TestATakenUsernameIsDrawnAgain(t *testing.T) {
	t.Parallel()
	const draw = 8 + 12 // octets of a username and a password
	for zeros, ok := range map[int]bool{2 * draw: true, 20 * draw: false} {
		b := setup(t)
		s := withConfig(t, b, func(c *store.Config) { c.Rand = &loaded{zeros: zeros} })
		var names []string
		for i := range 2 {
			out, err := b.Register(t.Context(), b.desk, b.registration(), store.RegisterOptions{CheckIn: true})
			require.NoError(t, err)
			_, err = s.IssueVoucher(t.Context(), out.Visit.ID, store.Workflow)
			if i == 1 && !ok {
				require.ErrorContains(t, err, "random source")
				require.Equal(t, visit.PreRegistered, b.visit(t, out.Visit.ID).Status, "nothing is half done")
				continue
			}
			require.NoError(t, err)
			credentials, _, err := b.Credentials(t.Context(), out.Visit.ID)
			require.NoError(t, err)
			names = append(names, credentials.Username)
		}
		require.Equal(t, "v-22222222", names[0])
		if ok {
			require.NotEqual(t, names[0], names[1])
		}
		b.verify(t)
	}
}

// A voucher or NAS sealed with a key that is gone is withdrawn from agents; it
// does not hold up what comes after it.
func TestALostKeyHoldsUpNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.newNAS(t, "10.0.0.0/8")
	lost := b.arrived(t)
	text, err := seal.Generate(rand.Reader)
	require.NoError(t, err)
	other, err := seal.Parse(text)
	require.NoError(t, err)
	s := withConfig(t, b, func(c *store.Config) { c.Keyring = other })
	out, err := s.Register(t.Context(), b.desk, b.registration(), store.RegisterOptions{CheckIn: true})
	require.NoError(t, err)
	issued, err := s.IssueVoucher(t.Context(), out.Visit.ID, store.Fallback)
	require.NoError(t, err)

	entries, known, err := s.LedgerFrom(t.Context(), b.site.ID, wire.Position{}, 10)
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, wire.TypeNASDrop, entries[0].Type)
	require.Equal(t, wire.TypeVoucherRevoke, entries[1].Type)
	require.Equal(t, wire.TypeVoucherCreate, entries[2].Type)
	var grants []string
	require.NoError(t, s.Snapshot(t.Context(), b.site.ID, func(part wire.Snapshot) error {
		require.Empty(t, part.NASes)
		for _, g := range part.Grants {
			grants = append(grants, g.ID)
		}
		return nil
	}))
	require.Equal(t, []string{string(issued.VoucherID)}, grants)
	_, _, err = s.Credentials(t.Context(), lost)
	require.ErrorIs(t, err, seal.ErrUnknownKey)
	require.Equal(t, visit.KindInternal, visit.KindOf(err))
}

func TestReissueChangesEverything(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.arrived(t)
	before, old, err := b.Credentials(t.Context(), id)
	require.NoError(t, err)
	for range 2 { // once, by its key
		_, err = b.Reissue(t.Context(), keyed(b.desk, "k", "h"), id)
		require.NoError(t, err)
	}
	after, fresh, err := b.Credentials(t.Context(), id)
	require.NoError(t, err)
	require.NotEqual(t, before.Username, after.Username)
	require.NotEqual(t, before.Password, after.Password)
	require.Equal(t, old.Revision+2, fresh.Revision)
	require.Equal(t, []int64{2}, sql[int64](t, b, "select count(*) from vouchers"))
	require.Equal(t, []string{b.desk.Actor}, sql[string](t, b, "select revoked_by from vouchers where id = $1", old.ID))
	detail, err := b.Detail(t.Context(), store.Everything, id)
	require.NoError(t, err)
	require.Equal(t, fresh, *detail.Voucher)
	_, err = b.Reissue(t.Context(), b.desk, b.registered(t))
	require.ErrorIs(t, err, visit.ErrNotCheckedIn)
	b.verify(t)
}
