package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Taker is who carries an intent out. Only the workflow stamps it as taken, so
// that the sweeper still brings the workflow after the API acted for it.
type Taker string

// The takers.
const (
	Workflow Taker = "workflow"
	Fallback Taker = "fallback" // the API or the sweeper, because Temporal did not answer
)

// Issued is the outcome of IssueVoucher.
type Issued struct {
	Work      visit.Work      `json:"work"`
	VoucherID visit.VoucherID `json:"voucher_id,omitempty"` // empty: the visit has ended
	Revision  int64           `json:"revision"`             // of the site's ledger, at which agents know the voucher
	SiteID    visit.SiteID    `json:"site_id"`
	Fresh     bool            `json:"fresh"` // this call made it
}

// RevokeInput says why RevokeVoucher is called.
type RevokeInput struct {
	Cancelled bool // the workflow was cancelled by an operator
	By        Taker
}

// Revoked is the outcome of RevokeVoucher. While Ended is false the visit goes
// on until Departure.
type Revoked struct {
	Ended      bool         `json:"ended"`
	Status     visit.Status `json:"status"`
	EndedAt    *time.Time   `json:"ended_at,omitempty"`
	Departure  time.Time    `json:"departure"`
	Generation int          `json:"generation"`
	SiteID     visit.SiteID `json:"site_id"`
	Revision   int64        `json:"revision"` // of the site's ledger, if Fresh
	Fresh      bool         `json:"fresh"`    // this call ended it
}

// SealInput says how the work after a visit's end came out: names such as
// "done", "no_session", "failed", "not_configured".
type SealInput struct {
	Termination string `json:"termination"`
	CRM         string `json:"crm"`
}

func (r visitRow) work(site siteRow) visit.Work {
	full := site.spans()
	return visit.Work{
		VisitID: r.ID, SiteID: r.SiteID, Status: r.Status, ExpectedDeparture: r.ExpectedDeparture,
		CheckInRequested: r.CheckInRequestedAt != nil, CheckOutRequestedAt: r.CheckOutRequestedAt,
		EndedAt: r.EndedAt, Sealed: r.SealedAt != nil,
		Generation: r.Generation, TerminateFor: full.TerminateFor(), CRM: value(site.CRM),
	}
}

// spans returns the site as far as the rules of time need it.
func (r siteRow) spans() visit.Site {
	return visit.Site{MaxStay: span(r.MaxStaySeconds), TerminationFor: span(r.TerminationSeconds)}
}

func siteOf(ctx context.Context, q db, id visit.SiteID) (siteRow, error) {
	const find = `select ` + siteColumns + ` from sites v where v.id = @id`
	return one[siteRow](ctx, q, visit.ErrSiteNotFound, find, pgx.NamedArgs{"id": id})
}

// WorkView returns what the visit's workflow needs to know, or ErrVisitNotFound.
func (s *Store) WorkView(ctx context.Context, id visit.VisitID) (visit.Work, error) {
	var work visit.Work
	err := s.query(ctx, func(ctx context.Context, q db) error {
		row, err := findVisit(ctx, q, Everything, id)
		if err != nil {
			return err
		}
		site, err := siteOf(ctx, q, row.SiteID)
		work = row.work(site)
		return err
	})
	return work, err
}

// IssueVoucher carries out a requested check-in: voucher, ledger, status, event
// and audit in one transaction. It is idempotent: a visit that has its voucher
// keeps it; one that has ended, or whose check-in nobody has requested, gets
// none. A check-in that was requested and never carried out before the departure
// ends as no_show. The only refusal is ErrVisitNotFound.
func (s *Store) IssueVoucher(ctx context.Context, id visit.VisitID, by Taker) (Issued, error) {
	var out Issued
	var site *changes
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockVisit(ctx, Everything, id)
		if err != nil {
			return err
		}
		settings, err := siteOf(ctx, t, row.SiteID)
		if err != nil {
			return err
		}
		out, site = Issued{SiteID: row.SiteID}, t.of(row.SiteID)
		if err := t.issue(ctx, &row, settings, by, &out); err != nil {
			return err
		}
		out.Work = row.work(settings)
		return nil
	})
	if err == nil && out.Fresh {
		out.Revision = site.revision
	}
	return out, err
}

