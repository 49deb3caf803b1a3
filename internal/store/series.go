package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// SeriesOutcome is a series as it is after a request: its visits in order of their
// arrival.
type SeriesOutcome struct {
	ID     visit.SeriesID
	Visits []visit.Visit
	Outcome
}

// RegisterSeries registers a visit for each day of a series, all of one person, or
// none at all. The days' times are those of the clock at the site. It returns what
// Register returns; what is wrong with one day names it.
func (s *Store) RegisterSeries(ctx context.Context, by Caller, reg visit.Registration, series visit.Series, person visit.PersonID) (SeriesOutcome, error) {
	var out SeriesOutcome
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		id, err := s.newID()
		if err != nil {
			return err
		}
		outcome, object, err := t.claim(ctx, by, id, statusCreated)
		if err != nil {
			return err
		}
		out = SeriesOutcome{ID: visit.SeriesID(object), Outcome: outcome}
		if !outcome.Replayed {
			if err := t.registerSeries(ctx, by, out.ID, reg, series, person); err != nil {
				return err
			}
		}
		out.Visits, err = seriesVisits(ctx, t, by.Scope, out.ID)
		return err
	})
	return out, err
}

func (t *tx) registerSeries(ctx context.Context, by Caller, id visit.SeriesID, reg visit.Registration, series visit.Series, person visit.PersonID) error {
	site, err := findSite(ctx, t, by.Scope, reg.SiteID)
	if err != nil {
		return err
	}
	if err := by.Scope.invites(&reg.Host); err != nil {
		return err
	}
	days, err := dayByDay(reg, series, site, t.now)
	if err != nil {
		return err
	}
	visitor, err := t.person(ctx, by.Scope, person, days[0].Visitor)
	if err != nil {
		return err
	}
	for _, day := range days {
		row, err := t.newRow(day)
		if err != nil {
			return err
		}
		row.PersonID, row.SeriesID = visitor, &id
		if err := t.create(ctx, by, &row, func(context.Context, *tx, *visitRow) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// dayByDay applies the rules of a registration to each day.
func dayByDay(reg visit.Registration, series visit.Series, site visit.Site, now time.Time) ([]visit.Registration, error) {
	zone, err := time.LoadLocation(site.Timezone)
	if err != nil {
		return nil, err
	}
	stays, err := series.Stays(zone)
	if err != nil {
		return nil, err
	}
	days := make([]visit.Registration, len(stays))
	for i, stay := range stays {
		reg.ExpectedArrival, reg.ExpectedDeparture = stay.Arrives, stay.Ends
		if days[i], err = reg.Normalize(site, now); err != nil {
			return nil, onDay(stay.Day, err)
		}
	}
	return days, nil
}

// onDay says of which day a refusal is, if it is about a day.
func onDay(day string, err error) error {
	refused, ok := errors.AsType[*visit.Error](err)
	if !ok || refused.Field != "expected_departure" && refused.Field != "expected_arrival" {
		return err
	}
	named := *refused
	named.Field, named.Message = "series", day+": "+refused.Message
	return &named
}

// SeriesVisits returns a series' visits in scope, by arrival, or ErrSeriesNotFound.
func (s *Store) SeriesVisits(ctx context.Context, scope Scope, id visit.SeriesID) (visits []visit.Visit, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) (err error) {
		visits, err = seriesVisits(ctx, q, scope, id)
		return err
	})
	return visits, err
}

const seriesList = `select ` + visitColumns + ` from visits v where v.series_id = @id and ` + visitInScope + ` order by v.expected_arrival, v.id`

func seriesVisits(ctx context.Context, q db, scope Scope, id visit.SeriesID) ([]visit.Visit, error) {
	rows, err := all[visitRow](ctx, q, seriesList, scope.args(pgx.NamedArgs{"id": id}))
	if err != nil {
		return nil, orMissing(err, visit.ErrSeriesNotFound)
	}
	if len(rows) == 0 {
		return nil, visit.ErrSeriesNotFound
	}
	visits := make([]visit.Visit, len(rows))
	for i, row := range rows {
		visits[i] = row.visit()
	}
	return visits, nil
}

// CancelSeries cancels what is left of a series: its visits that are only expected
// and arrive at or after an instant; a zero one means all of them. Those that have
// begun or are over stay as they are. It returns ErrSeriesNotFound.
func (s *Store) CancelSeries(ctx context.Context, by Caller, id visit.SeriesID, from time.Time) (SeriesOutcome, error) {
	var out SeriesOutcome
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		outcome, object, err := t.claim(ctx, by, string(id), statusOK)
		switch {
		case err != nil:
			return err
		case object != string(id):
			return visit.ErrIdempotencyKey
		}
		if !outcome.Replayed {
			if err := t.cancelSeries(ctx, by, id, from); err != nil {
				return err
			}
		}
		out = SeriesOutcome{ID: id, Outcome: outcome}
		out.Visits, err = seriesVisits(ctx, t, by.Scope, id)
		return err
	})
	return out, err
}

func (t *tx) cancelSeries(ctx context.Context, by Caller, id visit.SeriesID, from time.Time) error {
	visits, err := seriesVisits(ctx, t, by.Scope, id)
	if err != nil {
		return err
	}
	var ids []visit.VisitID
	for _, v := range visits {
		if v.Status == visit.PreRegistered && !v.ExpectedArrival.Before(from) {
			ids = append(ids, v.ID)
		}
	}
	slices.Sort(ids)
	rows, err := t.lockVisits(ctx, ids)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Status != visit.PreRegistered || row.visit().Cancel() != nil {
			continue // checked in or ended meanwhile
		}
		row.end(visit.End{Status: visit.Cancelled, By: by.Actor}, t.now)
		if err := t.record(row.event(visit.EventCancelled, by.Actor, nil)); err != nil {
			return err
		}
		if err := t.saveVisit(ctx, &row); err != nil {
			return err
		}
	}
	return nil
}
