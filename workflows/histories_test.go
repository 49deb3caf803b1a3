package workflows_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	temporalworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/activities/activitiestest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/workflows"
)

// recordEnv makes TestHistoriesOnARealServer keep what it sees, for ever after to be
// replayed: `make histories`. Files carry the day, so that older ones stay beside
// them until no workflow of their time can be alive.
const (
	recordEnv    = "FOYER_RECORD_HISTORIES"
	historiesDir = "testdata/histories"
)

// kinds are the kinds of visit, each played on a real server. A kind returns the
// outline its history must have, or nil where it says that itself.
var kinds = map[string]func(t *testing.T) (*server, []string){
	"check-out": func(t *testing.T) (*server, []string) {
		s := serve(t)
		s.checkIn()
		s.checkIn() // twice: the same answer, nothing new in the history
		s.checkOut()
		require.Equal(t, visit.CheckedOut, s.end().Status)
		require.Equal(t, 1, upserts(s.runs()[0]), "the end, with the workflow's own")
		return s, []string{"IssueVoucher", "timer", "check-out", "RevokeVoucher", "timer", "TerminateSessions", "SyncCRM", "SealAudit"}
	},
	"expiry": func(t *testing.T) (*server, []string) {
		s := serve(t, departs(2*time.Second))
		s.checkIn()
		require.Equal(t, visit.Expired, s.end().Status)
		row := s.desk.Row(s.id)
		require.WithinRange(t, *row.EndedAt, row.ExpectedDeparture, row.ExpectedDeparture.Add(10*time.Second))
		return s, []string{"IssueVoucher", "timer", "RevokeVoucher", "timer", "TerminateSessions", "SyncCRM", "SealAudit"}
	},
	"moved": func(t *testing.T) (*server, []string) {
		s := serve(t, departs(2*time.Second))
		s.checkIn()
		s.move(time.Now().Add(time.Hour))
		s.waitFor("RevokeVoucher", 1) // the timer woke and the row said later
		s.move(time.Now().Add(time.Second))
		require.Equal(t, visit.Expired, s.end().Status)
		return s, []string{
			"IssueVoucher", "timer", "departure-changed", "RevokeVoucher", "timer",
			"departure-changed", "RevokeVoucher", "timer", "RevokeVoucher", "timer", "TerminateSessions", "SyncCRM", "SealAudit",
		}
	},
	"handed-to-the-crm": func(t *testing.T) (*server, []string) {
		s := serve(t, hasCRM)
		s.desk.HandOver = func(job visit.CRMJob) error {
			if job.Known == nil {
				return &visit.Error{Kind: visit.KindLimited, Code: "crm_limited", RetryAfter: time.Second}
			}
			return nil
		}
		s.checkIn()
		s.checkOut()
		require.Equal(t, activities.HandedOver, s.end().CRM)
		return s, []string{"IssueVoucher", "timer", "check-out", "RevokeVoucher", "timer", "TerminateSessions", "SyncCRM", "SyncCRM", "SealAudit"} // asked in the task, done outside
	},
	"refused-by-the-crm": func(t *testing.T) (*server, []string) {
		s := serve(t, hasCRM)
		s.desk.HandOver = func(visit.CRMJob) error { return visit.Errorf(visit.KindForbidden, "crm_unauthorized", "no") }
		s.checkIn()
		s.checkOut()
		require.Equal(t, activities.Failed, s.end().CRM)
		return s, []string{"IssueVoucher", "timer", "check-out", "RevokeVoucher", "timer", "TerminateSessions", "SyncCRM", "SyncCRM", "SealAudit"} // asked in the task, done outside
	},
	"cancelled": func(t *testing.T) (*server, []string) {
		s := serve(t)
		s.checkIn()
		require.NoError(t, s.temporal.CancelWorkflow(t.Context(), workflows.VisitWorkflowID(s.id), ""))
		require.Equal(t, visit.CheckedOut, s.end().Status)
		require.Equal(t, visit.ActorOperator, s.desk.Row(s.id).EndedBy)
		return s, []string{"IssueVoucher", "timer", "RevokeVoucher", "timer", "TerminateSessions", "SyncCRM", "SealAudit"}
	},
	"confirmed-on-the-second-attempt": func(t *testing.T) (*server, []string) {
		s := serve(t)
		s.pend()
		s.checkIn()
		s.checkOut()
		require.Equal(t, 1, s.complete(live(visit.ReasonOther)).Attempt)
		require.Equal(t, 2, s.complete(confirmed).Attempt)
		require.Equal(t, activities.SessionsEnded, s.end().Termination)
		return s, []string{"IssueVoucher", "timer", "check-out", "RevokeVoucher", "timer", "TerminateSessions", "SyncCRM", "SealAudit"}
	},
	"given-up": func(t *testing.T) (*server, []string) {
		s := serve(t, func(r *activitiestest.Row) { r.TerminateFor = 3 * time.Second })
		s.pend()
		s.checkIn()
		s.checkOut()
		s.complete(live(visit.ReasonBusy)) // which asks for another attempt in ten seconds
		require.Equal(t, activities.Failed, s.end().Termination)
		require.Equal(t, visit.ReasonBusy, s.desk.Row(s.id).GivenUp[0].Reason)
		return s, []string{"IssueVoucher", "timer", "check-out", "RevokeVoucher", "timer", "TerminateSessions", "SyncCRM", "FailTermination", "SealAudit"}
	},
	"never-heard-of": func(t *testing.T) (*server, []string) {
		s := serve(t, func(r *activitiestest.Row) { r.TerminateFor = 2 * time.Second })
		s.pend()
		s.checkIn()
		s.checkOut()
		require.Equal(t, activities.Failed, s.end().Termination)
		require.Equal(t, visit.ReasonAgentUnreachable, s.desk.Row(s.id).GivenUp[0].Reason)
		return s, []string{"IssueVoucher", "timer", "check-out", "RevokeVoucher", "timer", "TerminateSessions", "SyncCRM", "FailTermination", "SealAudit"}
	},
	"retry-now": func(t *testing.T) (*server, []string) {
		s := serve(t)
		s.pend()
		s.checkIn()
		s.checkOut()
		dropped := s.attempt()
		s.retry(2)
		require.Equal(t, 2, s.complete(confirmed).Generation)
		require.Equal(t, activities.SessionsEnded, s.end().Termination)
		require.NoError(t, s.client.CompleteTermination(t.Context(), workflows.Completion{
			WorkflowID: dropped.WorkflowID, RunID: dropped.RunID, ActivityID: dropped.ActivityID, Final: true,
		}), "nobody waits any more, and that is fine")
		return s, []string{
			"IssueVoucher", "timer", "check-out", "RevokeVoucher", "timer", "TerminateSessions", "SyncCRM",
			"retry-termination", "TerminateSessions", "SealAudit",
		}
	},
	"database-away": func(t *testing.T) (*server, []string) {
		var tries atomic.Int32
		s := serve(t)
		s.desk.Fail = func(step string) error {
			if step == "RevokeVoucher" && tries.Add(1) <= 4 {
				return errDown
			}
			return nil
		}
		s.checkIn()
		s.checkOut()
		require.Equal(t, visit.CheckedOut, s.end().Status)
		return s, []string{"IssueVoucher", "timer", "check-out", "RevokeVoucher", "RevokeVoucher", "timer", "TerminateSessions", "SyncCRM", "SealAudit"}
	},
	"taken-up": func(t *testing.T) (*server, []string) {
		s := serve(t, ended(visit.Expired))
		started, err := s.client.Start(t.Context(), s.id, theSite)
		require.NoError(t, err)
		require.True(t, started)
		require.Equal(t, visit.Expired, s.end().Status)
		return s, []string{"IssueVoucher", "RevokeVoucher", "TerminateSessions", "SyncCRM", "SealAudit"}
	},
	"thirty-days-extended-daily": func(t *testing.T) (*server, []string) {
		s := serve(t, departs(24*time.Hour))
		s.checkIn()
		s.extend(100)
		s.checkOut()
		require.Equal(t, visit.CheckedOut, s.end().Status)
		require.Len(t, s.runs(), 1)
		return s, nil
	},
	"moved-to-and-fro": func(t *testing.T) (*server, []string) {
		s := serve(t, departs(24*time.Hour))
		s.checkIn()
		for i := range 100 { // each one brings the timer forward
			s.move(time.Now().Add(24*time.Hour - time.Duration(i+1)*time.Minute))
			require.Eventually(t, func() bool { // a new run reads the departure when it begins
				steps := s.desk.Steps()
				return count(steps, "RevokeVoucher")+count(steps, "IssueVoucher") >= i+2
			}, 30*time.Second, 5*time.Millisecond)
		}
		s.checkOut()
		require.Equal(t, visit.CheckedOut, s.end().Status)
		require.Greater(t, len(s.runs()), 1)
		return s, nil
	},
}

