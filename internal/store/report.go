package store

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Stored is what StoreReport did.
type Stored struct {
	Sequence    uint64            // of the journal; everything up to it is stored or deliberately skipped
	Completions []Completion      // results to hand to waiting activities
	Open        []wire.Session    // sessions that began or changed, for the site's other agents
	Closed      []wire.SessionKey // sessions that ended
	Skipped     int               // records that name what does not exist, or cannot be stored
}

func (s *Stored) add(more Stored) {
	s.Sequence = max(s.Sequence, more.Sequence)
	s.Completions = append(s.Completions, more.Completions...)
	s.Open = append(s.Open, more.Open...)
	s.Closed = append(s.Closed, more.Closed...)
	s.Skipped += more.Skipped
}

// StoreReport stores an agent's records. It is idempotent: records at or below
// the journal's stored sequence are passed over, and what a record says may be
// known already. A record that names what does not exist, or that cannot be
// stored, is skipped and counted: nothing may block the journal. It returns
// ErrStaleEpoch.
func (s *Store) StoreReport(ctx context.Context, agent visit.AgentID, site visit.SiteID, epoch int64, report wire.Report) (Stored, error) {
	from := reporter{s: s, agent: agent, site: site, epoch: epoch, journal: clean(report.Journal, maxName)}
	stored, err := from.store(ctx, report.Records)
	if err == nil || len(report.Records) == 0 || visit.KindOf(err) != visit.KindInternal {
		return stored, err
	}
	// One of them is bad: find out which, by storing each by itself.
	s.log.Error("report not stored as a whole", "agent", agent, "error", err)
	stored = Stored{}
	for _, record := range report.Records {
		one, err := from.store(ctx, []wire.Record{record})
		if err != nil && visit.KindOf(err) == visit.KindInternal {
			s.log.Error("record skipped", "agent", agent, "sequence", record.Sequence, "error", err)
			one, err = from.store(ctx, []wire.Record{{Sequence: record.Sequence, At: record.At}})
			one.Skipped++
		}
		if err != nil {
			return Stored{}, err
		}
		stored.add(one)
	}
	return stored, nil
}

// reporter is who reports.
type reporter struct {
	s       *Store
	agent   visit.AgentID
	site    visit.SiteID
	epoch   int64
	journal string
}

func (r reporter) store(ctx context.Context, records []wire.Record) (Stored, error) {
	var out Stored
	err := r.s.write(ctx, func(ctx context.Context, t *tx) error {
		out = Stored{}
		if err := t.fenceEarly(ctx, r.agent, r.site, r.epoch); err != nil {
			return err
		}
		known, err := t.journal(ctx, r.agent, r.journal)
		if err != nil {
			return err
		}
		batch := &report{tx: t, reporter: r, out: &out}
		if err := batch.load(ctx, records); err != nil {
			return err
		}
		last := known
		for _, record := range records {
			if record.Sequence <= known {
				continue
			}
			if err := batch.record(ctx, record); err != nil {
				return err
			}
			last = max(last, record.Sequence)
		}
		out.Sequence = last
		return batch.finish(ctx, last)
	})
	return out, err
}

// fenceEarly spares the work of a report that fence would refuse at its end. It
// takes no lock, so that acknowledgements are stored meanwhile.
func (t *tx) fenceEarly(ctx context.Context, agent visit.AgentID, site visit.SiteID, epoch int64) error {
	const find = `select true from agents where id = @id and site_id = @site and epoch = @epoch and hub is not null`
	held, err := scalars[bool](ctx, t, find, pgx.NamedArgs{"id": agent, "site": site, "epoch": epoch})
	if err == nil && len(held) == 0 {
		err = visit.ErrStaleEpoch
	}
	return err
}

// journal returns how far the journal is stored, and makes others who report from
// it wait.
func (t *tx) journal(ctx context.Context, agent visit.AgentID, journal string) (uint64, error) {
	const lock = `insert into agent_journals (agent_id, journal_id, sequence) values (@agent, @journal, 0)
		on conflict (agent_id, journal_id) do update set sequence = agent_journals.sequence returning sequence`
	stored, err := scalars[int64](ctx, t, lock, pgx.NamedArgs{"agent": agent, "journal": journal})
	if err != nil {
		return 0, err
	}
	return uint64(stored[0]), nil
}

// report is one transaction's worth of records.
type report struct {
	*tx
	reporter
	out      *Stored
	nases    map[string]*nasFacts
	vouchers map[string]visit.VisitID
	purged   map[string]visit.VisitID // vouchers of visits whose personal data is gone
	accesses map[string]bool
	zones    map[roll.ZoneID]zoneRow // locked
}

// nasFacts is what experience has taught about a NAS.
type nasFacts struct {
	ID         visit.NASID `db:"id"`
	Accounting bool        `db:"accounting"`
	Confirmed  bool        `db:"confirmed"`
}

