package workflows_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/proto"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/workflows"
)

// chronicle returns the history of a workflow that has ended.
func (s *server) chronicle(id string, result any) *history.History {
	s.t.Helper()
	require.NoError(s.t, s.temporal.GetWorkflow(s.t.Context(), id, "").Get(s.t.Context(), result))
	h := &history.History{}
	events := s.temporal.GetWorkflowHistory(s.t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(s.t, err)
		h.Events = append(h.Events, event)
	}
	return h
}

func (s *server) erase(t *testing.T) (activities.ErasureEnd, *history.History) {
	t.Helper()
	id := visit.ErasureID(uuid.Must(uuid.NewV7()).String())
	started, err := s.client.StartErase(t.Context(), id)
	require.NoError(t, err)
	require.True(t, started)
	var end activities.ErasureEnd
	h := s.chronicle(workflows.EraseWorkflowID(id), &end)
	return end, h
}

// peopleKinds are the workflows about people's data, each played on a real server.
var peopleKinds = map[string]func(t *testing.T) (*history.History, []string){
	"purge": func(t *testing.T) (*history.History, []string) {
		s := serve(t)
		s.desk.Papers.Due(visit.ClassVisits, 700)
		s.desk.Papers.Due(visit.ClassSessions, 20_001)
		in := activities.PurgeInput{Day: string(s.id), RewriteBytes: 1} // a day of this test's own
		for _, fresh := range []bool{true, false} {
			started, err := s.client.StartPurge(t.Context(), in)
			require.NoError(t, err)
			require.Equal(t, fresh, started, "one runs at a time")
		}
		var proof activities.PurgeProof
		h := s.chronicle(workflows.PurgeWorkflowID(in), &proof)
		require.Equal(t, map[string]int{"visits": 700, "sessions": 20_001}, proof.Counts)
		return h, []string{
			"BeginPurge", "PurgeClass", "PurgeClass", "PurgeClass", "PurgeClass", "PurgeClass", "PurgeClass", "PurgeClass", "PurgeClass",
			"PurgeClass", "PurgeClass", "PurgeClass", "RewriteTables", "EndPurge",
		}
	},
	"erasure": func(t *testing.T) (*history.History, []string) {
		s := serve(t)
		s.desk.Papers.Know(theContact)
		end, h := s.erase(t)
		require.Equal(t, "done", end.State)
		return h, []string{"EraseFromCRM", "EndErasure"}
	},
	"erasure-refused": func(t *testing.T) (*history.History, []string) {
		s := serve(t)
		s.desk.Papers.Know(theContact)
		s.desk.Papers.Erase = func(activities.CRMContact) error { return visit.Errorf(visit.KindForbidden, "crm_forbidden", "No.") }
		end, h := s.erase(t)
		require.Equal(t, "needs_attention", end.State)
		return h, []string{"EraseFromCRM", "EndErasure"}
	},
}

func TestPeopleHistoriesOnARealServer(t *testing.T) {
	playKinds(t, peopleKinds, theContact.ContactRef) // what a CRM calls somebody
}

func TestPeopleHistoriesAreKept(t *testing.T) {
	t.Parallel()
	requireKept(t, peopleKinds)
}

// playKinds plays workflows on a real server, replays what came of it, and keeps it
// where that is asked for. No secret may be in it.
func playKinds(t *testing.T, kinds map[string]func(t *testing.T) (*history.History, []string), secret string) {
	for name, play := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, want := play(t)
			require.Equal(t, want, outline(h))
			require.NoError(t, replayer(workflows.Visit).ReplayWorkflowHistory(quiet, h))
			raw, err := proto.Marshal(h)
			require.NoError(t, err)
			require.Contains(t, string(raw), `{"`, "negative control: payloads are readable here")
			require.NotContains(t, string(raw), secret)
			if os.Getenv(recordEnv) != "" {
				record(t, name, h)
			}
		})
	}
}

func requireKept(t *testing.T, kinds map[string]func(t *testing.T) (*history.History, []string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(historiesDir, "*.json.gz"))
	require.NoError(t, err)
	for name := range kinds {
		recorded := func(file string) bool { return strings.HasSuffix(file, "-"+name+".json.gz") }
		require.True(t, slices.ContainsFunc(files, recorded), "no history of %s: make histories", name)
	}
}
