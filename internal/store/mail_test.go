package store_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestMailSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before, err := b.MailSettings(t.Context(), store.Everything, b.site.ID)
	require.NoError(t, err)
	require.Equal(t, visit.MailSettings{}, before)
	require.True(t, before.On(visit.MailInvitation))
	require.False(t, before.On(visit.MailCredentials), "a password in a mailbox is for the site to decide")

	want := visit.MailSettings{
		SenderName: "Canary Sender", ReplyTo: "canary@reply.example", Language: "de", Operators: []string{"canary@operator.example"},
		Kinds: map[visit.MailKind]bool{visit.MailArrival: false, visit.MailCredentials: true}, LeavingSoonFor: 10 * time.Minute, ExtendFor: time.Hour,
	}
	for range 2 {
		_, err = b.SetMailSettings(t.Context(), b.desk, b.site.ID, want)
		require.NoError(t, err)
	}
	got, err := b.MailSettings(t.Context(), store.Everything, b.site.ID)
	require.NoError(t, err)
	require.Equal(t, want, got)
	audit := sql[string](t, b, "select body::text from audit where action = 'site.mail_changed'")
	require.Len(t, audit, 1, "nothing changed the second time")
	require.Contains(t, audit[0], "sender_name,reply_to,language,kinds,operators,leaving_soon_minutes,extend_minutes")
	require.NotContains(t, audit[0], "anary")

	elsewhere := store.Scope{Sites: []visit.SiteID{b.newSite(t, "Paris").ID}}
	_, err = b.MailSettings(t.Context(), elsewhere, b.site.ID)
	require.ErrorIs(t, err, visit.ErrSiteNotFound)
	_, err = b.SetMailSettings(t.Context(), store.Caller{Actor: "user:x", Scope: elsewhere}, b.site.ID, want)
	require.ErrorIs(t, err, visit.ErrSiteNotFound)
	for field, bad := range map[string]visit.MailSettings{
		"sender_name": {SenderName: "a\r\nBcc: x@y.example"}, "reply_to": {ReplyTo: "a@b\r\nBcc: c"}, "operators": {Operators: []string{"nobody"}},
		"kinds": {Kinds: map[visit.MailKind]bool{"nonsense": true}}, "extend_minutes": {ExtendFor: 9 * time.Hour},
	} {
		_, err = b.SetMailSettings(t.Context(), b.desk, b.site.ID, bad)
		e, ok := errors.AsType[*visit.Error](err)
		require.True(t, ok, field)
		require.Equal(t, visit.KindInvalid, e.Kind)
		require.Equal(t, field, e.Field)
	}
}

func (b bench) leavingSoon(t *testing.T) int {
	t.Helper()
	n, err := b.LeavingSoon(t.Context(), 10)
	require.NoError(t, err)
	return n
}

func TestDeparturesAreAnnouncedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.arrived(t) // for an hour
	require.Zero(t, b.leavingSoon(t))
	b.Clock.Advance(45*time.Minute - time.Microsecond)
	require.Zero(t, b.leavingSoon(t), "not a moment before the lead")
	b.Clock.Advance(time.Microsecond)

	// Two workers, while leadership changes.
	var announced, both sync.WaitGroup
	counts := make([]int, 2)
	announced.Add(1)
	for i := range counts {
		both.Go(func() {
			announced.Wait()
			counts[i], _ = b.LeavingSoon(t.Context(), 10)
		})
	}
	announced.Done()
	both.Wait()
	require.Equal(t, 1, counts[0]+counts[1])
	require.Zero(t, b.leavingSoon(t))
	soon := func() int {
		return len(sql[string](t, b, "select id::text from events where kind = 'visit.leaving_soon'"))
	}
	require.Equal(t, 1, soon())

	_, err := b.Change(t.Context(), b.desk, id, store.VisitChange{Purpose: new("longer")})
	require.NoError(t, err)
	require.Zero(t, b.leavingSoon(t), "another change announces nothing")
	_, err = b.Move(t.Context(), b.desk, id, b.Clock.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Zero(t, b.leavingSoon(t))
	b.Clock.Advance(50 * time.Minute)
	require.Equal(t, 1, b.leavingSoon(t), "a moved departure is announced again")
	require.Equal(t, 2, soon())

	// Neither those who leave, nor those who were there for less than the lead, nor
	// those whose departure has passed.
	left := b.arrived(t)
	b.leave(t, left)
	reg := b.registration()
	reg.ExpectedDeparture = b.Clock.Now().Add(10 * time.Minute)
	out, err := b.Register(t.Context(), b.desk, reg, store.RegisterOptions{CheckIn: true})
	require.NoError(t, err)
	_, err = b.IssueVoucher(t.Context(), out.Visit.ID, store.Workflow)
	require.NoError(t, err)
	require.Zero(t, b.leavingSoon(t))
	late := b.arrived(t)
	b.Clock.Advance(2 * time.Hour)
	require.Zero(t, b.leavingSoon(t))
	require.Equal(t, visit.CheckedIn, b.visit(t, late).Status)
	b.verify(t)
}

