package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

func TestExpiryAtTheSecondAndWhatMovesIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})

	t.Run("access ends at the departure, presence does not", func(t *testing.T) {
		visitor := r.WalkIn(r.site, 8*time.Second)
		mac, result := r.login(visitor, nas.PAP)
		require.Positive(t, result.SessionTimeout)
		require.LessOrEqual(t, result.SessionTimeout, 8*time.Second)
		r.Eventually("rejected", func() bool { return !r.accepts(visitor) })
		require.WithinDuration(t, visitor.Visit.Departs, time.Now(), 5*time.Second)
		r.offline(mac)
		detail := r.Sealed(visitor.Visit.ID)
		require.Equal(t, "expired", detail.Visit.Status)
		require.Equal(t, "timer", detail.Visit.EndedBy)
		require.Equal(t, "unconfirmed", detail.Visit.Presence)
		require.False(t, detail.Visit.EndedAt.Before(visitor.Visit.Departs), "never early")

		require.Contains(t, evacuees(r), visitor.Visit.ID, "overdue people stay on the list")
		require.Equal(t, "left", r.Act(visitor.Visit.ID, "confirm-left", nil).Presence)
		require.NotContains(t, evacuees(r), visitor.Visit.ID)
	})

	t.Run("extend and shorten move it", func(t *testing.T) {
		visitor := r.WalkIn(r.site, 6*time.Second)
		later := time.Now().Add(10 * time.Minute)
		moved := r.Act(visitor.Visit.ID, "extend", map[string]any{"expected_departure": later})
		require.WithinDuration(t, later, moved.Departs, time.Second)
		r.Eventually("the agent follows", func() bool {
			reply := r.Radclient(r.agent, secret, pap(visitor, r.Stack))
			return reply.SessionTimeout > 60
		})
		r.Eventually("past the first departure", func() bool { return time.Now().After(visitor.Visit.Departs.Add(time.Second)) })
		require.Equal(t, "checked_in", r.Detail(visitor.Visit.ID).Visit.Status)

		r.Act(visitor.Visit.ID, "extend", map[string]any{"expected_departure": time.Now().Add(3 * time.Second)})
		require.Equal(t, "expired", r.Sealed(visitor.Visit.ID).Visit.Status)
		require.Equal(t, 409, r.Try(0, "POST", "/api/v1/visits/"+visitor.Visit.ID+"/extend", map[string]any{"expected_departure": later}, nil, ""))
	})

	t.Run("check-out racing the timer gives one end", func(t *testing.T) {
		var racers []stack.CheckedIn
		for range 8 {
			racers = append(racers, r.WalkIn(r.site, 4*time.Second))
		}
		var group sync.WaitGroup
		for i, racer := range racers {
			// Spread around the departure, two tries each.
			for _, offset := range []time.Duration{-20, 20} {
				group.Go(func() {
					at := racer.Visit.Departs.Add(offset*time.Millisecond + time.Duration(i-4)*15*time.Millisecond)
					<-time.After(time.Until(at))
					status := r.Try(0, "POST", "/api/v1/visits/"+racer.Visit.ID+"/check-out", nil, nil, "")
					if status != http.StatusOK && status != http.StatusConflict {
						t.Errorf("check-out answered %d", status)
					}
				})
			}
		}
		group.Wait()
		for _, racer := range racers {
			detail := r.Sealed(racer.Visit.ID)
			ends := 0
			for _, kind := range detail.Kinds() {
				if kind == "visitor.checked_out" || kind == "visitor.expired" {
					ends++
				}
			}
			require.Equal(t, 1, ends, detail.Kinds())
		}
		r.AuditVerifies()
	})
}

func TestRepeatsChangeNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})

	t.Run("one key, one visit", func(t *testing.T) {
		body := stack.WalkInBody(r.site, time.Hour)
		answers := make([]stack.CheckedIn, 10)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() {
				if status := r.Try(0, "POST", "/api/v1/visits", body, &answers[i], "one-key"); status != 201 {
					t.Errorf("answered %d", status)
				}
			})
		}
		group.Wait()
		for _, answer := range answers[1:] {
			require.Equal(t, answers[0].Visit.ID, answer.Visit.ID)
			require.Equal(t, answers[0].Voucher, answer.Voucher)
		}
		body["purpose"] = "another"
		require.Equal(t, 422, r.Try(0, "POST", "/api/v1/visits", body, nil, "one-key"))
	})

	t.Run("check-in twice, one voucher", func(t *testing.T) {
		body := stack.WalkInBody(r.site, time.Hour)
		body["check_in"] = false
		var made struct{ Visit stack.Visit }
		r.Call("POST", "/api/v1/visits", body, &made, 201)
		names := map[string]bool{}
		for i := range 3 {
			var answer stack.CheckedIn
			require.Equal(t, 200, r.Try(0, "POST", "/api/v1/visits/"+made.Visit.ID+"/check-in", nil, &answer, fmt.Sprint("key-", i)))
			names[answer.Voucher.Username] = true
			require.NotNil(t, answer.Voucher.Password, "the same principal, within two minutes")
		}
		require.Len(t, names, 1)
		first := r.Act(made.Visit.ID, "check-out", nil)
		require.Equal(t, first.EndedAt, r.Act(made.Visit.ID, "check-out", nil).EndedAt, "checked out twice")
		require.Equal(t, 409, r.Try(0, "POST", "/api/v1/visits/"+made.Visit.ID+"/check-in", nil, nil, ""))
	})
}

// evacuees lists the visits on the site's evacuation list.
func evacuees(r *rig) []string {
	r.t.Helper()
	var list struct {
		People []struct {
			VisitID string `json:"visit_id"`
		}
	}
	r.Call("GET", "/api/v1/sites/"+r.site+"/evacuation", nil, &list, 200)
	var ids []string
	for _, p := range list.People {
		ids = append(ids, p.VisitID)
	}
	return ids
}
