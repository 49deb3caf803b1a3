package activities

import (
	"context"

	"github.com/foyerhq/foyer/internal/visit"
)

// Synced is the result of SyncCRM.
type Synced struct {
	Outcome Outcome `json:"outcome"`
}

// Settings tells what a visit's site has set.
type Settings interface {
	WorkView(ctx context.Context, id visit.VisitID) (visit.Work, error)
}

// CRM are the activities that hand visits to the site's CRM.
type CRM struct{ Settings Settings }

// errNoSuchCRM: the site names a CRM that this version cannot speak to.
var errNoSuchCRM = visit.Errorf(visit.KindInvalid, "crm_unknown", "This version does not know the site's CRM.")

// SyncCRM logs the ended visit in the site's CRM, where there is one. The setting
// is read when the visit ends, not when it began.
func (c *CRM) SyncCRM(ctx context.Context, in VisitInput) (Synced, error) {
	work, err := c.Settings.WorkView(ctx, in.VisitID)
	switch {
	case err != nil:
		return Synced{}, err
	case work.CRM == "":
		return Synced{Outcome: NotConfigured}, nil
	}
	return Synced{}, errNoSuchCRM
}
