package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

type crmSyncRow struct {
	VisitID    visit.VisitID      `db:"visit_id"`
	SiteID     visit.SiteID       `db:"site_id"`
	AccountID  visit.CRMAccountID `db:"account_id"`
	State      visit.CRMState     `db:"state"`
	Reason     string             `db:"reason"`
	ContactRef string             `db:"contact_ref"`
	VisitRef   string             `db:"visit_ref"`
	Fields     []visit.CRMField   `db:"fields"`
	Attempts   int                `db:"attempts"`
	TriedAt    *time.Time         `db:"tried_at"`
	SyncedAt   *time.Time         `db:"synced_at"`
	CreatedAt  time.Time          `db:"created_at"`
}

const crmSyncColumns = `c.visit_id, v.site_id, c.account_id, c.state, c.reason, c.contact_ref, c.visit_ref, c.fields, c.attempts,
	c.tried_at, c.synced_at, c.created_at`

func (r crmSyncRow) sync() visit.CRMSync {
	return visit.CRMSync{
		VisitID: r.VisitID, SiteID: r.SiteID, AccountID: r.AccountID, State: r.State, Reason: r.Reason,
		Refs: visit.CRMRefs{Contact: r.ContactRef, Visit: r.VisitRef}, Fields: r.Fields, Attempts: r.Attempts,
		TriedAt: r.TriedAt, SyncedAt: r.SyncedAt,
	}
}

// CRMJob returns what is to be handed over, as the rows say now, or
// ErrVisitNotFound.
func (s *Store) CRMJob(ctx context.Context, id visit.VisitID) (visit.CRMJob, error) {
	var job visit.CRMJob
	err := s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		row, err := findVisit(ctx, q, Everything, id)
		if err != nil {
			return err
		}
		site, err := findSite(ctx, q, Everything, row.SiteID)
		if err != nil {
			return err
		}
		const find = `select crm_account_id, crm, crm_fields from sites v where v.id = @id`
		crm, err := one[siteCRMRow](ctx, q, visit.ErrSiteNotFound, find, pgx.NamedArgs{"id": row.SiteID})
		if err != nil {
			return err
		}
		v := row.visit()
		job = visit.CRMJob{AccountID: value(crm.AccountID), Visit: visit.NewCRMVisit(v, site, crm.Fields)}
		switch {
		case v.PurgedAt != nil:
			job.Skip = visit.CRMPurged
		case v.CRMSkip:
			job.Skip = visit.CRMDoNotSync
		case job.Visit.Visitor.Email == "":
			job.Skip = visit.CRMNoEmail
		}
		return knowCRM(ctx, q, id, &job)
	})
	return job, err
}

// knowCRM adds what became of the visit so far, unless that was elsewhere: ids of one
// account mean nothing in another.
func knowCRM(ctx context.Context, q db, id visit.VisitID, j *visit.CRMJob) error {
	sync, err := findCRMSync(ctx, q, id)
	if err != nil || sync == nil || sync.State != visit.CRMErased && sync.AccountID != j.AccountID {
		return err
	}
	j.Known = new(sync.sync())
	if sync.Attempts > 0 {
		j.Since = sync.CreatedAt
	}
	return nil
}

func findCRMSync(ctx context.Context, q db, id visit.VisitID) (*crmSyncRow, error) {
	const find = `select ` + crmSyncColumns + ` from crm_syncs c join visits v on v.id = c.visit_id where c.visit_id = @id`
	row, err := one[crmSyncRow](ctx, q, pgx.ErrNoRows, find, pgx.NamedArgs{"id": id})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &row, err
}

// WaitCRMSync notes that a visit is waiting for its CRM, unless something is noted
// already.
func (s *Store) WaitCRMSync(ctx context.Context, id visit.VisitID, account visit.CRMAccountID) error {
	return s.once(ctx, func(ctx context.Context, q db) error {
		const insert = `insert into crm_syncs (visit_id, account_id, state, created_at, updated_at)
			values (@id, @account, 'pending', @now, @now) on conflict (visit_id) do nothing`
		_, err := exec(ctx, q, insert, pgx.NamedArgs{"id": id, "account": account, "now": s.now()})
		return err
	})
}

