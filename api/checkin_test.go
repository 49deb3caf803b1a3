package api_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestCheckIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.expected(t)
	a := b.want(t, 200, b.post(id, "check-in"))
	require.Equal(t, "checked_in", a.field("visit.status"))
	require.Equal(t, "in", a.field("visit.presence"))
	require.Regexp(t, `^v-[2-9a-z]{8}$`, a.string("voucher.username"))
	require.Regexp(t, `^[2-9a-z]{12}$`, a.string("voucher.password"))
	require.Equal(t, a.field("visit.expected_departure"), a.field("voucher.valid_until"))
	require.Equal(t, "pending", a.field("network"), "there is no agent")

	detail := b.want(t, 200, call{path: "/api/v1/visits/" + id, as: b.admin})
	require.Equal(t, a.field("voucher.username"), detail.field("voucher.username"))
	require.Equal(t, a.field("voucher.valid_until"), detail.field("access_ends_at"))
	require.Equal(t, "visit-"+id, detail.field("workflow_id"))
	require.Len(t, detail.list("timeline"), 2)
	b.refused(t, 409, "visit_checked_in", b.post(id, "cancel"))
}

// Temporal is away in every way there is: check-in answers with credentials,
// check-out revokes, and the sweeper is left something to do.
func TestTemporalIsAway(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]mode{"hangs": hangs, "fails": fails, "silent": silent} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.expected(t)
			b.workflows.set(m)
			start := time.Now()
			a := b.want(t, 200, b.post(id, "check-in"))
			require.NotEmpty(t, a.string("voucher.password"))
			require.Equal(t, "pending", a.field("network"))
			require.Less(t, time.Since(start), 10*time.Second)
			intents, err := b.PendingIntents(t.Context(), b.Clock.Now().Add(time.Minute), 10)
			require.NoError(t, err)
			require.Len(t, intents, 1, "the workflow has not taken it yet")

			out := b.want(t, 200, b.post(id, "check-out"))
			require.Equal(t, "checked_out", out.field("visit.status"))
			require.Equal(t, "left", out.field("visit.presence"))
			_, _, err = b.Credentials(t.Context(), visit.VisitID(id))
			require.ErrorIs(t, err, visit.ErrVoucherWiped)
		})
	}
}

// What check-in reveals of the password a second time.
func TestPasswordIsShownAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	desk := b.doorman(t) // may check in, may not reveal
	other := b.doorman(t)
	manager := b.at(t, auth.Reception, b.site)
	id := b.expected(t)
	first := b.want(t, 200, b.post(id, "check-in").by(desk).keyed("k1"))
	password := first.string("voucher.password")
	require.NotEmpty(t, password)
	again := func(by, key string) any {
		a := b.want(t, 200, b.post(id, "check-in").by(by).keyed(key))
		require.Equal(t, first.field("voucher.username"), a.field("voucher.username"))
		return a.field("voucher.password")
	}
	require.Equal(t, password, again(desk, "k1"), "the same key")
	require.Equal(t, password, again(desk, ""), "the same principal, at once")
	require.Equal(t, password, again(desk, "k2"), "whatever the key")
	require.Nil(t, again(other, "k1"), "keys belong to their caller")
	require.Nil(t, again(other, ""))

	b.Clock.Advance(121 * time.Second)
	require.Nil(t, again(desk, ""), "after two minutes")
	require.Equal(t, password, again(desk, "k1"), "the same key, still")
	require.Nil(t, again(desk, "k2"), "a key whose request found the visit checked in")

	require.Empty(t, b.kinds(t, id, visit.EventVoucherRevealed))
	require.Equal(t, password, again(manager, ""), "who may reveal")
	require.Len(t, b.kinds(t, id, visit.EventVoucherRevealed), 1, "and that is audited")
}

// kinds are a visit's events of one kind.
func (b *bench) kinds(t *testing.T, id string, kind visit.EventKind) []any {
	t.Helper()
	return b.want(t, 200, call{path: "/api/v1/events?visit_id=" + id + "&kind=" + string(kind), as: b.admin}).list("items")
}

func TestCheckInIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gone := b.gone(t)
	b.refused(t, 409, "visit_ended", b.post(gone, "check-in"))
	cancelled := b.expected(t)
	b.want(t, 200, b.post(cancelled, "cancel"))
	b.want(t, 200, b.post(cancelled, "cancel"))
	b.refused(t, 409, "visit_cancelled", b.post(cancelled, "check-in"))
	late := b.expected(t)
	b.Clock.Advance(3 * time.Hour)
	b.refused(t, 422, "departure_in_past", b.post(late, "check-in"))

	// A walk-in repeated with its key after it has ended gets no credentials.
	body := b.registration()
	body["check_in"] = true
	walkIn := call{method: "POST", path: "/api/v1/visits", as: b.admin, body: body, key: "walk-in"}
	id := b.want(t, 201, walkIn).string("visit.id")
	b.want(t, 200, b.post(id, "check-out"))
	b.refused(t, 409, "visit_ended", walkIn)
}

func TestCheckOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.refused(t, 409, "visit_not_checked_in", b.post(b.expected(t), "check-out"))
	id := b.present(t)
	first := b.want(t, 200, b.post(id, "check-out").keyed("k"))
	require.Equal(t, "checked_out", first.field("visit.status"))
	require.Regexp(t, "^token:", first.field("visit.ended_by"))
	for _, key := range []string{"k", "another", ""} {
		again := b.want(t, 200, b.post(id, "check-out").keyed(key))
		require.Equal(t, first.field("visit.ended_at"), again.field("visit.ended_at"))
	}
	b.refused(t, 410, "voucher_gone", b.post(id, "voucher/reveal"))
	b.refused(t, 409, "visit_ended", b.post(id, "voucher/reissue"))
	b.refused(t, 409, "visit_ended", b.post(id, "extend").with(object{"expected_departure": b.Clock.Now().Add(time.Hour)}))
	detail := b.want(t, 200, call{path: "/api/v1/visits/" + id, as: b.admin})
	require.NotEmpty(t, detail.field("voucher.revoked_at"))
	require.Regexp(t, "^token:", detail.field("voucher.revoked_by"))
}

// Who asks and hangs up has asked all the same.
func TestCheckOutWithoutWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.present(t)
	b.workflows.set(hangs)
	request := b.post(id, "check-out").request(t, b)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		response, err := b.client.Do(request.WithContext(ctx))
		if err == nil {
			_ = response.Body.Close()
		}
		left <- err
	}()
	require.Eventually(t, func() bool { return slices.Contains(b.workflows.called(), "check-out") }, 5*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-left, context.Canceled)
	require.Eventually(t, func() bool {
		v, err := b.Visit(t.Context(), everything, visit.VisitID(id))
		return err == nil && v.Status == visit.CheckedOut
	}, 10*time.Second, 20*time.Millisecond)
}

func TestNetworkIsReadyOnceAgentsKnow(t *testing.T) {
	t.Parallel()
	b := setup(t, withReady(store.Readiness{Agents: 1, Connected: 1, Acked: 1}))
	id := b.expected(t)
	require.Nil(t, b.want(t, 200, b.get("/api/v1/visits/"+id)).field("network"), "there are no credentials to know yet")
	a := b.want(t, 200, b.post(id, "check-in"))
	require.Equal(t, "ready", a.field("network"))
	require.Equal(t, "ready", b.want(t, 200, b.get("/api/v1/visits/"+id)).field("network"))
	b.want(t, 200, b.post(id, "check-out"))
	require.Nil(t, b.want(t, 200, b.get("/api/v1/visits/"+id)).field("network"))
	c := setup(t, withReady(store.Readiness{Agents: 1, Connected: 1, Suspect: 1, Acked: 1}))
	id = c.expected(t)
	a = c.want(t, 200, c.post(id, "check-in"))
	require.Equal(t, "pending", a.field("network"))
	require.Equal(t, "pending", c.want(t, 200, c.get("/api/v1/visits/"+id)).field("network"))
}

func TestRevealAndReissue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expected := b.expected(t)
	b.refused(t, 409, "visit_not_checked_in", b.post(expected, "voucher/reveal"))
	b.refused(t, 409, "visit_not_checked_in", b.post(expected, "voucher/reissue"))
	a := b.want(t, 200, b.post(expected, "check-in"))
	shown := b.want(t, 200, b.post(expected, "voucher/reveal"))
	require.Equal(t, a.field("voucher.password"), shown.field("voucher.password"))
	fresh := b.want(t, 200, b.post(expected, "voucher/reissue").keyed("k"))
	require.NotEqual(t, a.field("voucher.username"), fresh.field("voucher.username"))
	require.NotEqual(t, a.field("voucher.password"), fresh.field("voucher.password"))
	again := b.want(t, 200, b.post(expected, "voucher/reissue").keyed("k"))
	require.Equal(t, fresh.field("voucher"), again.field("voucher"), "a repeat changes nothing")
}

func TestReadmit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.refused(t, 409, "visit_checked_in", b.post(b.present(t), "readmit"))
	id := b.gone(t)
	a := b.want(t, 201, b.post(id, "readmit").keyed("k"))
	require.Equal(t, id, a.field("visit.readmit_of"))
	require.NotEqual(t, id, a.field("visit.id"))
	require.Equal(t, "checked_in", a.field("visit.status"))
	require.NotEmpty(t, a.field("voucher.password"))
	again := b.want(t, 201, b.post(id, "readmit").keyed("k"))
	require.Equal(t, a.field("visit.id"), again.field("visit.id"))
	b.refused(t, 409, "visit_readmitted", b.post(id, "readmit"))

	id = b.gone(t)
	until := b.Clock.Now().Add(time.Hour)
	a = b.want(t, 201, b.post(id, "readmit").with(object{"expected_departure": until}))
	require.Equal(t, until.Format(time.RFC3339Nano), a.field("visit.expected_departure"))
	id = b.gone(t)
	b.Clock.Advance(13 * time.Hour)
	b.refused(t, 409, "readmit_too_late", b.post(id, "readmit"))
}

