package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/crm/crmtest"
	"github.com/foyerhq/foyer/internal/mail/mailtest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook/webhooktest"
	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

// world is a running Foyer and the parties outside that it tells of visits.
type world struct {
	*rig
	hook   *webhooktest.Receiver
	hookID string
	crm    *crmtest.Fake
	mail   *mailtest.Server
}

// newWorld starts everything. The mail server is on loopback and offers no TLS.
func newWorld(t *testing.T, o stack.Options) *world {
	t.Helper()
	w := &world{
		hook: webhooktest.NewPlainReceiver(t), crm: crmtest.New(visit.HubSpot),
		mail: mailtest.Start(t, mailtest.Manners{NoTLS: true}),
	}
	o.NoFsync = true
	o.Env = append(o.Env, "FOYER_OUTWARD_ALLOW=127.0.0.0/8", "FOYER_MAIL_FROM=desk@foyer.example", "FOYER_MAIL_OPERATORS=ops@foyer.example",
		"FOYER_SMTP_URL=smtp://"+mailtest.User+":"+mailtest.Password+"@127.0.0.1:"+w.mail.Port)
	w.rig = newRig(t, rigOptions{Options: o})
	w.subscribe()
	w.connectCRM()
	return w
}

func (w *world) subscribe() {
	w.t.Helper()
	var made struct {
		Webhook struct{ ID string }
		Secret  string
	}
	w.Call("POST", "/api/v1/webhooks", map[string]any{"name": "customer", "url": w.hook.URL() + "/canary-path?token=canary-query"}, &made, 201)
	w.hook.Expect(w.t, made.Secret)
	w.hookID = made.Webhook.ID
}

func (w *world) connectCRM() {
	w.t.Helper()
	server := httptest.NewServer(w.crm)
	w.t.Cleanup(func() {
		w.crm.Behave()
		server.CloseClientConnections()
		server.Close()
	})
	var account struct{ ID string }
	w.Call("POST", "/api/v1/crm/accounts", map[string]any{
		"name": "HubSpot", "kind": "hubspot", "settings": map[string]any{"base_url": server.URL},
		"credentials": map[string]any{"token": crmtest.Secret},
	}, &account, 201)
	w.Call("PUT", "/api/v1/sites/"+w.site+"/crm", map[string]any{"account_id": account.ID, "fields": []string{"first_name", "last_name", "company"}}, nil, 200)
}

// told are the events of a visit that arrived, by kind, each with how often.
func (w *world) told(id string) map[string][]webhooktest.Delivery {
	told := map[string][]webhooktest.Delivery{}
	for _, d := range w.hook.Deliveries() {
		var body struct {
			Type string
			Data struct {
				VisitID string `json:"visit_id"`
			}
		}
		require.NoError(w.t, json.Unmarshal(d.Body, &body))
		if body.Data.VisitID == id {
			told[body.Type] = append(told[body.Type], d)
		}
	}
	return told
}

func (w *world) hears(id string, kinds ...string) {
	w.t.Helper()
	for _, kind := range kinds {
		w.Eventually("told of "+kind, func() bool { return len(w.told(id)[kind]) > 0 })
	}
}

// mailed waits for a mail to an address whose text holds a word, and returns it
// decoded.
func (w *world) mailed(to, word string) string {
	w.t.Helper()
	var text string
	w.Eventually("mail to "+to+" with "+word, func() bool {
		for _, m := range w.mail.Taken() {
			if text = decoded(w.t, m.Raw); m.To == to && strings.Contains(text, word) {
				return true
			}
		}
		return false
	})
	return text
}

// decoded is all that is in a mail, part after part.
func decoded(t *testing.T, raw []byte) string {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	return part(t, textproto.MIMEHeader(m.Header), m.Body)
}

func part(t *testing.T, head textproto.MIMEHeader, body io.Reader) (text string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(head.Get("Content-Type"))
	require.NoError(t, err)
	if !strings.HasPrefix(kind, "multipart/") {
		switch head.Get("Content-Transfer-Encoding") {
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		}
		raw, err := io.ReadAll(body)
		require.NoError(t, err)
		return string(raw)
	}
	for parts := multipart.NewReader(body, params["boundary"]); ; {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return text
		}
		require.NoError(t, err)
		text += part(t, p.Header, p) + "\n"
	}
}

// syncs is what the visit's detail says of the CRM.
func (w *world) crmState(id string) (state, reason string) {
	w.t.Helper()
	var detail struct {
		CRM *struct{ State, Reason string } `json:"crm"`
	}
	w.Call("GET", "/api/v1/visits/"+id, nil, &detail, 200)
	if detail.CRM == nil {
		return "", ""
	}
	return detail.CRM.State, detail.CRM.Reason
}

