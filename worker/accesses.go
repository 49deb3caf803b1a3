package worker

import (
	"context"
	"log/slog"
	"time"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Accesses are what roll codes give.
type Accesses interface {
	EndAccess(ctx context.Context, id roll.AccessID, cancelled bool) (store.AccessEnd, error)
	SealAccess(ctx context.Context, id roll.AccessID, termination string) (sealed bool, err error)
	// AccessesToTell returns those whose workflow does not know how they stand.
	AccessesToTell(ctx context.Context, limit int) ([]store.Access, error)
	OpenAccesses(ctx context.Context, after roll.AccessID, limit int) ([]store.Access, error)
}

// accessDesk joins activities to the store.
type accessDesk struct{ store Accesses }

// EndAccess implements activities.AccessDesk.
func (d accessDesk) EndAccess(ctx context.Context, in activities.EndAccessInput) (activities.AccessWork, error) {
	end, err := d.store.EndAccess(ctx, in.AccessID, in.Cancelled)
	a := end.Access
	return activities.AccessWork{
		SiteID: a.SiteID, Ended: a.EndedAt != nil, Reason: a.EndReason, EndsAt: a.EndsAt, Sealed: a.SealedAt != nil,
		Generation: a.Generation, TerminateFor: end.TerminateFor,
	}, err
}

// SealAccess implements activities.AccessDesk.
func (d accessDesk) SealAccess(ctx context.Context, in activities.SealAccessInput) (bool, error) {
	return d.store.SealAccess(ctx, in.AccessID, string(in.Termination))
}

// accessTeller starts the workflow of each access, and tells it when somebody else
// changed the row. Telling twice changes nothing.
type accessTeller struct {
	store     Accesses
	workflows accessStarter
	logger    *slog.Logger
}

// accessStarter is satisfied by *workflows.Client.
type accessStarter interface {
	AccessChanged(ctx context.Context, id roll.AccessID, site visit.SiteID) error
	RunningAccesses(ctx context.Context) (map[roll.AccessID]bool, error)
}

func newAccessTeller(c Config) *accessTeller {
	return &accessTeller{store: c.Store, workflows: c.Workflows, logger: c.Logger}
}

// tellEvery is soon enough: agents end access by themselves. Looking at every change
// of a site's ledger instead would cost each check-in a transaction.
const tellEvery = time.Second

func (t *accessTeller) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := t.tell(ctx); err != nil && ctx.Err() == nil {
			t.logger.Warn("workflows of accesses not told, trying again", "error", cause(err))
		}
		pause(ctx, tellEvery)
	}
}

func (t *accessTeller) tell(ctx context.Context) error {
	for {
		waiting, err := t.store.AccessesToTell(ctx, atATime)
		if err != nil || len(waiting) == 0 {
			return err
		}
		_, err = each(waiting, func(a store.Access) (bool, error) { return true, tellAccess(ctx, t.workflows, a) })
		if err != nil || len(waiting) < atATime {
			return err
		}
	}
}

// tellAccess has the access's workflow look at its row, and starts it if need be.
func tellAccess(ctx context.Context, workflows accessStarter, a store.Access) error {
	ctx, cancel := context.WithTimeout(ctx, answerFor)
	defer cancel()
	return workflows.AccessChanged(ctx, a.ID, a.SiteID)
}