func TestHistoriesOnARealServer(t *testing.T) {
	for name, play := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, want := play(t)
			row := s.desk.Row(s.id)
			require.Len(t, row.Seals, 1)
			require.LessOrEqual(t, len(row.Terminal), 1)
			runs := s.runs()
			for _, run := range runs {
				require.LessOrEqual(t, len(run.Events), 500)
				require.Less(t, proto.Size(run), 500_000)
				require.NoError(t, replayer(workflows.Visit).ReplayWorkflowHistory(quiet, run))
			}
			require.Equal(t, string(row.Status), s.searched("VisitStatus"))
			if want != nil {
				require.Equal(t, want, sorted(outline(runs[0])))
			}
			if os.Getenv(recordEnv) != "" {
				record(t, name, runs[len(runs)-1])
			}
		})
	}
}

func TestHistoriesReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(historiesDir, "*.json.gz"))
	require.NoError(t, err)
	for name := range kinds {
		recorded := func(file string) bool { return strings.HasSuffix(file, "-"+name+".json.gz") }
		require.True(t, slices.ContainsFunc(files, recorded), "no history of %s: make histories", name)
	}
	for _, file := range files {
		require.NoError(t, replayer(workflows.Visit).ReplayWorkflowHistory(quiet, read(t, file)), file)
	}
}

