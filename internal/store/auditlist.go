package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// AuditFilter chooses audit rows; what is empty chooses all.
type AuditFilter struct {
	Chain    string // a site's id or audit.Deployment
	VisitID  visit.VisitID
	Actor    string
	Actions  []string   // one of them
	Object   string     // "visit:<id>", "token:<id>"; together with VisitID nothing fits both
	From, To *time.Time // from included, to not
	Page
}

// AuditRows returns what was done, newest first.
func (s *Store) AuditRows(ctx context.Context, scope Scope, filter AuditFilter) (AuditPage, error) {
	var page AuditPage
	statement, args, err := auditStatement(scope, filter)
	if err != nil || scope.Host != "" { // a host's scope is of visits, not of chains
		return page, err
	}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[auditRow](ctx, q, statement, args)
		if err != nil {
			return err
		}
		rows, page.Next = cut(rows, filter.limit(), func(r auditRow) cursor { return cursor{At: &r.At, Chain: &r.Chain, Seq: &r.Seq} })
		page.Items, err = auditRows(rows)
		return err
	})
	return page, err
}

const auditOrder = ` order by a.at desc, a.chain desc, a.seq desc limit @limit`

// auditStatement puts the statement together from fixed parts, as listStatement
// does. Each kind of action is read from the index by itself, as far as a page
// reaches: in one scan of several kinds the index would not keep the order.
func auditStatement(scope Scope, filter AuditFilter) (string, pgx.NamedArgs, error) {
	after, err := parseCursor(filter.Cursor, byChain)
	if err != nil {
		return "", nil, err
	}
	where := auditWhere(scope, filter)
	args := scope.args(pgx.NamedArgs{
		"chain": filter.Chain, "visit": "visit:" + string(filter.VisitID), "actor": filter.Actor, "object": filter.Object,
		"actions": filter.Actions, "from": filter.From, "to": filter.To,
		"at": after.At, "after": value(after.Chain), "seq": value(after.Seq), "limit": filter.limit() + 1,
	})
	from := `audit a where ` + strings.Join(where, " and ")
	if len(filter.Actions) > 0 {
		from = `(select distinct unnest(@actions::text[]) as action) wanted cross join lateral (
			select a.* from audit a where a.action = wanted.action and ` + strings.Join(where, " and ") + auditOrder + `) a`
	}
	return `select ` + auditColumns + ` from ` + from + auditOrder, args, nil
}

func auditWhere(scope Scope, filter AuditFilter) []string {
	where := []string{chainsInScope}
	if scope.All && filter.Chain != "" {
		where = where[:0] // the chain alone says it
	}
	for _, c := range []struct {
		set       bool
		condition string
	}{
		{filter.Chain != "", `a.chain = @chain`},
		{filter.VisitID != "", `a.object = @visit`},
		{filter.Object != "", `a.object = @object`},
		{filter.Actor != "", `a.actor = @actor`},
		{filter.From != nil, `a.at >= @from`},
		{filter.To != nil, `a.at < @to`},
		{filter.Cursor != "", `(a.at, a.chain, a.seq) < (@at, @after, @seq)`},
	} {
		if c.set {
			where = append(where, c.condition)
		}
	}
	return where
}

// Disclosure is one occasion on which a visit's password was shown to somebody.
type Disclosure struct {
	At        time.Time
	Actor     string
	How       visit.Disclosed
	VoucherID visit.VoucherID
	// AskedBy is whose doing a mail was, for as long as its delivery is kept.
	AskedBy string
}

type disclosureRow struct {
	auditRow
	AskedBy *string `db:"asked_by"`
}

// disclosing are the actions that tell of a password leaving the deployment.
var disclosing = map[string]visit.Disclosed{
	actionHandedOut:                    "", // its body says how
	string(visit.EventVoucherRevealed): visit.DisclosedByReveal,
	string(visit.EventCredentialsSent): visit.DisclosedByMail,
}

// maxDisclosures is more than a visit has: it ends within days.
const maxDisclosures = 1000

// Disclosures returns who was shown the visit's password, oldest first, at most
// the first thousand. It returns ErrVisitNotFound.
func (s *Store) Disclosures(ctx context.Context, scope Scope, id visit.VisitID) ([]Disclosure, error) {
	const list = `select ` + auditColumns + `, e.actor as asked_by from audit a
		left join deliveries d on d.visit_id = @visit and d.id::text = a.body ->> 'delivery_id'
		left join events e on e.id = d.event_id
		where a.object = @object and a.action = any(@actions) order by a.at, a.chain, a.seq limit @limit`
	var disclosures []Disclosure
	err := s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := findVisit(ctx, q, scope, id); err != nil {
			return err
		}
		rows, err := all[disclosureRow](ctx, q, list, pgx.NamedArgs{
			"visit": id, "object": "visit:" + string(id), "actions": disclosingActions(), "limit": maxDisclosures,
		})
		disclosures = []Disclosure{}
		for _, row := range rows {
			disclosures = append(disclosures, row.disclosure())
		}
		return err
	})
	return disclosures, err
}

func disclosingActions() []string {
	actions := make([]string, 0, len(disclosing))
	for action := range disclosing {
		actions = append(actions, action)
	}
	slices.Sort(actions)
	return actions
}

func (r disclosureRow) disclosure() Disclosure {
	row := r.evenIfUnreadable()
	how, _ := row.Body["how"].(string)
	voucher, _ := row.Body["voucher_id"].(string)
	return Disclosure{
		At: r.At, Actor: r.Actor, How: cmp.Or(disclosing[r.Action], visit.Disclosed(how)), VoucherID: visit.VoucherID(voucher),
		AskedBy: value(r.AskedBy),
	}
}