func (w *world) register(email string) string {
	w.t.Helper()
	body := stack.WalkInBody(w.site, time.Hour)
	body["check_in"] = false
	body["visitor"] = map[string]string{"first_name": "Ada", "last_name": "Canary-Lovelace", "email": email, "company": "Canary-Engines"}
	body["host"] = map[string]string{"name": "Canary-Babbage", "email": "canary.charles@example.org"}
	var answer struct{ Visit stack.Visit }
	w.Call("POST", "/api/v1/visits", body, &answer, 201)
	return answer.Visit.ID
}

// A visit is told of: webhooks, mail to visitor and host, the CRM. Then the person
// is erased, and nothing of them is left anywhere.
func TestEverybodyOutsideIsToldAndThenForgets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stack.Options{})
	const visitor, host = "canary.ada@example.org", "canary.charles@example.org"
	id := w.register(visitor)
	w.hears(id, "visitor.pre_registered")
	invitation := w.mailed(visitor, "BEGIN:VCALENDAR")
	link := regexp.MustCompile(`http://127\.0\.0\.1:\d+/v/[A-Za-z0-9_.-]+`).FindString(invitation)
	require.NotEmpty(t, link, "the invitation has a link")

	var in stack.CheckedIn
	w.Call("POST", "/api/v1/visits/"+id+"/check-in", map[string]any{}, &in, 200)
	mac, _ := w.login(in, nas.PAP)
	w.seen(id)
	w.mailed(host, "Canary-Lovelace")
	w.Act(id, "check-out", nil)
	w.offline(mac)
	detail := w.Sealed(id)
	w.hears(id, "visitor.checked_in", "session.started", "visitor.checked_out", "session.terminated")
	for kind, deliveries := range w.told(id) {
		for _, d := range deliveries {
			require.Equal(t, 1, d.Verified, "%s is signed, as the official library sees it", kind)
			require.NotContains(t, string(d.Body), "Canary", "thin")
			require.NotContains(t, string(d.Body), "canary")
		}
	}
	state, _ := w.crmState(id)
	require.Equal(t, "synced", state)
	require.Len(t, w.crm.Contacts(), 1)
	require.Len(t, w.crm.Visits(), 1)
	require.Empty(t, w.crm.Breaches(), "requests that HubSpot would not take")
	require.Contains(t, detail.Kinds(), "visit.sealed")
	before := files(t, w)
	require.NotEmpty(t, found(before, visitor), "the search would find it")

	t.Log("erased: here, at the CRM, at the agent; who listens hears of it")
	var visits struct {
		Visit struct {
			PersonID string `json:"person_id"`
		}
	}
	w.Call("GET", "/api/v1/visits/"+id, nil, &visits, 200)
	require.NotEmpty(t, visits.Visit.PersonID)
	var erasure struct {
		ErasureID string `json:"erasure_id"`
	}
	w.Call("DELETE", "/api/v1/people/"+visits.Visit.PersonID, nil, &erasure, 202)
	w.Eventually("erased everywhere", func() bool {
		var e struct{ State string }
		w.Call("GET", "/api/v1/erasures/"+erasure.ErasureID, nil, &e, 200)
		return e.State == "done"
	})
	require.Empty(t, w.crm.Contacts())
	w.Eventually("told of person.erased", func() bool {
		for _, d := range w.hook.Deliveries() {
			if strings.Contains(string(d.Body), `"person.erased"`) {
				return strings.Contains(string(d.Body), visits.Visit.PersonID)
			}
		}
		return false
	})
	w.Foyer("purge")
	canaries := []string{visitor, host, "Canary-Lovelace", "Canary-Engines", "Canary-Babbage", "02-00-00-00-00-01", "10.9.0.1"}
	w.Eventually("gone from every file", func() bool { return len(found(files(t, w), canaries...)) == 0 })
	require.Equal(t, 200, w.Try(0, "GET", "/api/v1/visits/"+id, nil, nil, ""), "the visit itself can still be looked at")
	w.AuditVerifies()
	requireNoLeak(t, w, append(canaries, "canary-path", "canary-query", crmtest.Secret, mailtest.Password)...)
}

// files are Postgres's, but for its log of the last writes, which ages out, and the
// agent's.
func files(t *testing.T, w *world) []byte {
	t.Helper()
	var data string
	conn, err := pgx.Connect(t.Context(), w.Database)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	_, err = conn.Exec(t.Context(), "checkpoint") // what is in memory only
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(t.Context(), "show data_directory").Scan(&data))
	var all []byte
	for _, dir := range []string{filepath.Join(data, "base"), w.agent.Dir} {
		require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			body, err := os.ReadFile(path)
			if os.IsNotExist(err) {
				return nil // rewritten meanwhile
			}
			all = append(all, body...)
			return err
		}))
	}
	return all
}

