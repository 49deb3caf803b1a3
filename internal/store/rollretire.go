package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// Impact is what a change would end: codes that are never accepted again.
type Impact struct {
	Rolls  int
	Ready  int // were never used
	Sold   int // were marked as sold, used or not
	Active int // are in use
	Used   int // are over anyhow
}

// refusal asks for the change to be meant.
func (i Impact) refusal() error {
	return visit.Errorf(visit.KindConflict, "roll_retires",
		"This ends all codes of %d roll(s) for good: %d that were never used, and %d in use. Say retire: true if that is meant.", i.Rolls, i.Ready, i.Active)
}

func (s *Store) impactOfSeries(ctx context.Context, q db, zone zoneRow, series seriesRow) (Impact, error) {
	generations, err := generationsOf(ctx, q, zone.ID)
	if err != nil {
		return Impact{}, err
	}
	return s.impactOf(ctx, q, series.of(generations))
}

func (s *Store) impactOf(ctx context.Context, q db, generations []generation) (Impact, error) {
	impact := Impact{Rolls: len(generations)}
	rolls := make([]Roll, len(generations))
	for i, g := range generations {
		rolls[i] = g.roll()
	}
	err := s.count(ctx, q, rolls)
	for _, r := range rolls {
		impact.Ready, impact.Sold = impact.Ready+r.Ready, impact.Sold+r.Sold
		impact.Active, impact.Used = impact.Active+r.Active, impact.Used+r.Used
	}
	return impact, err
}

// retire ends generations of a locked zone for good. Their codes in use end at once
// unless they run on. What was retired before to run on is ended as well, where
// runsOn is false.
func (t *tx) retire(ctx context.Context, actor string, zone zoneRow, generations []generation, runsOn bool) error {
	const update = `update rolls set retired_at = coalesce(retired_at, @now), runs_on = @runs_on, updated_at = @now where id = @id`
	for i, g := range generations {
		if g.RetiredAt != nil && (!g.RunsOn || runsOn) {
			continue
		}
		if _, err := t.Exec(ctx, update, pgx.NamedArgs{"id": g.ID, "runs_on": runsOn, "now": t.now}); err != nil {
			return err
		}
		generations[i].RetiredAt, generations[i].RunsOn = &t.now, runsOn
		t.follow(zone.SiteID, ledgerRoll, string(g.ID))
		t.audit(zone.SiteID, actor, "roll.retired", rollPlace(g.ID), map[string]any{"zone_id": string(zone.ID), "runs_on": runsOn})
		if runsOn {
			continue
		}
		if err := t.endUse(ctx, actor, zone, generations[i]); err != nil {
			return err
		}
	}
	return nil
}

// endUse ends what a retired generation's codes in use give.
func (t *tx) endUse(ctx context.Context, actor string, zone zoneRow, g generation) error {
	const used = `select ticket from roll_records where roll_id = @id order by ticket`
	tickets, err := scalars[int64](ctx, t, used, pgx.NamedArgs{"id": g.ID})
	if err != nil || len(tickets) == 0 {
		return err
	}
	entries := make([]roll.Entry, len(tickets))
	for i, ticket := range tickets {
		entries[i] = roll.Entry{Ticket: roll.Ticket{Roll: g.ID, Number: uint32(ticket)}, Record: roll.Record{Over: true}}
	}
	return t.merge(ctx, zone, entries, cause{actor, endRetired})
}