// A meeting that overruns: access has expired, the person is still here, and goes on
// until an instant that somebody names.
func TestAnOverdueVisitorGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	overdue := func() string {
		id := b.present(t)
		b.Clock.Advance(3 * time.Hour)
		_, err := b.RevokeVoucher(t.Context(), visit.VisitID(id), store.RevokeInput{By: store.Workflow})
		require.NoError(t, err)
		require.Equal(t, "unconfirmed", b.want(t, 200, b.get("/api/v1/visits/"+id)).field("visit.presence"))
		return id
	}
	// The night of 25 October 2026 has 25 hours in Berlin: a stay is counted in hours
	// that pass, not in hours on the clock.
	night := time.Date(2026, 10, 24, 20, 0, 0, 0, time.UTC)
	b.Clock.Advance(night.Sub(b.Clock.Now()))
	id := overdue()
	readmit := b.post(id, "readmit")
	now := b.Clock.Now()
	b.refused(t, 422, "departure_in_past", readmit.with(object{"expected_departure": now}))
	b.refused(t, 422, "stay_too_long", readmit.with(object{"expected_departure": now.Add(24*time.Hour + time.Second)}))
	b.refused(t, 422, "invalid", readmit.with(object{"expected_departure": "tomorrow"}))
	until := now.Add(24 * time.Hour)
	a := b.want(t, 201, readmit.with(object{"expected_departure": until.In(time.FixedZone("CEST", 7200)).Format(time.RFC3339Nano)}))
	require.Equal(t, until.Format(time.RFC3339Nano), a.field("visit.expected_departure"))
	require.Equal(t, a.field("visit.expected_departure"), a.field("voucher.valid_until"))
	require.Equal(t, "left", b.want(t, 200, b.get("/api/v1/visits/"+id)).field("visit.presence"), "nobody is here twice")
	require.Len(t, b.want(t, 200, b.get("/api/v1/sites/"+string(b.site)+"/evacuation")).list("people"), 1)
	b.want(t, 200, b.post(overdue(), "confirm-left"))
}

// Two kiosks, one code, the same moment: one voucher.
func TestConcurrentCheckIns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.expected(t)
	answers := b.atOnce(t, 8, func(i int) call { return b.post(id, "check-in").keyed([]string{"a", "b", ""}[i%3]) })
	for _, a := range answers {
		require.Equal(t, 200, a.status, string(a.text))
		require.Equal(t, answers[0].field("voucher"), a.field("voucher"))
	}
}

// atOnce makes calls at the same time.
func (b *bench) atOnce(t *testing.T, n int, of func(int) call) []answer {
	t.Helper()
	answers := make([]answer, n)
	requests := make([]*http.Request, n)
	for i := range n {
		requests[i] = of(i).request(t, b)
	}
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			response, err := b.client.Do(requests[i])
			if err != nil {
				return
			}
			defer func() { _ = response.Body.Close() }()
			answers[i] = read(response)
		})
	}
	wait.Wait()
	return answers
}

func TestConcurrentCheckOuts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.present(t)
	for _, a := range b.atOnce(t, 8, func(int) call { return b.post(id, "check-out") }) {
		require.Equal(t, 200, a.status, string(a.text))
		require.Equal(t, "checked_out", a.field("visit.status"))
	}
	require.Len(t, b.kinds(t, id, visit.EventCheckedOut), 1)
}

// A guest's device needs the network's own passphrase besides the voucher. It goes
// along with credentials, to whoever may see those, and nowhere else.
func TestNetworksGoAlongWithCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.expected(t)
	a := b.want(t, 200, b.post(id, "check-in"))
	networks := a.list("networks")
	require.Len(t, networks, 1)
	require.Equal(t, "wpa_psk", networks[0].(map[string]any)["kind"])
	require.Equal(t, canaryPSK, networks[0].(map[string]any)["passphrase"])
	for _, action := range []string{"voucher/reveal", "voucher/reissue"} {
		require.Len(t, b.want(t, 200, b.post(id, action)).list("networks"), 1, action)
	}
	stranger := b.token(t, store.Everything, auth.NewPermissions(auth.VisitsCheckIn))
	hidden := b.want(t, 200, call{method: "POST", path: "/api/v1/visits/" + id + "/check-in", as: stranger})
	require.NotContains(t, string(hidden.text), canaryPSK, "no password, no passphrase")
}