// requireNoLeak looks where personal data and secrets never belong.
func requireNoLeak(t *testing.T, w *world, canaries ...string) {
	t.Helper()
	var logs []byte
	for _, p := range append(append([]*stack.Process{}, w.APIs...), append(w.Workers, w.agent.Process)...) {
		logs = append(logs, p.Log()...)
	}
	require.Empty(t, found(logs, canaries...), "in logs")
	require.Empty(t, found(temporalFiles(t, w.rig), canaries...), "in Temporal's database")
	require.Empty(t, found(scrape(t, w.rig), canaries...), "in metrics")
	require.Empty(t, found(tables(t, w.rig, "audit", "events", "deliveries", "delivery_attempts", "idempotency", "commands", "crm_syncs", "erasures", "purges"), canaries...), "in rows that hold ids only")
}

// Receivers, the CRM and the mail server are all dead, and so is the worker for a
// while: visits come and go as ever, and everything arrives once they are back, under
// the same ids.
func TestTheOutsideMayBeDead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stack.Options{})
	w.hook.Behave(w.hook.Hang)
	w.crm.Die()
	w.mail.Behave(mailtest.Manners{NoTLS: true, Message: 451}) // greylisted: come back in minutes

	id := w.register("canary.ada@example.org")
	var in stack.CheckedIn
	w.Call("POST", "/api/v1/visits/"+id+"/check-in", map[string]any{}, &in, 200)
	mac, _ := w.login(in, nas.PAP)
	w.seen(id)
	w.Act(id, "check-out", nil)
	w.Eventually("rejected", func() bool { return !w.accepts(in) })
	w.offline(mac)
	require.Nil(t, w.Detail(id).Visit.SealedAt, "the CRM was not told yet")

	t.Log("the worker dies in the middle of it, and so does Temporal")
	w.Workers[0].Kill9()
	require.NoError(t, w.Temporal.Kill9())
	w.hook.Behave(webhooktest.Accept)
	w.crm.Behave()
	require.NoError(t, w.Temporal.Restart(t.Context()))
	w.Workers[0].Start()

	// The attempt that died with the worker is waited for, for its minute.
	require.Eventually(t, func() bool { return w.Detail(id).Visit.SealedAt != nil }, 5*time.Minute, time.Second, "sealed")
	state, _ := w.crmState(id)
	require.Equal(t, "synced", state)
	require.Len(t, w.crm.Visits(), 1, "once, whatever was tried before")
	w.hears(id, "visitor.pre_registered", "visitor.checked_in", "visitor.checked_out")
	for kind, deliveries := range w.told(id) {
		ids := map[string]bool{}
		for _, d := range deliveries {
			ids[d.ID] = true
		}
		require.Len(t, ids, 1, "%s has one id on all its attempts", kind)
	}
	var detail struct {
		Deliveries []struct {
			Name, State string
		}
	}
	w.Call("GET", "/api/v1/visits/"+id, nil, &detail, 200)
	for _, d := range detail.Deliveries {
		if d.Name == "arrival" {
			// Later, or not at all once the visitor has left.
			require.Contains(t, []string{"pending", "skipped"}, d.State, "shown, and not given up")
			return
		}
	}
	require.Fail(t, "the host's mail is not in the visit's detail", "%+v", detail.Deliveries)
}

// A CRM that refuses for good is shown, holds nothing up, and is told again by hand.
func TestACRMThatRefusesNeedsAttention(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stack.Options{})
	w.crm.Misbehave(crmtest.Forbidden, crmtest.Forbidden, crmtest.Forbidden, crmtest.Forbidden)
	in := w.WalkIn(w.site, time.Hour)
	w.Act(in.Visit.ID, "check-out", nil)
	w.Sealed(in.Visit.ID)
	state, reason := w.crmState(in.Visit.ID)
	require.Equal(t, "needs_attention", state)
	require.NotEmpty(t, reason)
	w.mailed("ops@foyer.example", in.Visit.ID)

	w.crm.Behave()
	require.Contains(t, []int{200, 202}, w.Try(0, "POST", "/api/v1/visits/"+in.Visit.ID+"/crm/retry", map[string]any{}, nil, ""))
	w.Eventually("told", func() bool { state, _ := w.crmState(in.Visit.ID); return state == "synced" })
	require.Len(t, w.crm.Visits(), 1)
}
