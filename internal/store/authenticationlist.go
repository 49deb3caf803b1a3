package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// AuthenticationItem is an authentication as staff see it. It is personal data.
type AuthenticationItem struct {
	identity.Authentication
	Login      string
	FirstName  string
	LastName   string
	SiteID     visit.SiteID
	PortalID   identity.PortalID
	PortalName string
	Vendor     gate.Vendor // of the portal's devices
	TemplateID identity.TemplateID
	Method     identity.Method
	EndsWith   identity.Reason // what its end comes from
	IP         string
	SSID       string
	AP         string
	IsGreen    bool // by the clock, when it was read
	// Of its sessions, as the network accounts for them.
	Online       bool // one is live
	InputOctets  int64
	OutputOctets int64
}

// AuthenticationFilter chooses authentications. Empty fields choose all.
type AuthenticationFilter struct {
	SiteID   visit.SiteID
	PortalID identity.PortalID
	Account  visit.PersonID
	Green    *bool
	Status   identity.Status
	Query    string // a MAC address, or the beginning of a token's name, or a part of a login
	Page
}

// AuthenticationPage is a part of the list, the newest first.
type AuthenticationPage struct {
	Items []AuthenticationItem
	Next  string
}

type authenticationListRow struct {
	authenticationRow
	Login      string              `db:"login"`
	FirstName  string              `db:"first_name"`
	LastName   string              `db:"last_name"`
	PortalName string              `db:"portal_name"`
	Vendor     gate.Vendor         `db:"vendor"`
	TemplateID identity.TemplateID `db:"template_id"`
	Method     identity.Method     `db:"method"`
	IP         string              `db:"ip"`
	SSID       string              `db:"ssid"`
	AP         string              `db:"ap"`
	Green      bool                `db:"green"`
}

const (
	// authenticationGreen is identity.Authentication.Green: a test compares the two.
	authenticationGreen       = `(v.ended_at is null and v.started_at <= @now and v.ends_at > @now)`
	authenticationListColumns = authenticationColumns + `, c.login, p.first_name, p.last_name, g.name as portal_name, g.vendor, n.template_id, n.method, n.ip, n.ssid, n.ap, ` +
		authenticationGreen + ` as green`
	// An account whose data was purged is still a person without a name.
	authenticationListTables = authenticationTables + ` join portals g on g.id = n.portal_id join people p on p.id = n.person_id join accounts c on c.person_id = n.person_id`
)

func (r authenticationListRow) item() AuthenticationItem {
	return AuthenticationItem{
		Authentication: r.authentication(), Login: r.Login, FirstName: r.FirstName, LastName: r.LastName, SiteID: r.SiteID, PortalID: r.PortalID,
		PortalName: r.PortalName, Vendor: r.Vendor, TemplateID: r.TemplateID, Method: r.Method, EndsWith: r.EndsWith, IP: r.IP, SSID: r.SSID, AP: r.AP, IsGreen: r.Green,
	}
}

func items(rows []authenticationListRow) []AuthenticationItem {
	list := make([]AuthenticationItem, len(rows))
	for i, row := range rows {
		list[i] = row.item()
	}
	return list
}

// accountAuthentications are the newest of the account @id at sites of the scope.
func accountAuthentications(ctx context.Context, q db, args pgx.NamedArgs) ([]AuthenticationItem, error) {
	const list = `select ` + authenticationListColumns + ` from ` + authenticationListTables + `
		where n.person_id = @id and ` + inScope + ` order by v.started_at desc, v.id desc limit 50`
	rows, err := all[authenticationListRow](ctx, q, list, args)
	if err != nil {
		return nil, err
	}
	found := items(rows)
	return found, addUse(ctx, q, found)
}

// Authentications lists those at the sites of the scope. It returns ErrSiteNotFound for
// a site outside it, and KindInvalid.
func (s *Store) Authentications(ctx context.Context, scope Scope, filter AuthenticationFilter) (AuthenticationPage, error) {
	page := AuthenticationPage{Items: []AuthenticationItem{}}
	statement, args, err := authenticationsStatement(scope, filter, s.now())
	if err != nil {
		return page, err
	}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[authenticationListRow](ctx, q, statement, args)
		if err != nil {
			return orMissing(err, visit.ErrSiteNotFound)
		}
		rows, page.Next = cut(rows, filter.limit(), func(r authenticationListRow) cursor {
			return cursor{At: &r.StartedAt, ID: new(string(r.ID))}
		})
		page.Items = items(rows)
		return addUse(ctx, q, page.Items)
	})
	return page, err
}

