package store_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// P3, P4, P19: backends are killed at random moments, in the middle of statements
// and commits, while callers with keys repeat whatever was unavailable. Every
// visit comes to its end once.
func TestKilledBackendsLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const callers, visits = 6, 8
	ctx, stop := context.WithCancel(t.Context())
	killed := make(chan int, 1)
	go func() { killed <- killBackends(ctx, b.URL) }()
	var repeated atomic.Int64
	journeys := make([]func() error, callers)
	for c := range journeys {
		journeys[c] = func() error {
			for v := range visits {
				if err := journey(t.Context(), b, fmt.Sprintf("%d-%d", c, v), &repeated); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for _, err := range atOnce(journeys...) {
		require.NoError(t, err)
	}
	stop()
	t.Logf("%d backends killed, %d calls repeated", <-killed, repeated.Load())
	require.Equal(t, []int64{callers * visits}, sql[int64](t, b, "select count(*) from visits where status = 'checked_out' and sealed_at is not null"))
	require.Equal(t, []int64{callers * visits}, sql[int64](t, b, "select count(*) from visits"))
	require.Equal(t, []int64{callers * visits}, sql[int64](t, b, "select count(*) from vouchers"))
	require.Equal(t, []int64{callers * visits * 4}, sql[int64](t, b, "select count(*) from events"))
	b.verify(t)
}

// killBackends ends the database's connections one after the other, and returns
// how many.
func killBackends(ctx context.Context, url string) int {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for n := 0; ; n++ {
		const kill = `select pg_terminate_backend(pid) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid() and application_name = 'foyer' order by random() limit 1`
		if _, err := conn.Exec(ctx, kill); err != nil {
			return n
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return n
		}
	}
}

func journey(ctx context.Context, b bench, key string, repeated *atomic.Int64) error {
	var id visit.VisitID
	reg := b.registration()
	for _, step := range []func() error{
		func() error {
			out, err := b.Register(ctx, keyed(b.desk, key+"-in", "h"), reg, store.RegisterOptions{CheckIn: true})
			id = out.Visit.ID
			return err
		},
		func() error { _, err := b.IssueVoucher(ctx, id, store.Workflow); return err },
		func() error { _, err := b.RequestCheckOut(ctx, keyed(b.desk, key+"-out", "h"), id); return err },
		func() error {
			_, err := b.RevokeVoucher(ctx, id, store.RevokeInput{By: store.Workflow})
			return err
		},
		func() error { return b.SealVisit(ctx, id, store.SealInput{}) },
	} {
		for err := step(); err != nil; err = step() {
			if visit.KindOf(err) != visit.KindUnavailable {
				return err
			}
			repeated.Add(1)
		}
	}
	return nil
}
