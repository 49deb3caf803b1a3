package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

// Somebody came, was online, mistyped, left, and wants to be forgotten: nothing of
// them is left in the database's files, in Temporal's, or on the agent's disk.
func TestAPersonIsForgottenEverywhere(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
	body := stack.WalkInBody(r.site, time.Hour)
	body["visitor"] = map[string]any{"first_name": "Canaryfirst", "last_name": "Canarylast", "email": "canary@mail.example", "phone": "+49-canary-77"}
	body["purpose"] = "canary-purpose-77"
	canaries := []string{"Canaryfirst", "Canarylast", "canary@mail.example", "+49-canary-77", "canary-purpose-77", "02:00:00:00:00:01", "02-00-00-00-00-01", "10.9.0.1"}
	var visitor stack.CheckedIn
	require.Equal(t, 201, r.Try(0, "POST", "/api/v1/visits", body, &visitor, ""))
	mac, _ := r.login(visitor, nas.PAP)
	r.seen(visitor.Visit.ID)
	r.Radclient(r.agent, secret, "User-Name="+visitor.Voucher.Username+",User-Password=wrong")
	r.Eventually("the refused login is reported", func() bool {
		var refused struct{ Items []map[string]any }
		r.Call("GET", "/api/v1/sites/"+r.site+"/refused-logins", nil, &refused, 200)
		return len(refused.Items) > 0
	})
	r.Act(visitor.Visit.ID, "check-out", nil)
	r.offline(mac)
	r.Sealed(visitor.Visit.ID)
	r.Eventually("the session's end is reported", func() bool {
		sessions := r.Detail(visitor.Visit.ID).Sessions
		return len(sessions) == 1 && sessions[0].EndedAt != nil
	})
	for _, canary := range canaries {
		require.NotEmpty(t, inDatabaseFiles(t, r, canary), "negative control: %s", canary)
	}

	var detail struct {
		Visit struct {
			PersonID string `json:"person_id"`
		}
	}
	r.Call("GET", "/api/v1/visits/"+visitor.Visit.ID, nil, &detail, 200)
	var erasure struct{ State string }
	r.Call("DELETE", "/api/v1/people/"+detail.Visit.PersonID, nil, &erasure, 202)
	require.Equal(t, "done", erasure.State)
	out := r.Foyer("purge")
	rewritten, _, _ := strings.Cut(out, "\n")
	for _, table := range []string{"people", "refused_logins", "sessions", "terminations", "visits"} {
		require.Contains(t, rewritten, " "+table, out)
	}
	require.Contains(t, out, "left for the next time: none", out)

	for _, canary := range canaries {
		require.Empty(t, inDatabaseFiles(t, r, canary), canary)
	}
	require.Empty(t, found(temporalFiles(t, r), canaries...), "in Temporal's database")
	require.Empty(t, found(filesIn(t, r.agent.Dir), append(canaries, visitor.Voucher.Username)...), "in clear on the agent's disk")
	r.AuditVerifies()
	r.Call("GET", "/api/v1/visits/"+visitor.Visit.ID, nil, nil, 200)
	r.Call("GET", "/api/v1/visits", nil, nil, 200)
}

// inDatabaseFiles lists the files of tables, indexes and catalogs that hold a text.
func inDatabaseFiles(t *testing.T, r *rig, text string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, r.Database)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "checkpoint")
	require.NoError(t, err)
	rows, err := conn.Query(ctx, `select f from (select oid::text from pg_database where datname = current_database()) d,
		lateral pg_ls_dir('base/' || d.oid) f
		where position(convert_to($1, 'UTF8') in pg_read_binary_file('base/' || d.oid || '/' || f, 0, 1 << 29, true)) > 0`, text)
	require.NoError(t, err)
	files, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return files
}

// filesIn is all that lies below a directory.
func filesIn(t *testing.T, dir string) (all []byte) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all = append(all, text...)
		return err
	}))
	require.NotEmpty(t, all)
	return all
}
