package app

import (
	"context"
	"sync"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// readiness lets the API wait for what agents and workflows do elsewhere.
type readiness struct {
	store    *store.Store
	notifier *store.Notifier
}

// WaitAcked implements api.Readiness.
func (r readiness) WaitAcked(ctx context.Context, site visit.SiteID, revision int64) (store.Readiness, error) {
	return r.store.WaitAcked(ctx, r.notifier, site, revision)
}

// WaitNASTest implements api.Readiness.
func (r readiness) WaitNASTest(ctx context.Context, scope store.Scope, site visit.SiteID, nas visit.NASID, id string) (store.NASTest, error) {
	return r.store.WaitNASTest(ctx, r.notifier, scope, site, nas, id)
}

// WatchVisit implements api.Readiness.
func (r readiness) WatchVisit(id visit.VisitID) (changed <-chan struct{}, stop func()) {
	notes, cancel := r.notifier.Subscribe(64)
	out, done := make(chan struct{}, 1), make(chan struct{})
	var forwarding sync.WaitGroup
	forwarding.Go(func() {
		for {
			select {
			case <-done:
				return
			case note := <-notes:
				if note.Kind == store.NotifyResync || note.Kind == store.NotifyVisit && note.Object == string(id) {
					select {
					case out <- struct{}{}:
					default:
					}
				}
			}
		}
	})
	return out, func() {
		close(done)
		forwarding.Wait()
		cancel()
	}
}
