package store

import (
	"context"
	"errors"
	"maps"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// ErasePerson erases one person now: their visits keep ids and instants, their
// connections and refused logins are deleted, invitations are cancelled, an account at
// portals is a pseudonym from then on, the person's row goes or is blank as long as
// authentications have to be kept. What the CRM holds is left to the erasure's workflow. Doing it
// again returns the first erasure. It returns ErrPersonNotFound,
// ErrPersonElsewhere, and ErrErasePresent or ErrEraseUnconfirmed while the person
// may be in a building.
func (s *Store) ErasePerson(ctx context.Context, by Caller, id visit.PersonID) (Erasure, error) {
	var erasure Erasure
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		const before = `select ` + erasureColumns + ` from erasures v where v.person_id = @id and ` + erasureInScope + ` order by v.requested_at desc limit 1`
		whole, err := t.whole(ctx, by.Scope, id)
		if errors.Is(err, visit.ErrPersonNotFound) {
			row, err := one[erasureRow](ctx, t, visit.ErrPersonNotFound, before, by.Scope.args(pgx.NamedArgs{"id": id}))
			if err != nil {
				return err
			}
			erasure, err = row.erasure()
			return err
		}
		if err != nil {
			return err
		}
		row, err := t.erase(ctx, by, id, whole)
		if err != nil {
			return err
		}
		erasure, err = row.erasure()
		return err
	})
	return erasure, err
}

func (t *tx) erase(ctx context.Context, by Caller, id visit.PersonID, whole wholePerson) (erasureRow, error) {
	rows, err := t.lockVisits(ctx, visitIDsOf(whole.visits))
	if err != nil {
		return erasureRow{}, err
	}
	for _, row := range rows {
		if err := row.visit().Erasable(); err != nil {
			return erasureRow{}, err
		}
	}
	if err := t.notInRollCall(ctx, rows); err != nil {
		return erasureRow{}, err
	}
	if err := t.cancelInvitations(ctx, by.Actor, rows); err != nil {
		return erasureRow{}, err
	}
	contacts, err := crmContacts(ctx, t, rows)
	if err != nil {
		return erasureRow{}, err
	}
	counts, err := t.eraseTraces(ctx, id)
	if err != nil {
		return erasureRow{}, err
	}
	if err := t.wipeNow(ctx, by.Actor, rows); err != nil {
		return erasureRow{}, err
	}
	if err := t.blank(ctx, rows, by.Actor); err != nil {
		return erasureRow{}, err
	}
	guest, err := t.eraseGuest(ctx, id, by.Actor)
	if err != nil {
		return erasureRow{}, err
	}
	maps.Copy(counts, guest)
	if err := t.forgetPerson(ctx, id); err != nil {
		return erasureRow{}, err
	}
	counts["visits"], counts["crm_contacts"] = len(rows), contactsIn(contacts)
	if err := t.record(visit.Event{Kind: visit.EventPersonErased, Actor: by.Actor, Data: map[string]any{"person_id": string(id)}}); err != nil {
		return erasureRow{}, err
	}
	t.auditPerson(whole.sites, by.Actor, "person.erasure", id, bodyOf(counts))
	row, err := t.insertErasure(ctx, by, id, whole.sites, counts, contacts)
	if err != nil {
		return erasureRow{}, err
	}
	_, err = t.Exec(ctx, `update crm_syncs set erasure_id = @id where visit_id = any(@ids::uuid[])`, pgx.NamedArgs{"id": row.ID, "ids": idsOf(rows)})
	return row, err
}

// eraseLate has an erasure go on, for what a CRM was just writing when the person
// was erased: its ids were not among those that were collected.
func (t *tx) eraseLate(ctx context.Context, id visit.VisitID, refs visit.CRMRefs) error {
	if refs == (visit.CRMRefs{}) {
		return nil
	}
	const add = `update erasures e set state = 'pending', reason = '', ended_at = null,
			crm = e.crm || jsonb_build_array(jsonb_build_object('account_id', c.account_id, 'contact_ref', @contact::text, 'visit_refs', @visits::text[]))
		from crm_syncs c where c.visit_id = @id and e.id = c.erasure_id returning e.id`
	visits := []string{}
	if refs.Visit != "" {
		visits = append(visits, refs.Visit)
	}
	erasures, err := scalars[string](ctx, t, add, pgx.NamedArgs{"id": id, "contact": refs.Contact, "visits": visits})
	for _, erasure := range erasures {
		t.audit("", "system:crm", "erasure.continued", "erasure:"+erasure, nil)
	}
	return err
}

