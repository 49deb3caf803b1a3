package store

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
)

// AuditPage is a part of the list, newest first.
type AuditPage struct {
	Items []audit.Row
	Next  string
}

type auditRow struct {
	Chain    string    `db:"chain"`
	Seq      int64     `db:"seq"`
	At       time.Time `db:"at"`
	Actor    string    `db:"actor"`
	Action   string    `db:"action"`
	EventID  *string   `db:"event_id"`
	Object   string    `db:"object"`
	Body     []byte    `db:"body"`
	PrevHash []byte    `db:"prev_hash"`
	Hash     []byte    `db:"hash"`
}

const auditColumns = `a.chain, a.seq, a.at, a.actor, a.action, a.event_id, a.object, a.body, a.prev_hash, a.hash`

func (r auditRow) row() (audit.Row, error) {
	body, err := audit.ParseBody(r.Body)
	return audit.Row{
		Chain: r.Chain, Seq: r.Seq, At: r.At, Actor: r.Actor, Action: r.Action, EventID: value(r.EventID), Object: r.Object,
		Body: body, PrevHash: r.PrevHash, Hash: r.Hash,
	}, err
}

// evenIfUnreadable is the row, also where its body does not even parse: its hash
// cannot fit either.
func (r auditRow) evenIfUnreadable() audit.Row {
	row, err := r.row()
	if err != nil {
		row.Body = map[string]any{"unreadable": true}
	}
	return row
}

// chainsInScope compares as text: the deployment's chain is no uuid, and only
// who sees all sites sees it.
const chainsInScope = `(@all or a.chain = any(@sites::text[]))`

func auditRows(rows []auditRow) ([]audit.Row, error) {
	out := make([]audit.Row, len(rows))
	for i, r := range rows {
		row, err := r.row()
		if err != nil {
			return nil, err
		}
		out[i] = row
	}
	return out, nil
}

// verifyFor bounds a verification, which reads every row.
const verifyFor = 10 * time.Minute

// AuditVerify checks one chain, or all of the scope when chain is empty, against
// their hashes, their recorded heads and their signed checkpoints, in one state
// of the database. A chain that is not there, or not in scope, is ErrSiteNotFound.
func (s *Store) AuditVerify(ctx context.Context, scope Scope, chain string) (audit.Report, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, verifyFor)
		defer cancel()
	}
	verifier := audit.NewVerifier()
	args := scope.args(pgx.NamedArgs{"chain": chain})
	err := s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		if err := chainKnown(ctx, q, scope, chain); err != nil {
			return err
		}
		if err := longStatements(ctx, q, verifyFor); err != nil {
			return err
		}
		if err := s.anchors(ctx, q, verifier, args); err != nil {
			return err
		}
		return verifyRows(ctx, q, verifier, args)
	})
	return verifier.Report(), err
}

// chainKnown keeps "nothing found wrong" from being said of a chain that was not
// looked at.
func chainKnown(ctx context.Context, q db, scope Scope, chain string) error {
	switch {
	case chain == "" || chain == audit.Deployment && scope.All:
		return nil
	case chain == audit.Deployment, uuid.Validate(chain) != nil:
		return visit.ErrSiteNotFound
	}
	_, err := findSite(ctx, q, scope, visit.SiteID(chain))
	return err
}

type anchorRow struct {
	Chain     string
	Seq       int64
	Hash      []byte
	At        time.Time
	KeyID     string
	Signature []byte
}

const listCheckpoints = `select a.chain, a.seq, a.hash, a.at, a.key_id, a.signature from audit_checkpoints a
	where ` + chainsInScope + ` and (@chain = '' or a.chain = @chain) order by a.chain, a.seq`

func (s *Store) anchors(ctx context.Context, q pgx.Tx, verifier *audit.Verifier, args pgx.NamedArgs) error {
	rows, err := all[anchorRow](ctx, q, listCheckpoints, args)
	if err != nil {
		return err
	}
	keys := CheckpointKeys(s.keyring)
	for _, r := range rows {
		_ = verifier.Trust(audit.Checkpoint(r), keys...) // a finding is part of the report
	}
	heads, err := chainHeads(ctx, q, args)
	for _, h := range heads {
		verifier.Expect(h)
	}
	return err
}

// CheckpointKeys are the public keys that signatures in the trail are checked
// with: of the key that signs now, and behind it of those that were rotated out and
// are still given.
func CheckpointKeys(ring *seal.Keyring) []ed25519.PublicKey {
	var keys []ed25519.PublicKey
	for _, private := range ring.SigningKeys(checkpointPurpose) {
		if public, ok := private.Public().(ed25519.PublicKey); ok {
			keys = append(keys, public)
		}
	}
	return keys
}

func chainHeads(ctx context.Context, q db, args pgx.NamedArgs) ([]audit.Head, error) {
	const heads = `select a.chain, a.seq, a.hash from (
			select site_id::text as chain, audit_seq as seq, audit_hash as hash from site_heads
			union all select 'deployment', audit_seq, audit_hash from deployment_head) a
		where ` + chainsInScope + ` and (@chain = '' or a.chain = @chain) order by a.chain`
	return all[audit.Head](ctx, q, heads, args)
}

func verifyRows(ctx context.Context, q pgx.Tx, verifier *audit.Verifier, args pgx.NamedArgs) error {
	const list = `select ` + auditColumns + ` from audit a
		where ` + chainsInScope + ` and (@chain = '' or a.chain = @chain) order by a.chain, a.seq`
	rows, err := q.Query(ctx, list, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := pgx.RowToStructByName[auditRow](rows)
		if err != nil {
			return err
		}
		_ = verifier.Add(r.evenIfUnreadable()) // a finding is part of the report
	}
	return rows.Err()
}

// Checkpoint signs the heads of chains that grew since their last checkpoint and
// returns how many. Each is logged: a copy outside the database is what shows
// that rows were cut off its end.
func (s *Store) Checkpoint(ctx context.Context) (int, error) {
	heads, err := s.unsigned(ctx)
	if err != nil {
		return 0, err
	}
	return countEach(heads, func(head audit.Head) (bool, error) { return s.checkpoint(ctx, head) })
}

func (s *Store) unsigned(ctx context.Context) ([]audit.Head, error) {
	const grown = `select a.chain, a.seq, a.hash from (
			select site_id::text as chain, audit_seq as seq, audit_hash as hash from site_heads
			union all select 'deployment', audit_seq, audit_hash from deployment_head) a
		where a.seq > coalesce((select max(c.seq) from audit_checkpoints c where c.chain = a.chain), 0) order by a.chain`
	var heads []audit.Head
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		heads, err = all[audit.Head](ctx, q, grown, nil)
		return err
	})
	return heads, err
}

func (s *Store) checkpoint(ctx context.Context, head audit.Head) (bool, error) {
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		var batch pgx.Batch
		if err := t.queueCheckpoint(&batch, head, t.now); err != nil {
			return err
		}
		return t.SendBatch(ctx, &batch).Close()
	})
	if err == nil {
		s.log.Info("audit checkpoint", "chain", head.Chain, "seq", head.Seq, "hash", hex.EncodeToString(head.Hash))
	}
	return err == nil, err
}
