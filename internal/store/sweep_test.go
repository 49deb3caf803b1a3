package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func (b bench) intents(t testing.TB) []store.Intent {
	t.Helper()
	intents, err := b.PendingIntents(t.Context(), b.Clock.Now(), 10)
	require.NoError(t, err)
	return intents
}

func TestIntentsAreSentUntilTheWorkflowTakesThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.registered(t)
	require.Empty(t, b.intents(t))
	_, err := b.RequestCheckIn(t.Context(), b.desk, id)
	require.NoError(t, err)
	requested := b.Clock.Now()
	require.Empty(t, b.intents(t), "not at once")

	// The API's fallback gives the voucher and leaves the intent.
	_, err = b.IssueVoucher(t.Context(), id, store.Fallback)
	require.NoError(t, err)
	for tries, wait := range []time.Duration{10, 10, 20, 40, 80, 160, 320, 600, 600} {
		b.Clock.Advance(wait*time.Second - time.Millisecond)
		require.Empty(t, b.intents(t))
		b.Clock.Advance(time.Millisecond)
		require.Equal(t, []store.Intent{{VisitID: id, SiteID: b.site.ID, Kind: store.IntentCheckIn, RequestedAt: requested, Tries: tries}}, b.intents(t))
		require.NoError(t, b.IntentSent(t.Context(), id))
	}
	_, err = b.IssueVoucher(t.Context(), id, store.Workflow)
	require.NoError(t, err)
	b.Clock.Advance(time.Hour)
	require.Empty(t, b.intents(t))

	_, err = b.Move(t.Context(), b.desk, id, b.Clock.Now().Add(time.Hour))
	require.NoError(t, err)
	_, err = b.RequestCheckOut(t.Context(), b.desk, id)
	require.NoError(t, err)
	_, err = b.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Fallback})
	require.NoError(t, err)
	b.Clock.Advance(10 * time.Second)
	require.Equal(t, store.IntentCheckOut, b.intents(t)[0].Kind)
	_, err = b.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Workflow})
	require.NoError(t, err)
	require.Empty(t, b.intents(t))
}

func TestOpenVisitsAreThoseThatNeedAWorkflow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	running, ended, sealed := b.arrived(t), b.left(t), b.left(t)
	b.registered(t)
	require.NoError(t, b.SealVisit(t.Context(), sealed, store.SealInput{}))
	open := func(after visit.VisitID) (ids []visit.VisitID) {
		visits, err := b.OpenVisits(t.Context(), after, 10)
		require.NoError(t, err)
		for _, v := range visits {
			ids = append(ids, v.ID)
		}
		return ids
	}
	require.Empty(t, open(""), "young")
	b.Clock.Advance(61 * time.Second)
	require.Equal(t, []visit.VisitID{running, ended}, open(""))
	require.Equal(t, []visit.VisitID{ended}, open(running))
}

func TestOverdueNoShowAndWiping(t *testing.T) {
	t.Parallel()
	b := setup(t)
	running, expected, asked := b.arrived(t), b.registered(t), b.registered(t)
	_, err := b.RequestCheckIn(t.Context(), b.desk, asked)
	require.NoError(t, err)
	b.Clock.Advance(time.Hour)
	overdue, err := b.Overdue(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, overdue)
	b.Clock.Advance(visit.SweepGrace)
	overdue, err = b.Overdue(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, []visit.VisitID{running}, overdue)
	_, err = b.RevokeVoucher(t.Context(), running, store.RevokeInput{By: store.Fallback})
	require.NoError(t, err)

	n, err := b.MarkNoShows(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, visit.NoShow, b.visit(t, expected).Status)
	require.Equal(t, visit.PreRegistered, b.visit(t, asked).Status, "its check-in is under way")
	issued, err := b.IssueVoucher(t.Context(), asked, store.Workflow)
	require.NoError(t, err)
	require.Empty(t, issued.VoucherID)
	require.True(t, issued.Work.NeverCheckedIn())

	b.Clock.Advance(visit.CredentialsKeptFor)
	n, err = b.WipeCredentials(t.Context(), 10)
	require.NoError(t, err)
	require.Zero(t, n, "to the second")
	b.Clock.Advance(time.Second)
	for want := 1; want >= 0; want-- {
		n, err = b.WipeCredentials(t.Context(), 10)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	require.Equal(t, []bool{true}, sql[bool](t, b, "select password_sealed is null from vouchers"))
	b.verify(t)
}

// A check-out that overtakes its check-in carries out both, so that access surely
// is gone.
func TestCheckOutBeforeTheVoucher(t *testing.T) {
	t.Parallel()
	b := setup(t)
	out, err := b.Register(t.Context(), b.desk, b.registration(), store.RegisterOptions{CheckIn: true})
	require.NoError(t, err)
	id := out.Visit.ID
	_, err = b.RequestCheckOut(t.Context(), b.desk, id)
	require.NoError(t, err)
	revoked, err := b.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Fallback})
	require.NoError(t, err)
	require.True(t, revoked.Ended && revoked.Fresh)
	require.Equal(t, []string{"visitor.pre_registered", "visitor.checked_in", "visitor.checked_out"}, b.kinds(t, id))
	require.Equal(t, int64(2), revoked.Revision)
	b.verify(t)
}

