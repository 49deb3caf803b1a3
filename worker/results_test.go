package worker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// give runs results over the tray.
func give(t *testing.T, do func(t *testing.T, tr *tray)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tr := &tray{fail: map[visit.VisitID]error{}, news: make(chan store.Notification, 8)}
		done := make(chan struct{})
		go func() { defer close(done); tr.results().run(ctx) }()
		synctest.Wait()
		do(t, tr)
		cancel()
		<-done
		require.True(t, tr.ended, "the subscription ends")
	})
}

func TestAResultIsDeliveredAsSoonAsItIsHeardOf(t *testing.T) {
	t.Parallel()
	give(t, func(t *testing.T, tr *tray) {
		began := time.Now()
		tr.put("v")
		tr.news <- store.Notification{Kind: store.NotifyVisit, Object: "v"}
		synctest.Wait()
		require.Len(t, tr.done(), 1)
		require.Equal(t, "a", tr.done()[0].ActivityID)
		require.True(t, tr.done()[0].Final)
		require.Equal(t, began, time.Now(), "at once")
	})
}

func TestAResultThatNobodyToldOfIsFoundWithinASecond(t *testing.T) {
	t.Parallel()
	give(t, func(t *testing.T, tr *tray) {
		close(tr.news) // the notifier stopped
		tr.put("v")
		pause(t.Context(), lookEvery)
		synctest.Wait()
		require.Len(t, tr.done(), 1)
		require.Less(t, tr.looked, 4, "and a closed channel is not a spinning one")
	})
}

func TestOtherNewsDoNotMakeItLook(t *testing.T) {
	t.Parallel()
	give(t, func(t *testing.T, tr *tray) {
		before := tr.looked
		for range 50 {
			tr.news <- store.Notification{Kind: store.NotifyAck}
			synctest.Wait()
		}
		require.Equal(t, before, tr.looked)
	})
}

func TestAResultThatCannotBeDeliveredHoldsUpNoOtherAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	give(t, func(t *testing.T, tr *tray) {
		tr.fail["bad"] = errors.New("refused")
		tr.put("bad")
		for i := range 20 {
			tr.put(visit.VisitID(fmt.Sprint(i)))
		}
		pause(t.Context(), 2*lookEvery)
		synctest.Wait()
		require.Len(t, tr.done(), 20)
		tr.mu.Lock()
		delete(tr.fail, "bad")
		tr.mu.Unlock()
		pause(t.Context(), 2*lookEvery)
		synctest.Wait()
		require.Len(t, tr.done(), 21)
	})
}

func TestAThousandResultsAreDeliveredInOneGo(t *testing.T) {
	t.Parallel()
	give(t, func(t *testing.T, tr *tray) {
		for i := range 1000 {
			tr.put(visit.VisitID(fmt.Sprint(i)))
		}
		tr.news <- store.Notification{Kind: store.NotifyResync}
		synctest.Wait()
		require.Len(t, tr.done(), 1000)
	})
}