// load finds the NASes, vouchers and accesses that the records name, those of this
// site only, and locks the zones.
func (r *report) load(ctx context.Context, records []wire.Record) error {
	var nases, vouchers []string
	for _, record := range records {
		nases = append(nases, nasesOf(record)...)
		vouchers = append(vouchers, grantsOf(record)...)
	}
	var err error
	r.nases, err = named(ctx, r.tx, `select id, accounting_seen_at is not null as accounting, disconnect_confirmed_at is not null as confirmed
		from nases v where v.site_id = @site and v.id = any(@ids::uuid[])`, r.site, nases, func(n *nasFacts) string { return string(n.ID) })
	if err != nil {
		return err
	}
	type issued struct {
		ID      string
		VisitID visit.VisitID
		Purged  bool
	}
	found, err := named(ctx, r.tx, `select v.id::text as id, v.visit_id, o.purged_at is not null as purged
		from vouchers v join visits o on o.id = v.visit_id where v.site_id = @site and v.id = any(@ids::uuid[])`,
		r.site, vouchers, func(i *issued) string { return i.ID })
	r.vouchers, r.purged = map[string]visit.VisitID{}, map[string]visit.VisitID{}
	for id, i := range found {
		if i.Purged { // nothing is learnt of it any more, but that its sessions ended
			r.purged[id] = i.VisitID
		} else {
			r.vouchers[id] = i.VisitID
		}
	}
	if err != nil {
		return err
	}
	return r.loadRolls(ctx, records, vouchers)
}

func named[T any](ctx context.Context, q db, sql string, site visit.SiteID, ids []string, id func(*T) string) (map[string]*T, error) {
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return uuid.Validate(id) != nil })
	found := map[string]*T{}
	if len(ids) == 0 {
		return found, nil
	}
	rows, err := all[T](ctx, q, sql, pgx.NamedArgs{"site": site, "ids": ids})
	for i := range rows {
		found[id(&rows[i])] = &rows[i]
	}
	return found, err
}

func nasesOf(record wire.Record) []string {
	var ids []string
	if a := record.Accounting; a != nil {
		ids = append(ids, string(a.Session.Key.NASID))
	}
	if f := record.Refused; f != nil {
		ids = append(ids, string(f.NASID))
	}
	if c := record.Termination; c != nil {
		for _, result := range c.Results {
			ids = append(ids, string(result.Key.NASID))
		}
	}
	return ids
}

func grantsOf(record wire.Record) []string {
	switch {
	case record.Accounting != nil:
		return []string{record.Accounting.Session.GrantID}
	case record.Refused != nil:
		return []string{record.Refused.GrantID}
	case record.Termination != nil:
		return []string{record.Termination.GrantID}
	}
	return nil
}

var errSkip = errors.New("the record names what does not exist")

func (r *report) record(ctx context.Context, record wire.Record) error {
	var err error
	switch {
	case record.Accounting != nil:
		err = r.accounting(ctx, *record.Accounting)
	case record.Refused != nil:
		err = r.refused(ctx, record)
	case record.Termination != nil:
		err = r.termination(ctx, *record.Termination)
	case record.RollUse != nil:
		err = r.rollUse(ctx, *record.RollUse)
	case record.DeviceLogin != nil:
		err = r.arrived(ctx, *record.DeviceLogin)
	case record.Presence != nil:
		r.presenceOpened(record)
	}
	if errors.Is(err, errSkip) {
		r.out.Skipped++
		return nil
	}
	return err
}

// finish is last but for the site's head: the epoch must still hold at the commit.
func (r *report) finish(ctx context.Context, last uint64) error {
	const update = `update agent_journals set sequence = @sequence where agent_id = @agent and journal_id = @journal`
	if _, err := r.Exec(ctx, update, pgx.NamedArgs{"agent": r.agent, "journal": r.reporter.journal, "sequence": int64(last)}); err != nil {
		return err
	}
	return r.fence(ctx, r.agent, r.site, r.epoch)
}

func (r *report) refused(ctx context.Context, record wire.Record) error {
	f := *record.Refused
	id, err := r.reporter.s.newID()
	if err != nil {
		return err
	}
	var nas, voucher *string
	if _, ok := r.nases[string(f.NASID)]; ok {
		nas = new(string(f.NASID))
	}
	if _, ok := r.vouchers[f.GrantID]; ok {
		voucher = &f.GrantID
	}
	const insert = `insert into refused_logins (id, site_id, agent_id, nas_id, voucher_id, reason, username, mac, method, count, at)
		values (@id, @site, @agent, @nas, @voucher, @reason, @username, @mac, @method, @count, @at)`
	_, err = r.Exec(ctx, insert, pgx.NamedArgs{
		"id": id, "site": r.site, "agent": r.agent, "nas": nas, "voucher": voucher, "reason": clean(string(f.Reason), maxName),
		"username": clean(refusedName(f), maxName), "mac": clean(f.MAC, maxName), "method": clean(f.Method, maxName),
		"count": max(f.Count, 1), "at": micro(record.At),
	})
	return err
}
