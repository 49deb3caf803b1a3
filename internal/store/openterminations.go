package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// OpenTermination is an ended visit whose sessions are not proven gone.
type OpenTermination struct {
	Visit      visit.Visit
	NASes      []string // where its open sessions are, by name
	Devices    int      // open sessions on record
	Generation int
	Attempt    int
	AskedAt    time.Time               // when the attempt under way, or the last one, began
	AgentName  string                  // that has it in hand; empty: none yet
	AnsweredAt *time.Time              // nil while the agent is at it, or away
	Reason     visit.TerminationReason // why the last attempt did not do
	NextTryAt  *time.Time              // nil where it is under way, or unknown
	FailedAt   *time.Time              // given up: only a retry by hand goes on
}

// OpenTerminationPage is a part of the list, newest visits first.
type OpenTerminationPage struct {
	Items []OpenTermination
	Next  string
}

type openTerminationRow struct {
	visitRow
	NASes     []string   `db:"nases"`
	Devices   int        `db:"devices"`
	Of        int        `db:"command_generation"`
	Attempt   int        `db:"command_attempt"`
	AskedAt   time.Time  `db:"asked_at"`
	AgentName *string    `db:"agent_name"`
	Result    []byte     `db:"result"`
	ResultAt  *time.Time `db:"result_at"`
	FailedAt  *time.Time `db:"failed_at"`
}

// OpenTerminations returns a site's visits whose sessions are still being ended, or
// could not be. What was given up stays as long as a session is on record as open.
// It returns ErrSiteNotFound.
func (s *Store) OpenTerminations(ctx context.Context, scope Scope, site visit.SiteID, page Page) (OpenTerminationPage, error) {
	after, err := parseCursor(page.Cursor, byID)
	if err != nil {
		return OpenTerminationPage{}, err
	}
	out := OpenTerminationPage{Items: []OpenTermination{}}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := findSite(ctx, q, scope, site); err != nil {
			return err
		}
		const list = `select ` + visitColumns + `, coalesce(x.nases, '{}') as nases, x.devices,
				c.generation as command_generation, c.attempt as command_attempt, coalesce(c.claimed_at, c.updated_at) as asked_at,
				a.name as agent_name, c.result, c.result_at, c.failed_at
			from commands c join visits v on v.id = c.visit_id left join agents a on a.id = c.agent_id
			cross join lateral (
				select array_agg(distinct n.name) as nases, count(*) as devices
				from sessions s join nases n on n.id = s.nas_id where s.visit_id = c.visit_id and s.ended_at is null) x
			where c.site_id = @site and not c.final and c.session_id is null and ` + visitInScope + ` and (@id::uuid is null or c.visit_id < @id::uuid)
				and (c.failed_at is null or x.devices > 0)
				and not exists (select from commands n where n.visit_id = c.visit_id and n.generation > c.generation and n.session_id is null)
			order by c.visit_id desc limit @limit`
		args := scope.args(pgx.NamedArgs{"site": site, "id": after.ID, "limit": page.limit() + 1})
		rows, err := all[openTerminationRow](ctx, q, list, args)
		if err != nil {
			return err
		}
		rows, out.Next = cut(rows, page.limit(), func(r openTerminationRow) cursor { return cursor{ID: new(string(r.ID))} })
		for _, r := range rows {
			open, err := r.open()
			if err != nil {
				return err
			}
			if next, err := s.nextRetry(ctx, q, r.visitRow); err != nil {
				return err
			} else if next != nil {
				open.NextTryAt = &next.At
			}
			out.Items = append(out.Items, open)
		}
		return nil
	})
	return out, err
}

func (r openTerminationRow) open() (OpenTermination, error) {
	o := OpenTermination{
		Visit: r.visit(), NASes: r.NASes, Devices: r.Devices, Generation: r.Of, Attempt: r.Attempt,
		AskedAt: r.AskedAt, AgentName: value(r.AgentName), AnsweredAt: r.ResultAt, FailedAt: r.FailedAt,
	}
	result, err := commandRow{Result: r.Result}.result()
	if err == nil && r.ResultAt != nil {
		o.Reason = result.Worst()
	}
	return o, err
}