// moved sets the account of a row and keeps the ids of the one before apart: they
// mean nothing there, or something else, and an erasure needs them still.
const moved = `account_id = @account,
	contact_ref = case when c.account_id = @account then c.contact_ref else '' end,
	visit_ref = case when c.account_id = @account then c.visit_ref else '' end,
	elsewhere = case when c.account_id = @account or c.contact_ref = '' and c.visit_ref = '' then c.elsewhere
		else c.elsewhere || jsonb_build_array(jsonb_build_object(
			'account_id', c.account_id, 'contact_ref', c.contact_ref, 'visit_ref', c.visit_ref)) end`

// BeginCRMSync begins an attempt and keeps others from the visit for
// [visit.CRMBusyFor]. Another account than before begins with nothing known. It
// returns ErrCRMBusy, ErrCRMErased once the person was erased, and KindLimited with a
// RetryAfter while it is others' turn at the account.
func (s *Store) BeginCRMSync(ctx context.Context, id visit.VisitID, account visit.CRMAccountID) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.takeCRMTurn(ctx, account); err != nil {
			return err
		}
		const begin = `insert into crm_syncs as c (visit_id, account_id, state, attempts, tried_at, busy_until, created_at, updated_at)
			values (@id, @account, 'pending', 1, @now, @busy, @now, @now)
			on conflict (visit_id) do update set state = 'pending', attempts = c.attempts + 1, tried_at = @now, busy_until = @busy, updated_at = @now,
				` + moved + `
			where c.state <> 'erased' and (c.busy_until is null or c.busy_until <= @now)`
		n, err := exec(ctx, t, begin, pgx.NamedArgs{"id": id, "account": account, "now": t.now, "busy": t.now.Add(visit.CRMBusyFor)})
		if err != nil || n > 0 {
			return err
		}
		sync, err := findCRMSync(ctx, t, id)
		if err == nil && sync != nil && sync.State == visit.CRMErased {
			return visit.ErrCRMErased
		}
		return errors.Join(err, visit.ErrCRMBusy)
	})
}

const (
	crmTurnEach = time.Second / 2 // a visit is up to five calls, and the smallest plans take ten a second
	crmTurns    = 10              // at once, after a quiet time
)

// takeCRMTurn keeps the account's rate, whichever worker asks: the next turn stands
// in its row (the generic cell rate algorithm, ITU-T I.371).
func (t *tx) takeCRMTurn(ctx context.Context, account visit.CRMAccountID) error {
	const take = `update crm_accounts set next_at = greatest(next_at, @now) + @each
		where id = @account and (next_at is null or next_at < @now::timestamptz + @ahead)`
	ahead := crmTurns * crmTurnEach
	n, err := exec(ctx, t, take, pgx.NamedArgs{"account": account, "now": t.now, "each": crmTurnEach, "ahead": ahead})
	if err != nil || n > 0 {
		return err
	}
	return &visit.Error{Kind: visit.KindLimited, Code: "crm_held_back", Message: "Other visits' turn at the CRM.", RetryAfter: ahead}
}

// NoteCRMRefs keeps ids that the CRM gave, before the next call is made. If the
// person was erased meanwhile, they are the erasure's to follow: ErrCRMErased.
func (s *Store) NoteCRMRefs(ctx context.Context, id visit.VisitID, refs visit.CRMRefs) error {
	erased := false
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := exec(ctx, t, `update crm_syncs set contact_ref = @contact, visit_ref = @visit, updated_at = @now where visit_id = @id and state <> 'erased'`,
			pgx.NamedArgs{"id": id, "contact": refs.Contact, "visit": refs.Visit, "now": t.now})
		if erased = err == nil && n == 0; erased {
			return t.eraseLate(ctx, id, refs)
		}
		return err
	})
	if err == nil && erased {
		err = visit.ErrCRMErased
	}
	return err
}

