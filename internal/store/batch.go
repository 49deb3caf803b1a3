package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// BatchRow is one visit of many that are registered by one request.
type BatchRow struct {
	visit.Registration
	PersonID visit.PersonID
	// Refused, when set, is what is wrong with the row already: it takes its place
	// in the report and is not registered.
	Refused *visit.Error
}

// BatchOptions are the choices of a batch.
type BatchOptions struct {
	DryRun       bool // find out, change nothing
	AllOrNothing bool
}

// RowResult is what became of a row: a visit, or why there is none. Of a row that
// was good, but not registered because of DryRun or another row, both are empty.
type RowResult struct {
	VisitID visit.VisitID
	Refused *visit.Error
}

// BatchResult is what became of a batch, in the order of its rows.
type BatchResult struct {
	Rows []RowResult
	Outcome
}

// errTakeBack ends a transaction whose result was all that was asked for.
var errTakeBack = errors.New("store: taken back")

// RegisterBatch registers visits in one transaction: those that are good, or all or
// none. It returns ErrIdempotencyKey; what is wrong with single rows is in their
// results. A batch of which nothing was registered leaves its Idempotency-Key free.
func (s *Store) RegisterBatch(ctx context.Context, by Caller, rows []BatchRow, options BatchOptions) (BatchResult, error) {
	var out BatchResult
	if options.DryRun {
		by.Idempotency = nil
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		out = BatchResult{}
		outcome, _, err := t.claim(ctx, by, "", statusOK)
		if out.Outcome = outcome; err != nil {
			return err
		}
		if outcome.Replayed {
			out.Rows, err = t.earlierRows(ctx, by)
			return err
		}
		out.Rows, err = t.registerRows(ctx, by, rows)
		if err != nil {
			return err
		}
		refused := slices.ContainsFunc(out.Rows, func(r RowResult) bool { return r.Refused != nil })
		registered := slices.ContainsFunc(out.Rows, func(r RowResult) bool { return r.VisitID != "" })
		if options.DryRun || refused && options.AllOrNothing || !registered {
			return errTakeBack
		}
		return t.rememberRows(ctx, by, out.Rows)
	})
	if errors.Is(err, errTakeBack) {
		for i := range out.Rows {
			out.Rows[i].VisitID = ""
		}
		return out, nil
	}
	return out, err
}

func (t *tx) registerRows(ctx context.Context, by Caller, rows []BatchRow) ([]RowResult, error) {
	results := make([]RowResult, len(rows))
	sites := map[visit.SiteID]visit.Site{}
	for i, row := range rows {
		if row.Refused != nil {
			results[i].Refused = row.Refused
			continue
		}
		id, err := t.registerRow(ctx, by, row, sites)
		switch refused, ok := refusalOf(err); {
		case ok:
			results[i].Refused = refused
		case err != nil:
			return nil, err
		default:
			results[i].VisitID = id
		}
	}
	return results, nil
}

// refusalOf tells what is wrong with a row from what is wrong with us.
func refusalOf(err error) (*visit.Error, bool) {
	refused, ok := errors.AsType[*visit.Error](explain(err))
	if !ok || retryable(err) {
		return nil, false
	}
	switch refused.Kind {
	case visit.KindInvalid, visit.KindNotFound, visit.KindConflict, visit.KindForbidden:
		return refused, true
	case visit.KindGone, visit.KindUnauthenticated, visit.KindLimited, visit.KindUnavailable, visit.KindInternal:
	}
	return nil, false
}

// registerRow registers one visit behind a savepoint, so that a row that the
// database refuses takes no other with it.
func (t *tx) registerRow(ctx context.Context, by Caller, in BatchRow, sites map[visit.SiteID]visit.Site) (visit.VisitID, error) {
	whole := t.Tx
	savepoint, err := whole.Begin(ctx)
	if err != nil {
		return "", err
	}
	t.Tx = savepoint
	id, err := t.registerOne(ctx, by, in, sites)
	t.Tx = whole
	if err != nil {
		rollback(ctx, savepoint)
		return "", err
	}
	return id, savepoint.Commit(ctx)
}

func (t *tx) registerOne(ctx context.Context, by Caller, in BatchRow, sites map[visit.SiteID]visit.Site) (visit.VisitID, error) {
	site, known := sites[in.SiteID]
	if !known {
		var err error
		if site, err = findSite(ctx, t, by.Scope, in.SiteID); err != nil {
			return "", err
		}
		sites[in.SiteID] = site
	}
	if err := by.Scope.invites(&in.Host); err != nil {
		return "", err
	}
	reg, err := in.Normalize(site, t.now)
	if err != nil {
		return "", err
	}
	row, err := t.newRow(reg)
	if err != nil {
		return "", err
	}
	return row.ID, t.create(ctx, by, &row, func(ctx context.Context, t *tx, row *visitRow) (err error) {
		row.PersonID, err = t.person(ctx, by.Scope, in.PersonID, reg.Visitor)
		return err
	})
}

// newRow is a visit to come, of nobody yet.
func (t *tx) newRow(reg visit.Registration) (visitRow, error) {
	id, err := t.s.newID()
	row := visitRow{
		ID: visit.VisitID(id), SiteID: reg.SiteID, Status: visit.PreRegistered, Presence: new(visit.Expected), CreatedAt: t.now, UpdatedAt: t.now,
	}
	row.apply(reg)
	return row, err
}

// storedRow is a row's result as it is remembered: an id, or codes and texts of
// ours, none of which quote anything.
type storedRow struct {
	ID      visit.VisitID `json:"id,omitempty"`
	Kind    visit.Kind    `json:"kind,omitempty"`
	Code    string        `json:"code,omitempty"`
	Field   string        `json:"field,omitempty"`
	Message string        `json:"message,omitempty"`
}

// rememberRows keeps what a batch answered for a repeat of the request.
func (t *tx) rememberRows(ctx context.Context, by Caller, results []RowResult) error {
	if by.Idempotency == nil {
		return nil
	}
	stored := make([]storedRow, len(results))
	for i, r := range results {
		stored[i].ID = r.VisitID
		if e := r.Refused; e != nil {
			stored[i] = storedRow{Kind: e.Kind, Code: e.Code, Field: e.Field, Message: e.Message}
		}
	}
	const update = `update idempotency set result = @result where caller = @caller and key = @key`
	_, err := t.Exec(ctx, update, pgx.NamedArgs{"result": stored, "caller": by.Actor, "key": by.Idempotency.Key})
	return err
}

func (t *tx) earlierRows(ctx context.Context, by Caller) ([]RowResult, error) {
	const find = `select result::text from idempotency where caller = @caller and key = @key and result is not null`
	texts, err := scalars[string](ctx, t, find, pgx.NamedArgs{"caller": by.Actor, "key": by.Idempotency.Key})
	if err != nil {
		return nil, err
	}
	if len(texts) == 0 {
		return nil, visit.ErrIdempotencyKey // the key was another kind of request's
	}
	var stored []storedRow
	if err := json.Unmarshal([]byte(texts[0]), &stored); err != nil {
		return nil, err
	}
	results := make([]RowResult, len(stored))
	for i, r := range stored {
		results[i].VisitID = r.ID
		if r.Code != "" {
			results[i].Refused = &visit.Error{Kind: r.Kind, Code: r.Code, Field: r.Field, Message: r.Message}
		}
	}
	return results, nil
}
