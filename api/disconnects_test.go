package api_test

import (
	"crypto/sha256"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// online is a visit whose device is online through an agent.
type online struct {
	*bench
	agent store.Agent
	epoch int64
	nas   visit.NAS
	visit string
	grant wire.Grant
	at    time.Time
	seq   uint64
}

func (b *bench) online(t *testing.T) *online {
	t.Helper()
	by := store.Caller{Actor: "user:setup", Scope: store.Everything}
	o := &online{bench: b, visit: b.present(t), at: b.Clock.Now()}
	_, secret, err := b.CreateAgent(t.Context(), by, b.site, "cellar")
	require.NoError(t, err)
	hash, key := sha256.Sum256(secret), sha256.Sum256([]byte("key"))
	o.agent, _, err = b.Enrol(t.Context(), hash[:], key[:], func(store.Agent) (store.Certificate, error) {
		return store.Certificate{Serial: uuid.NewString(), SPKI: key[:], DER: []byte{1}, NotAfter: b.Clock.Now().Add(time.Hour)}, nil
	})
	require.NoError(t, err)
	o.epoch, err = b.Connect(t.Context(), o.agent.ID, "hub-1", wire.Hello{Journal: "j", Empty: true})
	require.NoError(t, err)
	o.nas, err = b.CreateNAS(t.Context(), by, visit.NAS{SiteID: b.site, Name: "AP-3", Source: netip.MustParsePrefix("10.0.0.0/8"), Secret: canarySecret})
	require.NoError(t, err)
	credentials, voucher, err := b.Credentials(t.Context(), visit.VisitID(o.visit))
	require.NoError(t, err)
	o.grant = wire.Grant{ID: string(voucher.ID), Username: credentials.Username}
	o.report(t, wire.Record{Accounting: &wire.Accounting{Status: wire.AccountingStart, EventAt: o.at, Session: wire.Session{
		Key: o.key(), GrantID: o.grant.ID, VisitID: visit.VisitID(o.visit), Username: o.grant.Username, MAC: "02:00:00:00:00:01", IP: "10.9.9.9",
	}}})
	return o
}

func (o *online) key() wire.SessionKey {
	return wire.SessionKey{NASID: o.nas.ID, AcctSessionID: "s1", StartedAt: o.at}
}

func (o *online) report(t *testing.T, r wire.Record) {
	t.Helper()
	o.seq++
	r.Sequence, r.At = o.seq, o.Clock.Now()
	_, err := o.StoreReport(t.Context(), o.agent.ID, o.site, o.epoch, wire.Report{Journal: "j", Records: []wire.Record{r}})
	require.NoError(t, err)
}

// result is the agent's word about the session.
func (o *online) result(t *testing.T, cmd *wire.Command, r visit.SessionTermination) {
	t.Helper()
	o.report(t, wire.Record{Termination: &wire.Termination{
		Command: cmd, GrantID: o.grant.ID, VisitID: visit.VisitID(o.visit), Results: []wire.SessionResult{{Key: o.key(), Result: r}},
	}})
}

func (o *online) claim(t *testing.T) wire.SessionTerminate {
	t.Helper()
	commands, err := o.ClaimCommands(t.Context(), o.site, o.agent.ID, o.epoch, nil)
	require.NoError(t, err)
	require.Len(t, commands, 1)
	return commands[0]
}

func (o *online) detail(t *testing.T) answer {
	t.Helper()
	return o.want(t, 200, o.get("/api/v1/visits/"+o.visit))
}

func (o *online) session(t *testing.T) string {
	t.Helper()
	session, _ := o.detail(t).list("sessions")[0].(object)
	id, _ := session["id"].(string)
	return id
}

func asked(at time.Time) visit.TerminationAttempt {
	return visit.TerminationAttempt{At: at, Method: "disconnect", Answer: "none", Tries: 3}
}

func TestADeviceIsDisconnectedByHand(t *testing.T) {
	t.Parallel()
	o := setup(t).online(t)
	session := o.session(t)
	at := "/api/v1/visits/" + o.visit + "/sessions/" + session + "/disconnect"
	c := call{method: "POST", path: at, as: o.at1(t, auth.Reception), key: "k"}
	a := o.want(t, 202, c)
	require.Equal(t, session, a.string("session_id"))
	require.Equal(t, true, a.field("changed"))
	require.Equal(t, "checked_in", a.string("visit.status"))
	require.Equal(t, string(a.text), string(o.want(t, 202, c).text), "the same request again")
	joined := o.want(t, 202, call{method: "POST", path: at, as: o.admin})
	require.Equal(t, false, joined.field("changed"))

	command := o.claim(t)
	require.True(t, command.Only)
	o.result(t, &command.Command, visit.SessionTermination{State: visit.TerminationConfirmed, At: o.Clock.Now(), Attempts: []visit.TerminationAttempt{asked(o.Clock.Now())}})
	d := o.detail(t)
	row, _ := d.list("terminations")[0].(object)
	require.Equal(t, "confirmed", row["state"])
	require.Equal(t, a.field("generation"), row["generation"])
	require.Nil(t, row["next_try_at"])
	require.Contains(t, row, "next_try_at", "null, not absent")
	require.Equal(t, "checked_in", d.string("visit.status"))
	require.Nil(t, d.field("voucher.revoked_at"))
	o.refused(t, 409, "session_ended", call{method: "POST", path: at, as: o.admin})

	o.refused(t, 403, "forbidden", call{method: "POST", path: at, as: o.at1(t, auth.Host)})
	o.refused(t, 404, "session_not_found", call{method: "POST", path: "/api/v1/visits/" + o.visit + "/sessions/" + uuid.NewString() + "/disconnect", as: o.admin})
	o.refused(t, 404, "session_not_found", call{method: "POST", path: "/api/v1/visits/" + o.present(t) + "/sessions/" + session + "/disconnect", as: o.admin})
}

func (o *online) at1(t *testing.T, role auth.Role) string { return o.bench.at(t, role, o.site) }

func TestWithoutAnAgentNothingIsDisconnected(t *testing.T) {
	t.Parallel()
	o := setup(t).online(t)
	session := o.session(t)
	require.NoError(t, o.Disconnected(t.Context(), o.agent.ID, o.epoch))
	c := call{method: "POST", path: "/api/v1/visits/" + o.visit + "/sessions/" + session + "/disconnect", as: o.admin, key: "k"}
	a := o.refused(t, 503, "agent_away", c)
	require.NotEmpty(t, a.header.Get("Retry-After"))
	var err error
	o.epoch, err = o.Connect(t.Context(), o.agent.ID, "hub-1", wire.Hello{Journal: "j", Epoch: o.epoch})
	require.NoError(t, err)
	o.want(t, 202, c)
}

// What staff read of an ending: a row an attempt, though the agent reports by itself
// and in its answers, and repeats what came before.
func TestAnEndingIsReadOnceAnAttempt(t *testing.T) {
	t.Parallel()
	o := setup(t).online(t)
	o.want(t, 200, o.post(o.visit, "check-out"))
	begin := func(attempt int) *wire.Command {
		_, _, err := o.BeginTermination(t.Context(), store.TerminationRequest{
			VisitID: visit.VisitID(o.visit), Generation: 1, Attempt: attempt, WorkflowID: "w", RunID: "r", ActivityID: "7",
		})
		require.NoError(t, err)
		command := o.claim(t).Command
		return &command
	}
	first := o.Clock.Now()
	silent := visit.SessionTermination{State: visit.TerminationUnconfirmed, Reason: visit.ReasonNoAnswer, At: first, Attempts: []visit.TerminationAttempt{asked(first)}}
	o.result(t, nil, silent)
	o.result(t, begin(1), silent)
	rows := o.detail(t).list("terminations")
	require.Len(t, rows, 1, "the agent's own word and its answer are one")
	require.EqualValues(t, 1, rows[0].(object)["generation"])
	require.Nil(t, rows[0].(object)["next_try_at"], "the workflow has not heard")
	require.NoError(t, o.Delivered(t.Context(), visit.VisitID(o.visit), 1, 1))
	rows = o.detail(t).list("terminations")
	require.Equal(t, o.Clock.Now().Add(30*time.Second).Format(time.RFC3339Nano), rows[0].(object)["next_try_at"])

	o.Clock.Advance(30 * time.Second)
	second := o.Clock.Now()
	silent.At, silent.Attempts = second, append(silent.Attempts, asked(second))
	o.result(t, begin(2), silent)
	require.NoError(t, o.Delivered(t.Context(), visit.VisitID(o.visit), 1, 2))
	o.Clock.Advance(time.Second)
	o.result(t, nil, silent)
	rows = o.detail(t).list("terminations")
	require.Len(t, rows, 2)
	for i, at := range []time.Time{first, second} {
		attempts, _ := rows[i].(object)["attempts"].([]any)
		require.Len(t, attempts, 1, "each row tells what it added")
		require.Equal(t, at.Format(time.RFC3339Nano), attempts[0].(object)["at"])
	}
	require.Nil(t, rows[0].(object)["next_try_at"], "of the newest alone")
	require.NotNil(t, rows[1].(object)["next_try_at"])

	o.Clock.Advance(time.Second)
	gone := visit.SessionTermination{State: visit.TerminationConfirmed, At: o.Clock.Now(), Attempts: silent.Attempts}
	o.result(t, &wire.Command{VisitID: visit.VisitID(o.visit), Generation: 1, Attempt: 2}, gone)
	gone.State, gone.At = visit.TerminationAbsent, o.Clock.Now().Add(time.Second)
	o.result(t, nil, gone)
	rows = o.detail(t).list("terminations")
	require.Len(t, rows, 3, "the proof is news, another proof is none")
	require.Equal(t, "confirmed", rows[2].(object)["state"])
	for _, row := range rows {
		require.Nil(t, row.(object)["next_try_at"], "it is over")
	}
}

func TestWhoDidItIsToldByName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.gone(t)
	at := "/api/v1/visits/" + id
	d := b.want(t, 200, b.get(at))
	for _, entry := range d.list("timeline") {
		by, _ := entry.(object)["by"].(object)
		require.Contains(t, []any{"token", "system"}, by["kind"], entry)
		require.Contains(t, by, "name")
		if by["kind"] == "token" {
			require.Equal(t, "test", by["name"])
			require.Equal(t, entry.(object)["actor"], "token:"+by["id"].(string), "the field of before")
		}
	}
	require.Equal(t, "test", d.field("voucher.by.name"), "who revoked it")
	shown := b.want(t, 200, b.get(at+"/disclosures")).list("items")
	require.Equal(t, "test", shown[0].(object)["by"].(object)["name"])
	events := b.want(t, 200, b.get("/api/v1/events?visit_id="+id)).list("items")
	require.Equal(t, "test", events[0].(object)["by"].(object)["name"])

	person, err := b.CreateUser(t.Context(), store.Caller{Actor: "user:setup", Scope: store.Everything},
		store.NewUser{Email: "canary-staff@example.org", Name: "Grace Stone", Role: "reception", Scope: store.Everything})
	require.NoError(t, err)
	by := store.Caller{Actor: "user:" + person.ID, Scope: store.Everything}
	_, _, err = b.Reveal(t.Context(), by, visit.VisitID(b.present(t)))
	require.NoError(t, err)
	last := func() object {
		item, _ := b.want(t, 200, b.get("/api/v1/events?kind=voucher.revealed")).list("items")[0].(object)
		actor, _ := item["by"].(object)
		return actor
	}
	require.Equal(t, object{"kind": "user", "id": person.ID, "name": "Grace Stone"}, last())
	require.NotContains(t, string(b.want(t, 200, b.get("/api/v1/audit/export")).text), "Grace", "names stand with their owners alone")
	require.NoError(t, b.EraseUser(t.Context(), by, person.ID, func(store.User) error { return nil }))
	require.Equal(t, object{"kind": "user", "id": person.ID, "name": nil}, last(), "erased")
}