func authenticationsStatement(scope Scope, filter AuthenticationFilter, now time.Time) (string, pgx.NamedArgs, error) {
	after, err := parseCursor(filter.Cursor, byTime)
	if err != nil {
		return "", nil, err
	}
	where, args, err := filter.where(scope, now)
	if err != nil {
		return "", nil, err
	}
	if filter.Cursor != "" {
		where = append(where, "(v.started_at, v.id) < (@at, @id::uuid)")
	}
	args["at"], args["id"], args["limit"] = after.At, after.ID, filter.limit()+1
	statement := `select ` + authenticationListColumns + ` from ` + authenticationListTables + ` where ` + strings.Join(where, " and ") +
		` order by v.started_at desc, v.id desc limit @limit`
	return statement, args, nil
}

func (f AuthenticationFilter) where(scope Scope, now time.Time) ([]string, pgx.NamedArgs, error) {
	args := scope.args(pgx.NamedArgs{"now": now, "site": f.SiteID, "portal": f.PortalID, "account": f.Account, "status": f.Status})
	where := []string{"v.kind = 'portal'"}
	switch {
	case f.SiteID == "" && !scope.All:
		where = append(where, inScope)
	case f.SiteID == "":
	case !scope.holds(f.SiteID):
		return nil, nil, visit.ErrSiteNotFound
	default:
		where = append(where, "v.site_id = @site")
	}
	if f.PortalID != "" {
		where = append(where, "n.portal_id = @portal")
	}
	if f.Account != "" {
		where = append(where, "n.person_id = @account")
	}
	if f.Status != "" {
		where = append(where, "n.status = @status")
	}
	switch {
	case f.Green == nil:
	case *f.Green:
		where = append(where, "n.live", authenticationGreen)
	default:
		where = append(where, "not "+authenticationGreen)
	}
	return f.search(where, args)
}

// search adds what somebody typed.
func (f AuthenticationFilter) search(where []string, args pgx.NamedArgs) ([]string, pgx.NamedArgs, error) {
	query := strings.TrimSpace(f.Query)
	words, err := searchWords(query)
	if err != nil || len(words) == 0 {
		return where, args, err
	}
	if mac, ok := visit.ParseMAC(query); ok {
		args["mac"] = mac
		return append(where, "n.mac = @mac"), args, nil
	}
	args["begins"], args["holds"] = escapeLike.Replace(strings.ToLower(query))+"%", "%"+escapeLike.Replace(query)+"%"
	return append(where, "(n.name like @begins or c.login ilike @holds)"), args, nil
}

// GreenAuthentications counts those that are good now, at one site or in all of the
// scope. It is exact. It returns ErrSiteNotFound.
func (s *Store) GreenAuthentications(ctx context.Context, scope Scope, site visit.SiteID) (n int, err error) {
	if site != "" && !scope.holds(site) {
		return 0, visit.ErrSiteNotFound
	}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		counts, err := scalars[int](ctx, q, greenCount, scope.args(pgx.NamedArgs{"site": optional(site), "now": s.now()}))
		if err == nil {
			n = counts[0]
		}
		return orMissing(err, visit.ErrSiteNotFound)
	})
	return n, err
}

// greenCount begins with those that have not ended: few among many.
const greenCount = `select count(*) from ` + authenticationTables + `
	where n.live and ` + authenticationGreen + ` and ` + inScope + ` and (@site::uuid is null or v.site_id = @site::uuid)`

// AuthenticationDetail is an authentication with what belongs to it.
type AuthenticationDetail struct {
	AuthenticationItem
	Sessions     []Session
	Terminations []Termination
	Decision     *PortalDecision // that it came of; nil where it is gone
	SealedAt     *time.Time      // nothing more is to be done for it
}

// AuthenticationDetail returns an authentication with what belongs to it, or
// ErrAuthenticationNotFound.
func (s *Store) AuthenticationDetail(ctx context.Context, scope Scope, id roll.AccessID) (detail AuthenticationDetail, err error) {
	err = s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		const find = `select ` + authenticationListColumns + ` from ` + authenticationListTables + ` where n.access_id = @id and ` + inScope
		row, err := one[authenticationListRow](ctx, q, ErrAuthenticationNotFound, find, scope.args(pgx.NamedArgs{"id": id, "now": s.now()}))
		if err != nil {
			return err
		}
		item := []AuthenticationItem{row.item()}
		if err := addUse(ctx, q, item); err != nil {
			return err
		}
		detail = AuthenticationDetail{AuthenticationItem: item[0], SealedAt: row.SealedAt}
		if detail.Sessions, err = sessionsBy(ctx, q, "access_id", string(id)); err != nil {
			return err
		}
		if detail.Terminations, err = terminationsBy(ctx, q, "access_id", string(id)); err != nil {
			return err
		}
		decision, err := one[decisionRow](ctx, q, errNoDecision, decisionOf, pgx.NamedArgs{"id": id})
		if err == nil {
			detail.Decision = new(decision.decision())
		}
		return unless(err, errNoDecision)
	})
	return detail, err
}