func (t *tx) issue(ctx context.Context, row *visitRow, site siteRow, by Taker, out *Issued) error {
	requested := row.CheckInRequestedAt != nil
	stamped := by == Workflow && requested && row.CheckInTakenAt == nil
	if stamped {
		row.CheckInTakenAt = &t.now
	}
	switch {
	case row.Status == visit.CheckedIn:
		voucher, err := latestVoucher(ctx, t, row.ID)
		if err != nil {
			return err
		}
		out.VoucherID, out.Revision = voucher.ID, voucher.Revision
	case row.Status.Ended() || !requested:
	case !row.ExpectedDeparture.After(t.now):
		return t.noShow(ctx, row)
	default:
		return t.checkIn(ctx, row, site.spans(), out)
	}
	if !stamped {
		return nil
	}
	return t.saveVisit(ctx, row)
}

// checkIn begins the stay. Whoever comes long before their time leaves earlier than
// planned: the site's longest stay counts from here.
func (t *tx) checkIn(ctx context.Context, row *visitRow, site visit.Site, out *Issued) error {
	row.ExpectedDeparture = row.visit().DepartureFrom(t.now, site)
	row.Status, row.Presence, row.CheckedInAt = visit.CheckedIn, new(visit.In), &t.now
	if err := t.saveVisit(ctx, row); err != nil {
		return err
	}
	voucher, err := t.newVoucher(ctx, row)
	if err != nil {
		return err
	}
	out.VoucherID, out.Fresh = voucher, true
	arrivals := t.of(row.SiteID)
	arrivals.arrived = append(arrivals.arrived, row.ID)
	data := map[string]any{"voucher_id": voucher, "expected_departure": row.ExpectedDeparture}
	if row.RulesVersion != nil {
		data["rules_version"] = *row.RulesVersion
	}
	if err := t.record(row.event(visit.EventCheckedIn, value(row.CheckInRequestedBy), data)); err != nil {
		return err
	}
	return t.takeOver(ctx, row)
}

// takeOver moves the person's presence from the visit that this one continues:
// only now, so that nobody is missing from the evacuation list in between, and
// nobody is on it twice.
func (t *tx) takeOver(ctx context.Context, row *visitRow) error {
	if row.ReadmitOf == nil {
		return nil
	}
	old, err := t.lockVisit(ctx, Everything, *row.ReadmitOf)
	if err != nil || value(old.Presence) != visit.Unconfirmed {
		return err
	}
	if err := t.left(&old, value(row.CheckInRequestedBy), map[string]any{"readmitted_as": row.ID}); err != nil {
		return err
	}
	return t.saveVisit(ctx, &old)
}

func (t *tx) noShow(ctx context.Context, row *visitRow) error {
	row.end(visit.End{Status: visit.NoShow, By: visit.ActorTimer}, t.now)
	if err := t.saveVisit(ctx, row); err != nil {
		return err
	}
	return t.record(row.event(visit.EventNoShow, visit.ActorTimer, nil))
}

// RevokeVoucher decides under the visit's lock whether the visit ends now, and if
// so ends it: voucher, ledger, status, presence, event and audit in one
// transaction. It is idempotent: the first end stays. A check-out that overtook
// its check-in carries out both. The only refusal is ErrVisitNotFound.
func (s *Store) RevokeVoucher(ctx context.Context, id visit.VisitID, in RevokeInput) (Revoked, error) {
	var out Revoked
	var site *changes
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockVisit(ctx, Everything, id)
		if err != nil {
			return err
		}
		fresh, err := t.endIfDue(ctx, &row, in)
		site = t.of(row.SiteID)
		out = Revoked{
			Ended: row.Status.Ended(), Status: row.Status, EndedAt: row.EndedAt, Departure: row.ExpectedDeparture,
			Generation: row.Generation, SiteID: row.SiteID, Fresh: fresh,
		}
		return err
	})
	if err == nil && out.Fresh {
		out.Revision = site.revision
	}
	return out, err
}