func TestTheLeadIsTheSites(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.SetMailSettings(t.Context(), b.desk, b.site.ID, visit.MailSettings{LeavingSoonFor: 5 * time.Minute})
	require.NoError(t, err)
	b.arrived(t)
	b.Clock.Advance(50 * time.Minute)
	require.Zero(t, b.leavingSoon(t))
	b.Clock.Advance(5 * time.Minute)
	require.Equal(t, 1, b.leavingSoon(t))
}

func TestMailIsCountedByTheHour(t *testing.T) {
	t.Parallel()
	b := setup(t)
	count := func(who string) (int, bool) {
		n, until, ok, err := b.CountMail(t.Context(), []byte(who), 2)
		require.NoError(t, err)
		require.Equal(t, b.Clock.Now().Truncate(time.Hour).Add(time.Hour), until)
		return n, ok
	}
	for want := 1; want <= 2; want++ {
		n, ok := count("a")
		require.True(t, ok)
		require.Equal(t, want, n)
	}
	_, ok := count("a")
	require.False(t, ok)
	_, ok = count("b")
	require.True(t, ok, "another recipient")
	require.NoError(t, b.UncountMail(t.Context(), []byte("a")))
	_, ok = count("a")
	require.True(t, ok, "one was not sent")
	b.Clock.Advance(time.Hour)
	_, ok = count("a")
	require.True(t, ok, "another hour")
	b.Clock.Advance(4 * time.Hour)
	n, err := b.PruneMail(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, n)
}

func TestCredentialsLeaveOnTheRecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.registered(t)
	_, err := b.AskCredentialsMail(t.Context(), b.desk, id)
	require.ErrorIs(t, err, visit.ErrNotCheckedIn)
	id = b.arrived(t)
	_, err = b.AskCredentialsMail(t.Context(), b.desk, id)
	require.NoError(t, err)
	want, _, err := b.Credentials(t.Context(), id)
	require.NoError(t, err)
	for range 2 { // a delivery is tried twice
		got, _, err := b.MailCredentials(t.Context(), id, "delivery-1")
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, _, err = b.MailCredentials(t.Context(), id, "delivery-2")
	require.NoError(t, err)
	require.Equal(t, []string{"visitor.pre_registered", "visitor.checked_in", "voucher.mail_requested", "voucher.mailed", "voucher.mailed"}, b.kinds(t, id))
	_, err = b.Change(t.Context(), b.desk, id, store.VisitChange{Email: new("")})
	require.NoError(t, err)
	_, err = b.AskCredentialsMail(t.Context(), b.desk, id)
	require.ErrorIs(t, err, store.ErrNoEmail)
	b.leave(t, id)
	_, _, err = b.MailCredentials(t.Context(), id, "delivery-3")
	require.ErrorIs(t, err, visit.ErrVoucherWiped)
	_, err = b.AskCredentialsMail(t.Context(), b.desk, id)
	require.ErrorIs(t, err, visit.ErrVoucherWiped)
	b.verify(t)
}

// With ten thousand visitors on site the sweep reads those that are near, not all.
func TestDeparturesAreFoundByTheirIndex(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seed := b.arrived(t)
	conn, err := pgx.Connect(t.Context(), b.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.Exec(t.Context(), `insert into visits (id, site_id, person_id, visitor_first_name, visitor_last_name, status, presence,
			expected_arrival, expected_departure, check_in_requested_at, check_in_requested_by, checked_in_at, created_at, updated_at)
		select gen_random_uuid(), v.site_id, v.person_id, 'F', 'L', 'checked_in', 'in', now(), now() + i * interval '10 s', now(), 'user:x',
			now() - interval '1 day', now(), now()
		from visits v, generate_series(1, 10000) i where v.id = $1`, seed)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "analyze visits")
	require.NoError(t, err)
	rows, err := conn.Query(t.Context(), "explain "+store.LeavingSoonStatement, pgx.NamedArgs{"now": b.Clock.Now(), "default": 15, "limit": 200})
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	plan := strings.Join(lines, "\n")
	require.Regexp(t, `Index Scan using visits_due on visits v.*\n\s+Index Cond: \(\(expected_departure > .*expected_departure <= `, plan)
	require.Equal(t, 10, b.leavingSoon(t), "at most so many in one pass")
}