func visitIDsOf(rows []visitRow) []visit.VisitID {
	ids := make([]visit.VisitID, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	return ids
}

func bodyOf(counts map[string]int) map[string]any {
	body := make(map[string]any, len(counts))
	for name, n := range counts {
		body[name] = n
	}
	return body
}

func (t *tx) cancelInvitations(ctx context.Context, actor string, rows []visitRow) error {
	for i := range rows {
		row := &rows[i]
		if row.Status != visit.PreRegistered {
			continue
		}
		row.end(visit.End{Status: visit.Cancelled, By: actor}, t.now)
		if err := t.record(row.event(visit.EventCancelled, actor, nil)); err != nil {
			return err
		}
		if err := t.saveVisit(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// erasedAtOnce is how many visits a CRM is asked to erase before that is noted: a
// call takes up to a second, an attempt a minute at most.
const erasedAtOnce = 20

// contactsIn counts contacts, whose visits may be in several parts.
func contactsIn(parts []CRMContact) (n int) {
	for _, part := range parts {
		if part.ContactRef != "" {
			n++
		}
	}
	return n
}

// crmContacts collects what CRMs hold of the visits, before it is forgotten here,
// and marks the visits as erased there.
func crmContacts(ctx context.Context, t *tx, rows []visitRow) ([]CRMContact, error) {
	type ref struct {
		AccountID  visit.CRMAccountID
		ContactRef string
		VisitRef   string
	}
	args := pgx.NamedArgs{"ids": idsOf(rows), "now": t.now}
	const find = `select account_id, contact_ref, visit_ref from (
			select visit_id, account_id, contact_ref, visit_ref from crm_syncs
			union all select c.visit_id, e.account_id, e.contact_ref, e.visit_ref from crm_syncs c
				cross join lateral jsonb_to_recordset(c.elsewhere) e (account_id uuid, contact_ref text, visit_ref text)) c
		where visit_id = any(@ids::uuid[]) and (contact_ref <> '' or visit_ref <> '') order by account_id, contact_ref, visit_id`
	refs, err := all[ref](ctx, t, find, args)
	if err != nil {
		return nil, err
	}
	contacts := []CRMContact{}
	for _, r := range refs {
		last := len(contacts) - 1
		same := last >= 0 && contacts[last].AccountID == r.AccountID && contacts[last].ContactRef == r.ContactRef
		full := same && len(contacts[last].VisitRefs) == erasedAtOnce
		if full {
			contacts[last].ContactRef = "" // which goes with the last of its visits
		}
		if full || !same {
			contacts = append(contacts, CRMContact{AccountID: r.AccountID, ContactRef: r.ContactRef, VisitRefs: []string{}})
			last++
		}
		if r.VisitRef != "" {
			contacts[last].VisitRefs = append(contacts[last].VisitRefs, r.VisitRef)
		}
	}
	_, err = t.Exec(ctx, `update crm_syncs set state = 'erased', reason = '', updated_at = @now where visit_id = any(@ids::uuid[])`, args)
	return contacts, err
}

// eraseTraces deletes what the person's devices left behind.
func (t *tx) eraseTraces(ctx context.Context, id visit.PersonID) (map[string]int, error) {
	const traces = `with ` + theirs + `,
		refused as (delete from refused_logins where id in (select id from their_refused) returning 1),
		ended as (delete from terminations where id in (select id from their_terminations) returning 1),
		gone as (delete from sessions where id in (select id from their_sessions) returning 1)
		select (select count(*) from refused) as refused, (select count(*) from ended) as terminations, (select count(*) from gone) as sessions`
	type deleted struct{ Refused, Terminations, Sessions int }
	n, err := one[deleted](ctx, t, visit.ErrPersonNotFound, traces, pgx.NamedArgs{"id": id})
	return map[string]int{"refused_logins": n.Refused, "terminations": n.Terminations, "sessions": n.Sessions}, err
}

// wipeNow wipes the visits' credentials, which ended with them.
func (t *tx) wipeNow(ctx context.Context, actor string, rows []visitRow) error {
	const wipe = `update vouchers set password_sealed = null, wiped_at = @now
		where visit_id = any(@ids::uuid[]) and wiped_at is null and revoked_at is not null returning id, visit_id, site_id`
	type wiped struct {
		ID      string
		VisitID visit.VisitID
		SiteID  visit.SiteID
	}
	vouchers, err := all[wiped](ctx, t, wipe, pgx.NamedArgs{"ids": idsOf(rows), "now": t.now})
	if err != nil {
		return err
	}
	for _, v := range vouchers {
		e := visit.Event{Kind: visit.EventVoucherWiped, SiteID: v.SiteID, VisitID: v.VisitID, Actor: actor, Data: map[string]any{"voucher_id": v.ID}}
		if err := t.record(e); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) insertErasure(ctx context.Context, by Caller, id visit.PersonID, sites []visit.SiteID, counts map[string]int, contacts []CRMContact) (erasureRow, error) {
	erasure, err := t.s.newID()
	if err != nil {
		return erasureRow{}, err
	}
	state, ended := ErasureDone, &t.now
	if len(contacts) > 0 {
		state, ended = ErasurePending, nil
	}
	const insert = `insert into erasures as v (id, person_id, sites, requested_by, requested_at, erased_at, ended_at, state, counts, crm)
		values (@id, @person, @of::uuid[], @by, @now, @now, @ended, @state, @counts, @crm) returning ` + erasureColumns
	return one[erasureRow](ctx, t, visit.ErrErasureNotFound, insert, pgx.NamedArgs{
		"id": erasure, "person": id, "of": sites, "by": by.Actor, "now": t.now, "ended": ended, "state": state,
		"counts": counts, "crm": contacts,
	})
}