func (t *tx) endIfDue(ctx context.Context, row *visitRow, in RevokeInput) (fresh bool, err error) {
	if row.Status == visit.PreRegistered && row.CheckInRequestedAt != nil && row.CheckOutRequestedAt != nil {
		site, err := siteOf(ctx, t, row.SiteID)
		if err != nil {
			return false, err
		}
		if err := t.issue(ctx, row, site, in.By, &Issued{}); err != nil {
			return false, err
		}
	}
	if row.Status == visit.CheckedIn {
		if fresh, err = t.end(ctx, row, in); err != nil {
			return false, err
		}
	}
	stamped := in.By == Workflow && row.Status.Ended() && row.CheckOutTakenAt == nil
	if stamped {
		row.CheckOutTakenAt = &t.now
	}
	if !fresh && !stamped {
		return false, nil
	}
	return fresh, t.saveVisit(ctx, row)
}

func (t *tx) end(ctx context.Context, row *visitRow, in RevokeInput) (fresh bool, err error) {
	end, ok := row.visit().DecideEnd(t.now, in.Cancelled)
	if !ok {
		return false, nil
	}
	row.end(end, t.now)
	return true, t.announceEnd(ctx, row, end)
}

func (t *tx) announceEnd(ctx context.Context, row *visitRow, end visit.End) error {
	if err := t.revokeVoucher(ctx, row, end.By); err != nil {
		return err
	}
	data := map[string]any{"expected_departure": row.ExpectedDeparture, "checked_in_at": *row.CheckedInAt}
	return t.record(row.event(visit.TerminalEvent(end.Status), end.By, data))
}

// SealVisit closes the record of an ended visit: event, audit and a signed
// checkpoint of the site's chain. Sealing twice is no error. It returns
// ErrVisitNotFound, and ErrAlreadyCheckIn while the visit goes on.
func (s *Store) SealVisit(ctx context.Context, id visit.VisitID, in SealInput) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockVisit(ctx, Everything, id)
		if err != nil || row.SealedAt != nil {
			return err
		}
		if !row.Status.Ended() {
			return visit.ErrAlreadyCheckIn
		}
		row.SealedAt = &t.now
		t.of(row.SiteID).checkpoint = true
		data := map[string]any{"termination": code(in.Termination), "crm": code(in.CRM), "generation": row.Generation}
		if err := t.record(row.event(visit.EventVisitSealed, "system:workflow", data)); err != nil {
			return err
		}
		return t.saveVisit(ctx, &row)
	})
}

// MarkNoShows ends visits whose departure passed without a check-in, at most
// limit of them, and returns how many.
func (s *Store) MarkNoShows(ctx context.Context, limit int) (int, error) {
	const find = `select id from visits
		where status = 'pre_registered' and check_in_requested_at is null and expected_departure <= @now
		order by expected_departure limit @limit`
	due, err := s.visitIDs(ctx, find, pgx.NamedArgs{"now": s.now(), "limit": limit})
	if err != nil {
		return 0, err
	}
	return countEach(due, func(id visit.VisitID) (bool, error) { return s.markNoShow(ctx, id) })
}

func (s *Store) markNoShow(ctx context.Context, id visit.VisitID) (marked bool, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockVisit(ctx, Everything, id)
		if err != nil {
			return err
		}
		marked = row.Status == visit.PreRegistered && row.CheckInRequestedAt == nil && !row.ExpectedDeparture.After(t.now)
		if !marked {
			return nil
		}
		return t.noShow(ctx, &row)
	})
	return marked, err
}