// The negative control: a workflow that does one thing more does not replay.
func TestHistoriesOfAChangedWorkflowDoNotReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(historiesDir, "*-check-out.json.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	changed := func(ctx workflow.Context, in workflows.VisitInput) (workflows.VisitResult, error) {
		_ = workflow.Sleep(ctx, time.Second)
		return workflows.Visit(ctx, in)
	}
	require.ErrorContains(t, replayer(changed).ReplayWorkflowHistory(quiet, read(t, files[0])), "nondetermin")
}

var quiet = log.NewStructuredLogger(slog.New(slog.DiscardHandler))

func replayer(visit any) temporalworker.WorkflowReplayer {
	r := temporalworker.NewWorkflowReplayer()
	r.RegisterWorkflowWithOptions(visit, workflow.RegisterOptions{Name: "Visit"})
	r.RegisterWorkflowWithOptions(workflows.Delivery, workflow.RegisterOptions{Name: "Delivery"})
	r.RegisterWorkflowWithOptions(workflows.Purge, workflow.RegisterOptions{Name: "Purge"})
	r.RegisterWorkflowWithOptions(workflows.Erase, workflow.RegisterOptions{Name: "Erase"})
	r.RegisterWorkflowWithOptions(workflows.Access, workflow.RegisterOptions{Name: "Access"})
	return r
}

func record(t *testing.T, name string, h *history.History) {
	t.Helper()
	text, err := protojson.Marshal(h)
	require.NoError(t, err)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write(text)
	require.NoError(t, errors.Join(err, w.Close()))
	require.NoError(t, os.MkdirAll(historiesDir, 0o755))
	file := time.Now().UTC().Format(time.DateOnly) + "-" + name + ".json.gz"
	require.NoError(t, os.WriteFile(filepath.Join(historiesDir, file), packed.Bytes(), 0o644))
}

func read(t *testing.T, file string) *history.History {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	require.NoError(t, err)
	h, err := client.HistoryFromJSON(io.LimitReader(unpacked, 16<<20), client.HistoryJSONOptions{})
	require.NoError(t, err, file)
	return h
}

func departs(after time.Duration) func(*activitiestest.Row) {
	return func(r *activitiestest.Row) { r.ExpectedDeparture = time.Now().Add(after) }
}

// extend moves the departure back n times, each time as a request of its own: the
// next follows when the workflow has taken the one before.
func (s *server) extend(n int) {
	s.t.Helper()
	for i := range n {
		s.move(time.Now().Add(24*time.Hour + time.Duration(i)*7*time.Hour))
		s.waitForEvents(12 + 4*i)
	}
}

// searched is what operators find the visit by.
func (s *server) searched(attribute string) (value string) {
	s.t.Helper()
	d, err := s.temporal.DescribeWorkflowExecution(s.t.Context(), workflows.VisitWorkflowID(s.id), "")
	require.NoError(s.t, err)
	payload := d.GetWorkflowExecutionInfo().GetSearchAttributes().GetIndexedFields()[attribute]
	require.NoError(s.t, converter.GetDefaultDataConverter().FromPayload(payload, &value))
	return value
}

// upserts counts how often the run changed what operators search by.
func upserts(h *history.History) (n int) {
	for _, e := range h.Events {
		if e.GetUpsertWorkflowSearchAttributesEventAttributes() != nil {
			n++
		}
	}
	return n
}

func (s *server) waitFor(step string, n int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return count(s.desk.Steps(), step) >= n }, 30*time.Second, 5*time.Millisecond)
}

func (s *server) waitForEvents(n int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		d, err := s.temporal.DescribeWorkflowExecution(context.Background(), workflows.VisitWorkflowID(s.id), "")
		return err == nil && d.GetWorkflowExecutionInfo().GetHistoryLength() >= int64(n)
	}, 30*time.Second, 5*time.Millisecond)
}

// sorted puts the stages of leaving, which run side by side, into one order.
func sorted(lines []string) []string {
	at := slices.Index(lines, "SyncCRM")
	if at > 0 && lines[at-1] != "TerminateSessions" {
		next := slices.Index(lines, "TerminateSessions")
		lines[at], lines[next] = lines[next], lines[at]
	}
	return lines
}
