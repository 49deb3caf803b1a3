package store

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/visit"
)

// Kinds of ledger entry.
const (
	ledgerVoucher   = "voucher"
	ledgerNAS       = "nas"
	ledgerZone      = "zone"
	ledgerRoll      = "roll"
	ledgerRollCodes = "roll_codes" // object: the roll
	ledgerRollUsage = "roll_usage" // object: the roll
	ledgerAccess    = "access"
)

// changes is what one transaction adds to one site: rows of its audit chain,
// some with an event, and steps of its ledger.
type changes struct {
	rows       []recorded
	ledger     []step
	arrived    []visit.VisitID // for the list of a roll call that goes on
	restart    bool            // agents must take a snapshot
	checkpoint bool
	revision   int64 // after flush
}

func (c *changes) empty() bool {
	return len(c.rows) == 0 && len(c.ledger) == 0 && !c.restart && !c.checkpoint
}

type recorded struct {
	row   audit.Row
	event *visit.Event
}

type step struct{ kind, object string }

func (t *tx) of(site visit.SiteID) *changes {
	c, ok := t.changes[site]
	if !ok {
		c = &changes{}
		t.changes[site] = c
	}
	return c
}

// record adds an event and its audit row. ID and At are set here.
func (t *tx) record(e visit.Event) error {
	_, err := t.recordNamed(e)
	return err
}

// recordNamed is record that returns the event's id. The row is written with the
// others at the end of the transaction.
func (t *tx) recordNamed(e visit.Event) (visit.EventID, error) {
	id, err := t.s.newID()
	if err != nil {
		return "", err
	}
	e.ID, e.At = visit.EventID(id), t.now
	object := ""
	switch {
	case e.VisitID != "":
		object = "visit:" + string(e.VisitID)
		t.notify(NotifyVisit, e.SiteID, string(e.VisitID))
	case e.AgentID != "":
		object = "agent:" + string(e.AgentID)
	case e.Kind == visit.EventRollCallStarted, e.Kind == visit.EventRollCallMarked, e.Kind == visit.EventRollCallEnded:
		object = fmt.Sprint("roll_call:", e.Data["roll_call_id"])
	case e.Kind == visit.EventAccessStarted, e.Kind == visit.EventAccessChanged, e.Kind == visit.EventAccessEnded:
		object = fmt.Sprint("access:", e.Data["access_id"])
	case e.Kind == visit.EventCodeRequested, e.Kind == visit.EventSponsorAsked, e.Kind == visit.EventRegistrationDecided:
		object = fmt.Sprint("registration:", e.Data["registration_id"])
	case e.Kind == visit.EventPersonErased:
		object = fmt.Sprint("person:", e.Data["person_id"])
	case e.Kind == visit.EventPasswordResetAsked, e.Kind == visit.EventUserInvited:
		object = fmt.Sprint("user:", e.Data["user_id"])
	}
	row := audit.Row{At: t.now, Actor: e.Actor, Action: string(e.Kind), EventID: id, Object: object, Body: e.Data}
	c := t.of(e.SiteID)
	c.rows = append(c.rows, recorded{row, &e})
	t.notify(NotifyEvent, e.SiteID, "")
	return e.ID, nil
}

// audit adds an audit row without an event: administration, which nobody outside
// subscribes to. An empty site is the deployment.
func (t *tx) audit(site visit.SiteID, actor, action, object string, body map[string]any) {
	c := t.of(site)
	c.rows = append(c.rows, recorded{row: audit.Row{At: t.now, Actor: actor, Action: action, Object: object, Body: body}})
}

// follow adds a step to the site's ledger: the object changed.
func (t *tx) follow(site visit.SiteID, kind, object string) {
	c := t.of(site)
	c.ledger = append(c.ledger, step{kind, object})
}

// restart makes the site's agents take a snapshot: a change that touches every
// grant at once.
func (t *tx) restart(site visit.SiteID) { t.of(site).restart = true }

