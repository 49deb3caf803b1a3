package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/wire"
)

// BenchmarkVisit is one whole visit at one site: register, check in, check out,
// seal. The site's head is what parallel ones share.
func BenchmarkVisit(b *testing.B) {
	s := setup(b)
	reg := s.registration()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			out, err := s.Register(b.Context(), s.desk, reg, store.RegisterOptions{CheckIn: true})
			require.NoError(b, err)
			id := out.Visit.ID
			_, err = s.IssueVoucher(b.Context(), id, store.Workflow)
			require.NoError(b, err)
			_, err = s.RequestCheckOut(b.Context(), s.desk, id)
			require.NoError(b, err)
			_, err = s.RevokeVoucher(b.Context(), id, store.RevokeInput{By: store.Workflow})
			require.NoError(b, err)
			require.NoError(b, s.SealVisit(b.Context(), id, store.SealInput{Termination: "no_session", CRM: "not_configured"}))
		}
	})
}

// BenchmarkSnapshot reads a thousand grants, opened, in parts.
func BenchmarkSnapshot(b *testing.B) {
	s := setup(b)
	for range 1000 {
		s.arrived(b)
	}
	for b.Loop() {
		grants := 0
		require.NoError(b, s.Snapshot(b.Context(), s.site.ID, func(part wire.Snapshot) error {
			grants += len(part.Grants)
			return nil
		}))
		require.Equal(b, 1000, grants)
	}
}
