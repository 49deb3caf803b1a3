package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/visit"
)

// AuditExport says what to export. A chain is exported in one piece: all rows
// between the first and the last that are in the span of time.
type AuditExport struct {
	Chain    string     // a site's id, or audit.Deployment; empty: all of the scope
	From, To *time.Time // from included, to not
	Format   audit.Format
}

// ExportFor bounds an export, which reads every row and holds a connection.
const ExportFor = 10 * time.Minute

// ExportAudit writes an export, in one state of the database and row by row:
// memory does not grow with it. That it was asked for is itself in the trail,
// before the first byte. An error after that leaves a file that says, when it is
// verified, that it is cut off. A chain that is not there, or not in scope, is
// ErrSiteNotFound.
func (s *Store) ExportAudit(ctx context.Context, by Caller, export AuditExport, out *audit.Exporter) error {
	ctx, cancel := context.WithTimeout(ctx, ExportFor)
	defer cancel()
	if err := s.auditExported(ctx, by, export); err != nil {
		return err
	}
	args := by.Scope.args(pgx.NamedArgs{"chain": export.Chain, "from": export.From, "to": export.To})
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	// Not view: what is written cannot be written again.
	return explain(s.transact(ctx, options, func(ctx context.Context, q pgx.Tx) error {
		if err := longStatements(ctx, q, ExportFor); err != nil {
			return err
		}
		spans, err := s.exportHead(ctx, q, export, args, out)
		if err != nil {
			return err
		}
		for _, span := range spans {
			if err := exportRows(ctx, q, span, out); err != nil {
				return err
			}
		}
		return nil
	}))
}

// auditExported records the export, in the chain that it is of.
func (s *Store) auditExported(ctx context.Context, by Caller, export AuditExport) error {
	if by.Scope.Host != "" {
		return visit.ErrSiteNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := chainKnown(ctx, t, by.Scope, export.Chain); err != nil {
			return err
		}
		body := map[string]any{"format": export.Format}
		if export.From != nil {
			body["from"] = *export.From
		}
		if export.To != nil {
			body["to"] = *export.To
		}
		site, object := visit.SiteID(export.Chain), "chain:"+export.Chain
		switch export.Chain {
		case "":
			object = "chain:all"
		case audit.Deployment:
			site = ""
		}
		t.audit(site, by.Actor, "audit.exported", object, body)
		return nil
	})
}

// exportHead writes all that comes before the rows.
func (s *Store) exportHead(ctx context.Context, q pgx.Tx, export AuditExport, args pgx.NamedArgs, out *audit.Exporter) ([]audit.Span, error) {
	spans, err := spansOf(ctx, q, args)
	if err != nil {
		return nil, err
	}
	checkpoints, err := checkpointsWithin(ctx, q, args, spans)
	if err != nil {
		return nil, err
	}
	keys := CheckpointKeys(s.keyring)
	manifest, err := audit.SignManifest(audit.Manifest{
		At: s.now(), Site: export.Chain, From: export.From, To: export.To, Chains: spans, Keys: len(keys), Checkpoints: len(checkpoints),
	}, s.keyring.SigningKeys(checkpointPurpose)[0])
	if err != nil {
		return nil, err
	}
	err = out.Manifest(manifest)
	for _, key := range keys {
		err = errors.Join(err, out.Key(key))
	}
	for _, c := range checkpoints {
		err = errors.Join(err, out.Checkpoint(c))
	}
	return spans, err
}

// spansOf finds the piece of each chain. Instants are those of the transactions'
// beginnings and numbers those of their ends, so that rows are not quite in the
// order of their instants.
func spansOf(ctx context.Context, q db, args pgx.NamedArgs) ([]audit.Span, error) {
	const find = `with piece as (
			select a.chain, min(a.seq) as first, max(a.seq) as last from audit a
			where ` + chainsInScope + ` and (@chain = '' or a.chain = @chain)
				and (@from::timestamptz is null or a.at >= @from) and (@to::timestamptz is null or a.at < @to)
			group by a.chain)
		select p.chain, p.first, f.prev_hash, p.last, l.hash from piece p
			join audit f on f.chain = p.chain and f.seq = p.first
			join audit l on l.chain = p.chain and l.seq = p.last
		order by p.chain`
	return all[audit.Span](ctx, q, find, args)
}

func checkpointsWithin(ctx context.Context, q db, args pgx.NamedArgs, spans []audit.Span) ([]audit.Checkpoint, error) {
	rows, err := all[anchorRow](ctx, q, listCheckpoints, args)
	if err != nil {
		return nil, err
	}
	within := make(map[string]audit.Span, len(spans))
	for _, span := range spans {
		within[span.Chain] = span
	}
	var checkpoints []audit.Checkpoint
	for _, r := range rows {
		if span, ok := within[r.Chain]; ok && r.Seq >= span.First && r.Seq <= span.Last {
			checkpoints = append(checkpoints, audit.Checkpoint(r))
		}
	}
	return checkpoints, nil
}

func exportRows(ctx context.Context, q pgx.Tx, span audit.Span, out *audit.Exporter) error {
	const list = `select ` + auditColumns + ` from audit a
		where a.chain = @chain and a.seq between @first and @last order by a.seq`
	rows, err := q.Query(ctx, list, pgx.NamedArgs{"chain": span.Chain, "first": span.First, "last": span.Last})
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := pgx.RowToStructByName[auditRow](rows)
		if err != nil {
			return err
		}
		if err := out.Row(r.evenIfUnreadable()); err != nil {
			return err
		}
	}
	return rows.Err()
}

// longStatements lifts the connection's limit, which is meant for statements that
// answer somebody at once, for this transaction.
func longStatements(ctx context.Context, q pgx.Tx, limit time.Duration) error {
	_, err := q.Exec(ctx, `select set_config('statement_timeout', $1, true)`, strconv.FormatInt(limit.Milliseconds(), 10))
	return err
}