// notify wakes listeners after the commit.
func (t *tx) notify(kind NotificationKind, site visit.SiteID, object string) {
	t.wake = append(t.wake, Notification{kind, site, object})
}

// flush writes what was recorded. Sites are taken in the order of their ids and
// the deployment last, so that two transactions never wait for each other's
// heads.
func (t *tx) flush(ctx context.Context) error {
	for _, site := range slices.Backward(slices.Sorted(maps.Keys(t.changes))) {
		if err := t.flushChain(ctx, site, t.changes[site]); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) flushChain(ctx context.Context, site visit.SiteID, c *changes) error {
	switch {
	case c.empty():
		return nil
	case site == "":
		return t.flushDeployment(ctx, c)
	default:
		return t.flushSite(ctx, site, c)
	}
}

type headRow struct {
	Revision  int64
	Stamp     int64
	AuditSeq  int64
	AuditHash []byte
}

func (t *tx) flushSite(ctx context.Context, site visit.SiteID, c *changes) error {
	const lock = `select revision, stamp, audit_seq, audit_hash from site_heads where site_id = @site for no key update`
	head, err := one[headRow](ctx, t, visit.ErrSiteNotFound, lock, pgx.NamedArgs{"site": site})
	if err != nil {
		return err
	}
	var batch pgx.Batch
	t.queueLedger(&batch, site, c, &head)
	t.queueArrivals(&batch, site, c)
	if err := t.queueRows(&batch, string(site), c, &head); err != nil {
		return err
	}
	const save = `update site_heads set revision = @revision, stamp = @stamp, audit_seq = @audit_seq, audit_hash = @audit_hash where site_id = @site`
	batch.Queue(save, pgx.NamedArgs{
		"site": site, "revision": head.Revision, "stamp": head.Stamp, "audit_seq": head.AuditSeq, "audit_hash": head.AuditHash,
	})
	c.revision = head.Revision
	return t.SendBatch(ctx, &batch).Close()
}

func (t *tx) flushDeployment(ctx context.Context, c *changes) error {
	const lock = `select 0::bigint as revision, 0::bigint as stamp, audit_seq, audit_hash from deployment_head for no key update`
	head, err := one[headRow](ctx, t, pgx.ErrNoRows, lock, nil)
	if err != nil {
		return err
	}
	var batch pgx.Batch
	if err := t.queueRows(&batch, audit.Deployment, c, &head); err != nil {
		return err
	}
	const save = `update deployment_head set audit_seq = @audit_seq, audit_hash = @audit_hash`
	batch.Queue(save, pgx.NamedArgs{"audit_seq": head.AuditSeq, "audit_hash": head.AuditHash})
	return t.SendBatch(ctx, &batch).Close()
}

// queueLedger numbers the steps. A stamp is random: the same revision written
// again after a restore is another lineage.
func (t *tx) queueLedger(batch *pgx.Batch, site visit.SiteID, c *changes, head *headRow) {
	if c.restart {
		batch.Queue(`delete from site_ledger where site_id = @site`, pgx.NamedArgs{"site": site})
		c.ledger = append(c.ledger, step{ledgerNAS, string(site)}) // of no NAS: a removal of nothing
	}
	if len(c.ledger) > 0 {
		t.notify(NotifyLedger, site, "")
	}
	for _, step := range c.ledger {
		head.Revision++
		head.Stamp = int64(rand.Uint64()) //nolint:gosec // distinguishes lineages, guards nothing
		batch.Queue(`insert into site_ledger (site_id, revision, stamp, kind, object_id, at)
			values (@site, @revision, @stamp, @kind, @object, @now)`, pgx.NamedArgs{
			"site": site, "revision": head.Revision, "stamp": head.Stamp, "kind": step.kind, "object": step.object, "now": t.now,
		})
		if step.kind == ledgerVoucher {
			batch.Queue(`update vouchers set revision = @revision,
				created_revision = case created_revision when 0 then @revision else created_revision end
				where id = @object`, pgx.NamedArgs{"revision": head.Revision, "object": step.object})
		}
	}
}

// queueArrivals puts who came in on the list of the roll call that goes on, if one
// does: the head's lock is held, so that none can start or end between here and the
// commit.
func (t *tx) queueArrivals(batch *pgx.Batch, site visit.SiteID, c *changes) {
	for _, id := range c.arrived {
		batch.Queue(`insert into roll_call_people (roll_call_id, visit_id, added_at, arrived)
			select r.id, @visit, @now, true from roll_calls r where r.site_id = @site and r.ended_at is null
			on conflict do nothing`, pgx.NamedArgs{"visit": id, "site": site, "now": t.now})
	}
}

// queueRows chains the audit rows and writes each event with its row's place.
func (t *tx) queueRows(batch *pgx.Batch, chain string, c *changes, head *headRow) error {
	end := audit.Head{Chain: chain, Seq: head.AuditSeq, Hash: head.AuditHash}
	for _, r := range c.rows {
		row, next, err := audit.Append(end, r.row)
		if err != nil {
			return err
		}
		end = next
		if r.event != nil {
			queueEvent(batch, *r.event, row)
		}
		queueAudit(batch, row)
	}
	head.AuditSeq, head.AuditHash = end.Seq, end.Hash
	if c.checkpoint {
		return t.queueCheckpoint(batch, end, t.now)
	}
	return nil
}

func queueEvent(batch *pgx.Batch, e visit.Event, row audit.Row) {
	batch.Queue(`insert into events (id, kind, site_id, visit_id, agent_id, actor, at, data, chain, seq)
		values (@id, @kind, @site, @visit, @agent, @actor, @at, @data, @chain, @seq)`, pgx.NamedArgs{
		"id": e.ID, "kind": e.Kind, "site": optional(e.SiteID), "visit": optional(e.VisitID), "agent": optional(e.AgentID),
		"actor": e.Actor, "at": e.At, "data": body(row.Body), "chain": row.Chain, "seq": row.Seq,
	})
}

func queueAudit(batch *pgx.Batch, row audit.Row) {
	batch.Queue(`insert into audit (chain, seq, at, actor, action, event_id, object, body, prev_hash, hash)
		values (@chain, @seq, @at, @actor, @action, @event, @object, @body, @prev, @hash)`, pgx.NamedArgs{
		"chain": row.Chain, "seq": row.Seq, "at": row.At, "actor": row.Actor, "action": row.Action,
		"event": optional(row.EventID), "object": row.Object, "body": body(row.Body),
		"prev": notNil(row.PrevHash), "hash": row.Hash,
	})
}

func (t *tx) queueCheckpoint(batch *pgx.Batch, head audit.Head, at time.Time) error {
	signed, err := audit.Sign(head, at, t.s.keyring.SigningKeys(checkpointPurpose)[0])
	if err != nil {
		return err
	}
	batch.Queue(`insert into audit_checkpoints (chain, seq, hash, at, key_id, signature)
		values (@chain, @seq, @hash, @at, @key, @signature) on conflict do nothing`, pgx.NamedArgs{
		"chain": signed.Chain, "seq": signed.Seq, "hash": signed.Hash, "at": signed.At, "key": signed.KeyID, "signature": signed.Signature,
	})
	return nil
}

// checkpointPurpose names the signing key derived from the deployment key. Keys
// that were rotated out stay in the ring for as long as their checkpoints matter.
const checkpointPurpose = "audit-checkpoint"

// code makes a name from outside fit for events and audit, which hold no free
// text.
func code(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-+,:", r) {
			return r
		}
		return '_'
	}, strings.ToLower(name[:min(len(name), 64)]))
}

func body(fields map[string]any) map[string]any {
	if fields == nil {
		return map[string]any{}
	}
	return fields
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
