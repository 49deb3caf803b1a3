package workflows_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/history/v1"

	"github.com/foyerhq/foyer/activities/activitiestest"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/workflows"
)

// accessKinds are accesses, each played on a real server.
var accessKinds = map[string]func(t *testing.T) (*history.History, []string){
	"access": func(t *testing.T) (*history.History, []string) {
		s := serve(t)
		h := s.useCode(time.Second, func(roll.AccessID) {})
		return h, []string{"access-changed", "EndAccess", "timer", "EndAccess", "TerminateSessions", "SealAccess"}
	},
	"access-ended-by-staff": func(t *testing.T) (*history.History, []string) {
		s := serve(t)
		h := s.useCode(time.Hour, func(id roll.AccessID) {
			s.waitFor("EndAccess", 1)
			s.desk.ChangeAccess(id, func(r *activitiestest.AccessRow) { r.Ended, r.Reason = true, "expired" })
			require.NoError(t, s.client.AccessChanged(t.Context(), id, theSite))
		})
		return h, []string{"access-changed", "EndAccess", "timer", "access-changed", "EndAccess", "TerminateSessions", "SealAccess"}
	},
}

// useCode plays an access that is to last so long.
func (s *server) useCode(last time.Duration, then func(roll.AccessID)) *history.History {
	s.t.Helper()
	id := roll.AccessID(uuid.Must(uuid.NewV7()).String())
	s.desk.AddAccess(id, activitiestest.AccessRow{EndsAt: time.Now().Add(last)})
	require.NoError(s.t, s.client.AccessChanged(s.t.Context(), id, theSite))
	then(id)
	var result workflows.AccessResult
	h := s.chronicle(workflows.AccessWorkflowID(id), &result)
	require.True(s.t, s.desk.AccessRow(id).Sealed)
	return h
}

func TestAccessHistoriesOnARealServer(t *testing.T) {
	playKinds(t, accessKinds, "6UVeTS6II68")
}

func TestAccessHistoriesAreKept(t *testing.T) {
	t.Parallel()
	requireKept(t, accessKinds)
}