// EndCRMSync ends an attempt. The first refusal for good is an event, for somebody
// to hear of; one that is repeated is not.
func (s *Store) EndCRMSync(ctx context.Context, id visit.VisitID, end visit.CRMEnd) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := findVisit(ctx, t, Everything, id)
		if err != nil {
			return err
		}
		before, err := findCRMSync(ctx, t, id)
		if err != nil {
			return err
		}
		const put = `insert into crm_syncs as c (visit_id, account_id, state, reason, fields, synced_at, created_at, updated_at)
			values (@id, @account, @state, @reason, @fields, case when @state = 'synced' then @now::timestamptz end, @now, @now)
			on conflict (visit_id) do update set ` + moved + `, state = @state, reason = @reason, busy_until = null, updated_at = @now,
				fields = case when @state = 'synced' then excluded.fields else c.fields end,
				synced_at = coalesce(excluded.synced_at, c.synced_at)
			where c.state <> 'erased'`
		n, err := exec(ctx, t, put, pgx.NamedArgs{
			"id": id, "account": end.AccountID, "state": end.State, "reason": code(end.Reason), "fields": texts(end.Fields), "now": t.now,
		})
		if err != nil || n == 0 {
			return err
		}
		t.notify(NotifyVisit, row.SiteID, string(id))
		if end.State != visit.CRMNeedsAttention || before != nil && before.Reason == code(end.Reason) {
			return nil
		}
		return t.record(row.event(visit.EventCRMAttention, "system:crm", map[string]any{"account_id": end.AccountID, "reason": code(end.Reason)}))
	})
}

// RequestCRMRetry says, for the record, that somebody wants a visit handed over
// again. It returns ErrVisitNotFound, ErrVisitNotEnded, ErrCRMNotConfigured and
// ErrCRMErased.
func (s *Store) RequestCRMRetry(ctx context.Context, by Caller, id visit.VisitID) (visit.Visit, error) {
	var out visit.Visit
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := findVisit(ctx, t, by.Scope, id)
		if err != nil {
			return err
		}
		out = row.visit()
		site, err := siteOf(ctx, t, row.SiteID)
		if err != nil {
			return err
		}
		sync, err := findCRMSync(ctx, t, id)
		switch {
		case err != nil:
			return err
		case row.CheckedInAt == nil || !row.Status.Ended():
			return visit.ErrVisitNotEnded
		case site.CRM == nil:
			return visit.ErrCRMNotConfigured
		case sync != nil && sync.State == visit.CRMErased:
			return visit.ErrCRMErased
		}
		t.audit(row.SiteID, by.Actor, "crm.retry_requested", "visit:"+string(id), nil)
		return nil
	})
	return out, err
}

// CRMSyncPage is a part of the list, the newest visits first.
type CRMSyncPage struct {
	Items []visit.CRMSync
	Next  string
}

// CRMSyncs lists what became of the visits of an account, in one state or, with
// none, in any. It returns ErrCRMAccountNotFound and KindInvalid.
func (s *Store) CRMSyncs(ctx context.Context, scope Scope, account visit.CRMAccountID, state visit.CRMState, page Page) (CRMSyncPage, error) {
	after, err := parseCursor(page.Cursor, byID)
	if err != nil {
		return CRMSyncPage{}, err
	}
	out := CRMSyncPage{Items: []visit.CRMSync{}}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := one[crmAccountRow](ctx, q, visit.ErrCRMAccountNotFound, findCRMAccount, scope.args(pgx.NamedArgs{"id": account})); err != nil {
			return err
		}
		const list = `select ` + crmSyncColumns + ` from crm_syncs c join visits v on v.id = c.visit_id
			where c.account_id = @account and c.state = any(@states) and (@id::uuid is null or c.visit_id < @id) and ` + inScope + `
			order by c.visit_id desc limit @limit`
		states := []visit.CRMState{state}
		if state == "" {
			states = []visit.CRMState{visit.CRMPending, visit.CRMSynced, visit.CRMSkipped, visit.CRMNeedsAttention, visit.CRMErased}
		}
		rows, err := all[crmSyncRow](ctx, q, list, scope.args(pgx.NamedArgs{
			"account": account, "states": texts(states), "id": after.ID, "limit": page.limit() + 1,
		}))
		if err != nil {
			return err
		}
		rows, out.Next = cut(rows, page.limit(), func(r crmSyncRow) cursor { return cursor{ID: new(string(r.VisitID))} })
		for _, row := range rows {
			out.Items = append(out.Items, row.sync())
		}
		return nil
	})
	return out, err
}