func TestOnlyOneLeads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lease, release, ok, err := b.TryLead(t.Context(), "sweeper")
	require.NoError(t, err)
	require.True(t, ok)
	_, _, ok, err = b.TryLead(t.Context(), "sweeper")
	require.NoError(t, err)
	require.False(t, ok)
	_, other, ok, err := b.TryLead(t.Context(), "relay")
	require.NoError(t, err)
	require.True(t, ok, "another name")
	other()
	release()
	release()
	<-lease.Done()

	require.Eventually(t, func() bool { // Postgres frees the lock when it has seen the connection close
		lease, release, ok, err = b.TryLead(t.Context(), "sweeper")
		return err == nil && ok
	}, 20*time.Second, 10*time.Millisecond)
	defer release()
	sql[bool](t, b, "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())")
	select {
	case <-lease.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the lease outlived its connection")
	}
}

func TestNotificationsWakeAndSurviveALostConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	n := store.NewNotifier(b.URL, quiet())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	notifications, unsubscribe := n.Subscribe(64)
	require.Equal(t, store.NotifyResync, (<-notifications).Kind)

	id := b.arrived(t)
	wait(t, notifications, store.Notification{Kind: store.NotifyVisit, SiteID: b.site.ID, Object: string(id)})
	b.arrived(t)
	wait(t, notifications, store.Notification{Kind: store.NotifyLedger, SiteID: b.site.ID})
	sql[bool](t, b, "select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen foyer' and datname = current_database()")
	wait(t, notifications, store.Notification{Kind: store.NotifyResync})
	b.leave(t, id)
	wait(t, notifications, store.Notification{Kind: store.NotifyLedger, SiteID: b.site.ID})

	// One who does not read delays nobody and hears of it.
	lazy, leave := n.Subscribe(1)
	for range 5 {
		b.arrived(t)
		wait(t, notifications, store.Notification{Kind: store.NotifyLedger, SiteID: b.site.ID})
	}
	<-lazy
	b.arrived(t)
	require.Equal(t, store.NotifyResync, (<-lazy).Kind)
	leave()
	leave()
	unsubscribe()
	cancel()
	require.NoError(t, <-done)
}

func wait(t testing.TB, notifications <-chan store.Notification, want store.Notification) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case n := <-notifications:
			if n == want {
				return
			}
		case <-limit:
			t.Fatalf("no notification %v", want)
		}
	}
}

func TestWaitingForAcknowledgement(t *testing.T) {
	t.Parallel()
	b := setup(t)
	n := store.NewNotifier(b.URL, quiet())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	defer func() { cancel(); <-done }()
	agent, epoch := b.connected(t, "a")
	b.arrived(t)
	over, stop := context.WithCancel(t.Context())
	stop()
	ready, err := b.WaitAcked(over, n, b.site.ID, 1)
	require.NoError(t, err)
	require.False(t, ready.Ready())
	for _, err := range atOnce(
		func() error { _, err := b.WaitAcked(t.Context(), n, b.site.ID, 1); return err },
		func() error { return b.Ack(t.Context(), agent.ID, epoch, positionOf(t, b, 1)) },
	) {
		require.NoError(t, err)
	}
	ready, err = b.WaitAcked(t.Context(), nil, b.site.ID, 1)
	require.NoError(t, err)
	require.True(t, ready.Ready())
}

func TestDeploymentKeysAreMadeOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := make(chan int, 100)
	keys := make([]string, 8)
	calls := make([]func() error, len(keys))
	for i := range calls {
		calls[i] = func() error {
			public, private, err := b.DeploymentKey(t.Context(), "agents_ca", func() ([]byte, []byte, error) {
				made <- i
				return []byte{byte(i)}, []byte("canary-private"), nil
			})
			keys[i] = string(public) + string(private)
			return err
		}
	}
	for _, err := range atOnce(calls...) {
		require.NoError(t, err)
	}
	for _, k := range keys {
		require.Equal(t, keys[0], k)
	}
	require.Len(t, made, 1)
	conn, err := pgx.Connect(t.Context(), b.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	var sealed []byte
	require.NoError(t, conn.QueryRow(t.Context(), "select private_sealed from deployment_keys").Scan(&sealed))
	require.NotContains(t, string(sealed), "canary")
}
