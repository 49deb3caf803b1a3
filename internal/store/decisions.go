package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// Decided is why somebody was let in by a portal, or was not.
type Decided struct {
	Portal Portal
	Person visit.PersonID // empty: nobody was recognised
	Access roll.AccessID  // empty: none came of it
	MAC    string
	Page   identity.Page
	Rule   identity.Rule
	Method identity.Method // empty: nobody tried to log in
	Facts  map[string]any  // what it was decided from: instants, kinds and numbers, nobody's name
	Look   bool            // nothing was pressed: it is not kept again and again
}

// lookedFor is how long it is not kept again that a device was shown the same.
const lookedFor = 10 * time.Minute

// sameLook: of the device's last decisions here one is the same, and of late; or it is
// the very last, of a page that a device sees for days until something changes.
const sameLook = `select from (
		select page, rule, person_id, access_id, at, row_number() over (order by id desc) as nth from portal_decisions
		where portal_id = @portal and mac = @mac and mac <> '' order by id desc limit 10) v
	where (v.page, v.rule) = (@page, @rule) and v.person_id is not distinct from @person and v.access_id is not distinct from @access
		and (v.at > @since or v.nth = 1 and v.page in ('connected', 'continue'))`

// NoteDecision keeps a decision, for staff who are asked why. A look of a device that
// says no address is not kept: nobody could tell it from the next.
func (s *Store) NoteDecision(ctx context.Context, d Decided) error {
	if d.Look && d.MAC == "" {
		return nil
	}
	id, err := s.newID()
	if err != nil {
		return err
	}
	return s.once(ctx, func(ctx context.Context, q db) error { return insertDecision(ctx, q, id, s.now(), d) })
}

// noteAdmission keeps that a device was let in, with the transaction that let it in.
func (t *tx) noteAdmission(ctx context.Context, p Portal, a Admission, admitted Admitted, e entered) error {
	id, err := t.s.newID()
	if err != nil {
		return err
	}
	rule := identity.RuleLogin
	if e.By != identity.ByNothing {
		rule = identity.RuleRecognised
	}
	n := admitted.Authentication
	return insertDecision(ctx, t, id, t.now, Decided{
		Portal: p, Person: n.AccountID, Access: roll.AccessID(n.ID), MAC: n.MAC, Page: identity.PageAdmitted, Rule: rule, Method: a.Method,
		Facts: map[string]any{
			"now": t.now, "recognised_by": string(e.By), "lifecycle": string(e.Was), "status": string(n.Status), "expires_at": n.ExpiresAt,
			"account_ends_at": admitted.Account.EndsAt, "lifetime_seconds": int(p.Template.Lifetime.Seconds()),
		},
	})
}

func insertDecision(ctx context.Context, q db, id string, now time.Time, d Decided) error {
	facts := d.Facts
	if facts == nil {
		facts = map[string]any{}
	}
	const insert = `insert into portal_decisions (id, site_id, portal_id, person_id, access_id, mac, page, rule, method, facts, at)
		select @id, @site, @portal, @person, @access, @mac, @page, @rule, @method, @facts, @now
		where not @look or not exists (` + sameLook + `)`
	_, err := exec(ctx, q, insert, pgx.NamedArgs{
		"id": id, "site": d.Portal.SiteID, "portal": d.Portal.ID, "person": optional(d.Person), "access": optional(d.Access),
		"mac": d.MAC, "page": d.Page, "rule": d.Rule, "method": d.Method, "facts": facts, "now": now,
		"look": d.Look, "since": now.Add(-lookedFor),
	})
	return err
}
