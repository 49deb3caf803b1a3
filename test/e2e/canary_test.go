package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

// Names, addresses and passwords stay out of Temporal, logs, metrics, audit,
// events, idempotency and command rows.
func TestCanariesStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
	canaries := []string{"Canary-Lovelace", "canary.ada@example.org", "canary-purpose-9f3", "02-00-00-00-00-01", "10.9.0.1", secret, r.Token, r.Key}
	body := stack.WalkInBody(r.site, time.Hour)
	body["purpose"] = "canary-purpose-9f3"
	var visitor stack.CheckedIn
	require.Equal(t, 201, r.Try(0, "POST", "/api/v1/visits", body, &visitor, "canary-key-77"))
	canaries = append(canaries, visitor.PasswordIn(r.Stack), "canary-key-77")
	mac, _ := r.login(visitor, nas.PAP)
	r.seen(visitor.Visit.ID)
	r.Radclient(r.agent, secret, "User-Name="+visitor.Voucher.Username+",User-Password=canary-wrong-password")
	canaries = append(canaries, "canary-wrong-password")
	r.Act(visitor.Visit.ID, "extend", map[string]any{"expected_departure": time.Now().Add(2 * time.Hour)})
	r.Act(visitor.Visit.ID, "check-out", nil)
	r.offline(mac)
	r.Sealed(visitor.Visit.ID)
	// Errors must not quote either: bad input with the canaries in it.
	r.Try(0, "POST", "/api/v1/visits", map[string]any{"site_id": r.site, "visitor": map[string]any{"first_name": strings.Repeat("Canary-Lovelace", 50)}}, nil, "canary-key-77")

	rows := tables(t, r, "audit", "audit_checkpoints", "events", "idempotency", "commands", "site_ledger", "terminations")
	metrics := scrape(t, r)
	var logs []byte
	for _, p := range append(append([]*stack.Process{}, r.APIs...), append(r.Workers, r.agent.Process)...) {
		logs = append(logs, p.Log()...)
	}
	require.NotEmpty(t, rows)
	require.NotEmpty(t, logs)
	require.Contains(t, string(metrics), "foyer_")

	t.Log("negative control: a workflow without the codec leaks, and is found")
	leak(t, r, "canary-in-the-clear")
	durable := temporalFiles(t, r)
	require.Equal(t, []string{"canary-in-the-clear"}, found(durable, "canary-in-the-clear"), "the search would find a leak")
	require.NotEmpty(t, found(tables(t, r, "visits"), "Canary-Lovelace"), "and in tables too")

	require.Empty(t, found(durable, canaries...), "in Temporal's database")
	require.Empty(t, found(rows, canaries...), "in rows that hold ids only")
	require.Empty(t, found(metrics, canaries...), "in metrics")
	require.Empty(t, found(logs, canaries...), "in logs")
}

// found lists the canaries that a text holds, plain or encoded.
func found(text []byte, canaries ...string) []string {
	var list []string
	for _, canary := range canaries {
		for _, form := range forms(canary) {
			if bytes.Contains(text, []byte(form)) {
				list = append(list, canary)
				break
			}
		}
	}
	return list
}

func forms(s string) []string {
	all := []string{s, strings.ToLower(s), url.QueryEscape(s), hex.EncodeToString([]byte(s))}
	for shift := range 3 { // where base64's groups begin depends on what stands before
		padded := append(bytes.Repeat([]byte{0}, shift), s...)
		text := base64.StdEncoding.EncodeToString(padded)
		if inner := text[4*min(shift, 1) : len(text)-4]; len(inner) >= 8 {
			all = append(all, inner)
		}
	}
	return all
}

// tables dumps tables as text.
func tables(t *testing.T, r *rig, names ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, r.Database)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	var out bytes.Buffer
	for _, name := range names {
		_, err := conn.PgConn().CopyTo(ctx, &out, "copy "+pgx.Identifier{name}.Sanitize()+" to stdout")
		require.NoError(t, err)
	}
	return out.Bytes()
}

// temporalFiles is Temporal's database as it lies on the disk, the log of the
// last writes included.
func temporalFiles(t *testing.T, r *rig) []byte {
	t.Helper()
	var all []byte
	require.NoError(t, filepath.WalkDir(filepath.Join(r.Dir, "temporal"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		all = append(all, body...)
		return err
	}))
	return all
}

// leak runs a workflow with a canary through a client that has no codec.
func leak(t *testing.T, r *rig, canary string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := client.Dial(client.Options{HostPort: r.Temporal.Address()})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "leak", TaskQueue: "nobody"}, func(workflow.Context, string) error { return nil }, canary)
	require.NoError(t, err)
}