var errNoDecision = errors.New("store: the decision is gone")

// PortalDecision is why somebody was let in by a portal, or was not.
type PortalDecision struct {
	ID         string
	SiteID     visit.SiteID
	PortalID   identity.PortalID
	PortalName string
	AccountID  visit.PersonID // empty: nobody was recognised, or they are gone
	AccessID   roll.AccessID  // empty: none came of it
	MAC        string
	Page       identity.Page
	Rule       identity.Rule
	Method     identity.Method
	Facts      map[string]any
	At         time.Time
}

type decisionRow struct {
	ID         string            `db:"id"`
	SiteID     visit.SiteID      `db:"site_id"`
	PortalID   identity.PortalID `db:"portal_id"`
	PortalName string            `db:"portal_name"`
	PersonID   *visit.PersonID   `db:"person_id"`
	AccessID   *roll.AccessID    `db:"access_id"`
	MAC        string            `db:"mac"`
	Page       identity.Page     `db:"page"`
	Rule       identity.Rule     `db:"rule"`
	Method     identity.Method   `db:"method"`
	Facts      map[string]any    `db:"facts"`
	At         time.Time         `db:"at"`
}

const (
	decisionColumns = `v.id, v.site_id, v.portal_id, g.name as portal_name, v.person_id, v.access_id, v.mac, v.page, v.rule, v.method, v.facts, v.at`
	decisionTables  = `portal_decisions v join portals g on g.id = v.portal_id`
	decisionOf      = `select ` + decisionColumns + ` from ` + decisionTables + ` where v.access_id = @id order by v.id limit 1`
)

// refusedDecisions are pages that keep out, and logins that did not do: those are asked again.
const refusedDecisions = `(v.page = '` + string(identity.PageDenied) + `' or v.rule in ('` + string(identity.RuleCredentials) + `', '` + string(identity.RuleNotActive) + `'))`

func (r decisionRow) decision() PortalDecision {
	return PortalDecision{
		ID: r.ID, SiteID: r.SiteID, PortalID: r.PortalID, PortalName: r.PortalName, AccountID: value(r.PersonID), AccessID: value(r.AccessID),
		MAC: r.MAC, Page: r.Page, Rule: r.Rule, Method: r.Method, Facts: r.Facts, At: r.At,
	}
}

// DecisionFilter chooses decisions.
type DecisionFilter struct {
	SiteID  visit.SiteID   // empty: of the account, at sites of the scope
	Account visit.PersonID // empty: whoever's
	MAC     string
	Refused bool // only who was kept out, or proved nothing
	Page
}

// PortalDecisionPage is a part of the list, the newest first.
type PortalDecisionPage struct {
	Items []PortalDecision
	Next  string
}

// PortalDecisions lists why guests were let in or not. It returns ErrSiteNotFound for a
// site outside the scope, and KindInvalid.
func (s *Store) PortalDecisions(ctx context.Context, scope Scope, filter DecisionFilter) (PortalDecisionPage, error) {
	page := PortalDecisionPage{Items: []PortalDecision{}}
	statement, args, err := decisionsStatement(scope, filter)
	if err != nil {
		return page, err
	}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[decisionRow](ctx, q, statement, args)
		if err != nil {
			return orMissing(err, visit.ErrSiteNotFound)
		}
		rows, page.Next = cut(rows, filter.limit(), func(r decisionRow) cursor { return cursor{ID: &r.ID} })
		for _, row := range rows {
			page.Items = append(page.Items, row.decision())
		}
		return nil
	})
	return page, err
}

func decisionsStatement(scope Scope, f DecisionFilter) (string, pgx.NamedArgs, error) {
	after, err := parseCursor(f.Cursor, byID)
	if err != nil {
		return "", nil, err
	}
	args := scope.args(pgx.NamedArgs{"site": f.SiteID, "account": f.Account, "id": after.ID, "limit": f.limit() + 1})
	where := []string{inScope}
	if f.SiteID != "" {
		if !scope.holds(f.SiteID) {
			return "", nil, visit.ErrSiteNotFound
		}
		where = []string{"v.site_id = @site"}
	}
	if f.Account != "" {
		where = append(where, "v.person_id = @account")
	}
	if f.MAC != "" {
		mac, ok := visit.ParseMAC(f.MAC)
		if !ok {
			return "", nil, visit.Invalid("q", "This is not a MAC address.")
		}
		args["mac"] = mac
		where = append(where, "v.mac = @mac")
	}
	if f.Refused {
		where = append(where, refusedDecisions)
	}
	if f.Cursor != "" {
		where = append(where, "v.id < @id")
	}
	return `select ` + decisionColumns + ` from ` + decisionTables + ` where ` + strings.Join(where, " and ") + ` order by v.id desc limit @limit`, args, nil
}
