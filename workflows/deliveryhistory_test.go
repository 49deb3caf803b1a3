package workflows_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/proto"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/workflows"
)

// parcel is a delivery on a real server.
type parcel struct {
	*server
	start workflows.DeliveryStart
}

// parcelOf prepares a delivery whose attempts are answered in order; then all are
// accepted.
func parcelOf(t *testing.T, answers ...func() (visit.Receipt, error)) *parcel {
	t.Helper()
	p := &parcel{server: serve(t)}
	id := func() string { return uuid.Must(uuid.NewV7()).String() }
	p.start = workflows.DeliveryStart{
		DeliveryInput: workflows.DeliveryInput{
			DeliverInput: activities.DeliverInput{DeliveryID: visit.DeliveryID(id()), EventID: visit.EventID(id()), Target: "webhook:w"},
			SiteID:       theSite,
		},
		Kind: visit.EventCheckedIn,
	}
	p.desk.Post.Add(visit.Delivery{ID: p.start.DeliveryID, Target: p.start.Target, Event: visit.Event{ID: p.start.EventID}})
	p.desk.Post.Carry = func(d visit.Delivery) (visit.Receipt, error) {
		if d.Attempt <= len(answers) {
			return answers[d.Attempt-1]()
		}
		return visit.Receipt{Status: 204}, nil
	}
	return p
}

func (p *parcel) workflowID() string {
	return workflows.DeliveryWorkflowID(p.start.EventID, p.start.Target, p.start.Replay)
}

func (p *parcel) begin() {
	p.t.Helper()
	require.NoError(p.t, p.client.StartDelivery(p.t.Context(), p.start, time.Now()))
}

func (p *parcel) arrive() (done activities.Delivered) {
	p.t.Helper()
	require.NoError(p.t, p.temporal.GetWorkflow(p.t.Context(), p.workflowID(), "").Get(p.t.Context(), &done))
	return done
}

func (p *parcel) history() *history.History {
	p.t.Helper()
	h := &history.History{}
	events := p.temporal.GetWorkflowHistory(p.t.Context(), p.workflowID(), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(p.t, err)
		h.Events = append(h.Events, event)
	}
	return h
}

// deliveryKinds are the kinds of delivery, each played on a real server.
var deliveryKinds = map[string]func(t *testing.T) (*parcel, []string){
	"delivery-accepted": func(t *testing.T) (*parcel, []string) {
		p := parcelOf(t, answer(500, visit.KindUnavailable, "status_500", 0))
		p.begin()
		p.begin() // twice: one workflow
		require.Equal(t, activities.Delivered{State: visit.DeliveryDelivered, Attempts: 2, Status: 204}, p.arrive())
		return p, []string{"Deliver"}
	},
	"delivery-refused": func(t *testing.T) (*parcel, []string) {
		p := parcelOf(t, answer(410, visit.KindGone, "webhook_gone", 0))
		p.begin()
		require.Equal(t, "webhook_gone", p.arrive().Reason)
		return p, []string{"Deliver"}
	},
	"delivery-cancelled": func(t *testing.T) (*parcel, []string) {
		p := parcelOf(t, answer(429, visit.KindLimited, "status_429", time.Hour))
		p.begin()
		require.Eventually(t, func() bool { return p.desk.Post.Letter(p.start.DeliveryID).Attempts == 1 }, 30*time.Second, 5*time.Millisecond)
		require.NoError(t, p.temporal.CancelWorkflow(t.Context(), p.workflowID(), ""))
		require.Equal(t, visit.DeliveryCancelled, p.arrive().Reason)
		require.Equal(t, visit.DeliveryFailed, p.desk.Post.Letter(p.start.DeliveryID).State)
		return p, []string{"Deliver", "FailDelivery"}
	},
	"delivery-later": func(t *testing.T) (*parcel, []string) {
		p := parcelOf(t)
		p.start.DueAt, p.start.Replay = time.Now().Add(2*time.Second), 3
		p.begin()
		p.arrive()
		require.True(t, strings.HasSuffix(p.workflowID(), "-r3"))
		began := p.desk.Post.Letter(p.start.DeliveryID).Ends[0].At
		require.False(t, began.Before(p.start.DueAt), "not before it is due")
		return p, []string{"Deliver"}
	},
}

func TestDeliveryHistoriesOnARealServer(t *testing.T) {
	for name, play := range deliveryKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, want := play(t)
			run := p.history()
			require.Equal(t, want, outline(run))
			require.LessOrEqual(t, len(run.Events), 16)
			require.Less(t, proto.Size(run), 8<<10)
			require.NoError(t, replayer(workflows.Visit).ReplayWorkflowHistory(quiet, run))
			if os.Getenv(recordEnv) != "" {
				record(t, name, run)
			}
		})
	}
}

func TestADeliveryThatIsStartedAgainAfterItsEndIsNotCarriedAgain(t *testing.T) {
	t.Parallel()
	p := parcelOf(t)
	p.begin()
	first := p.arrive()
	p.begin()
	require.Equal(t, activities.Delivered{State: visit.DeliveryDelivered, Attempts: 1, Status: 204}, p.arrive())
	require.Equal(t, first, p.arrive())
	require.Len(t, p.desk.Post.Letter(p.start.DeliveryID).Ends, 1)
}

func TestDeliveryHistoriesAreKept(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(historiesDir, "*.json.gz"))
	require.NoError(t, err)
	for name := range deliveryKinds {
		recorded := func(file string) bool { return strings.HasSuffix(file, "-"+name+".json.gz") }
		require.True(t, slices.ContainsFunc(files, recorded), "no history of %s: make histories", name)
	}
}