func TestOperatorsAreLedToTheWorkflow(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) {
		c.WorkflowURL = func(id string) string { return "https://temporal.example/" + id }
	})
	at := "/api/v1/visits/" + b.present(t)
	d := b.want(t, 200, b.get(at))
	require.Equal(t, "https://temporal.example/"+d.string("workflow_id"), d.string("workflow_url"))
	for _, role := range []auth.Role{auth.SiteManager, auth.Reception} {
		require.Nil(t, b.want(t, 200, call{path: at, as: b.at(t, role, b.site)}).field("workflow_url"), role)
	}
	require.True(t, auth.Administrator.Permissions().Has(auth.WorkflowsRead))
	plain := setup(t)
	require.Nil(t, plain.want(t, 200, plain.get("/api/v1/visits/"+plain.present(t))).field("workflow_url"), "not configured")
}

func TestTheMailOnItsWayStandsInTheVisit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	registration := b.registration()
	registration["check_in"] = true
	id := b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: registration}).string("visit.id")
	c := call{method: "POST", path: "/api/v1/visits/" + id + "/voucher/mail", as: b.admin, key: "k"}
	asked := b.want(t, 202, c).string("delivery_id")
	require.NotEmpty(t, asked)
	mails := func() []any { return b.want(t, 200, b.get("/api/v1/visits/"+id)).list("deliveries") }
	require.Len(t, mails(), 1)
	mail, _ := mails()[0].(object)
	require.Equal(t, []any{asked, "mail", "credentials", "pending"}, []any{mail["id"], mail["target"], mail["name"], mail["state"]})
	require.Equal(t, asked, b.want(t, 202, c).string("delivery_id"), "the same request again")

	screen := b.screen(t, "", bearer(b.admin))
	require.NoError(t, b.FailDelivery(t.Context(), visit.DeliveryID(asked), "refused"))
	news := screen.next()
	require.Equal(t, []any{"detail", id}, []any{news["type"], news["visit_id"]}, "without an event, and at once")
	mail, _ = mails()[0].(object)
	require.Equal(t, []any{"failed", "refused"}, []any{mail["state"], mail["reason"]})
	require.NotEqual(t, asked, b.want(t, 202, c.keyed("k2")).string("delivery_id"))
	require.Len(t, mails(), 2)
}
