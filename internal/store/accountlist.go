package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// Account is a guest's account as staff see it. It is personal data.
type Account struct {
	identity.Account
	visit.Visitor
	SiteID        visit.SiteID
	PortalID      identity.PortalID // empty: staff made it
	ProfileName   string
	Kind          identity.LoginKind
	Method        identity.Method
	Sponsor       string
	Language      string
	Notes         string
	EndsSet       bool // by staff: the profile does not move the end
	HasPassword   bool
	Lifecycle     identity.Lifecycle // by the clock, when it was read
	ContactStatus identity.ContactStatus
	ProvenAt      *time.Time
	BlockedAt     *time.Time
	ErasedAt      *time.Time
	FirstLoginAt  *time.Time
	LastLoginAt   *time.Time
	Green         int // authentications that are
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// AccountFilter chooses accounts. Empty fields choose all.
type AccountFilter struct {
	SiteID    visit.SiteID // where they were made
	PortalID  identity.PortalID
	Profile   identity.ProfileID
	Lifecycle identity.Lifecycle
	Contact   identity.ContactStatus
	Method    identity.Method
	Query     string // parts of login, names, e-mail, phone or company, in any case
	Page
}

// AccountPage is a part of the list, the newest people first.
type AccountPage struct {
	Items []Account
	Next  string
}

type accountListRow struct {
	accountRow
	FirstName     string                 `db:"first_name"`
	LastName      string                 `db:"last_name"`
	Email         string                 `db:"email"`
	Phone         string                 `db:"phone"`
	Company       string                 `db:"company"`
	PortalID      *identity.PortalID     `db:"portal_id"`
	ProfileName   string                 `db:"profile_name"`
	Sponsor       string                 `db:"sponsor"`
	Language      string                 `db:"language"`
	Notes         string                 `db:"notes"`
	HasPassword   bool                   `db:"has_password"`
	ContactStatus identity.ContactStatus `db:"contact_status"`
	LastLoginAt   *time.Time             `db:"last_login_at"`
	Green         int                    `db:"green"`
	Lifecycle     identity.Lifecycle     `db:"lifecycle"`
	CreatedAt     time.Time              `db:"created_at"`
	UpdatedAt     time.Time              `db:"updated_at"`
}

const (
	// accountLifecycle is identity.Account.Lifecycle: a test compares the two.
	accountLifecycle = `case when c.erased_at is not null then 'erased' when c.blocked_at is not null then 'blocked'
		when c.ends_at <= @now then 'expired' when c.pending then 'pending' when c.starts_at > @now then 'scheduled' else 'active' end`
	accountListColumns = accountColumns + `, p.first_name, p.last_name, p.email, p.phone, p.company, c.portal_id, f.name as profile_name,
		c.sponsor, c.language, c.notes, c.password_hash is not null as has_password, c.contact_status, c.last_login_at,
		(select count(*) from authentications n join accesses x on x.id = n.access_id where n.person_id = c.person_id and n.live and x.ends_at > @now) as green,
		` + accountLifecycle + ` as lifecycle, c.created_at, c.updated_at`
	accountListTables = `accounts c join people p on p.id = c.person_id join profiles f on f.id = c.profile_id`
	// accountInScope: an account is of the site where it was made.
	accountInScope = `(@all or c.site_id = any(@sites::uuid[]))`
	// accountSeen: who runs a site also sees the accounts of whom was let in there.
	accountSeen = `(` + accountInScope + ` or exists (
		select from authentications n join accesses x on x.id = n.access_id where n.person_id = c.person_id and x.site_id = any(@sites::uuid[])))`
	accountMatches = `(c.login ilike @word%d or p.first_name || ' ' || p.last_name ilike @word%d or p.email ilike @word%d or p.phone ilike @word%d or p.company ilike @word%d)`
)

func (r accountListRow) account() Account {
	return Account{
		Account: r.accountRow.account(),
		Visitor: visit.Visitor{FirstName: r.FirstName, LastName: r.LastName, Email: r.Email, Phone: r.Phone, Company: r.Company},
		SiteID:  r.SiteID, PortalID: value(r.PortalID), ProfileName: r.ProfileName, Kind: r.LoginKind, Method: r.Method, Sponsor: r.Sponsor,
		Language: r.Language, Notes: r.Notes, EndsSet: r.EndsSet, HasPassword: r.HasPassword, Lifecycle: r.Lifecycle, ContactStatus: r.ContactStatus,
		ProvenAt: r.ProvenAt, BlockedAt: r.BlockedAt, ErasedAt: r.ErasedAt, FirstLoginAt: r.FirstLoginAt, LastLoginAt: r.LastLoginAt,
		Green: r.Green, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

// Accounts lists the accounts made at the sites of the scope. It returns
// ErrSiteNotFound for a site outside it, and KindInvalid.
func (s *Store) Accounts(ctx context.Context, scope Scope, filter AccountFilter) (AccountPage, error) {
	page := AccountPage{Items: []Account{}}
	statement, args, err := accountsStatement(scope, filter, s.now())
	if err != nil {
		return page, err
	}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[accountListRow](ctx, q, statement, args)
		if err != nil {
			return orMissing(err, visit.ErrSiteNotFound)
		}
		rows, page.Next = cut(rows, filter.limit(), func(r accountListRow) cursor { return cursor{ID: new(string(r.ID))} })
		for _, row := range rows {
			page.Items = append(page.Items, row.account())
		}
		return nil
	})
	return page, err
}

// accountsStatement puts the statement together from the parts that matter, so that
// the planner follows an index: of a site's accounts, or of all.
func accountsStatement(scope Scope, filter AccountFilter, now time.Time) (string, pgx.NamedArgs, error) {
	after, err := parseCursor(filter.Cursor, byID)
	if err != nil {
		return "", nil, err
	}
	where, args, err := filter.where(scope, now)
	if err != nil {
		return "", nil, err
	}
	if filter.Cursor != "" {
		where = append(where, "c.person_id < @id")
	}
	args["id"], args["limit"] = after.ID, filter.limit()+1
	statement := `select ` + accountListColumns + ` from ` + accountListTables + ` where ` + strings.Join(where, " and ") + ` order by c.person_id desc limit @limit`
	return statement, args, nil
}

func (f AccountFilter) where(scope Scope, now time.Time) ([]string, pgx.NamedArgs, error) {
	args := scope.args(pgx.NamedArgs{
		"now": now, "site": f.SiteID, "portal": f.PortalID, "profile": f.Profile, "lifecycle": f.Lifecycle, "contact": f.Contact, "method": f.Method,
	})
	where := []string{"true"}
	switch {
	case f.SiteID == "" && !scope.All:
		where = append(where, accountInScope)
	case f.SiteID == "":
	case !scope.holds(f.SiteID):
		return nil, nil, visit.ErrSiteNotFound
	default:
		where = append(where, "c.site_id = @site")
	}
	for given, part := range map[string]string{
		string(f.PortalID): "c.portal_id = @portal", string(f.Profile): "c.profile_id = @profile", string(f.Lifecycle): accountLifecycle + " = @lifecycle",
		string(f.Contact): "c.contact_status = @contact", string(f.Method): "c.method = @method",
	} {
		if given != "" {
			where = append(where, part)
		}
	}
	words, err := searchWords(f.Query)
	for i, word := range words {
		name := "word" + string(rune('0'+i))
		args[name] = "%" + escapeLike.Replace(word) + "%"
		where = append(where, strings.ReplaceAll(accountMatches, "word%d", name))
	}
	slices.Sort(where)
	return where, args, err
}

// findAccount returns an account for staff, or ErrAccountNotFound. scope is
// accountInScope for who changes it, accountSeen for who reads.
func (s *Store) findAccount(ctx context.Context, q db, scope Scope, id visit.PersonID, within string) (Account, error) {
	find := `select ` + accountListColumns + ` from ` + accountListTables + ` where c.person_id = @id and ` + within
	row, err := one[accountListRow](ctx, q, ErrAccountNotFound, find, scope.args(pgx.NamedArgs{"id": id, "now": s.now()}))
	return row.account(), err
}

// AccountDetail is an account with what belongs to it.
type AccountDetail struct {
	Account
	Devices         []Device // at sites of the scope
	Consents        []Agreed
	Authentications []AuthenticationItem // the newest, at sites of the scope
	Visits          int                  // that the caller may see
	Same            []Person             // visitors with the same proven address, who may be the same person
}

// Device is one that an account was used with, in one network.
type Device struct {
	ID        identity.DeviceID `db:"id"`
	SiteID    visit.SiteID      `db:"site_id"`
	PortalID  identity.PortalID `db:"portal_id"`
	SSID      string            `db:"ssid"`
	MAC       string            `db:"mac"`
	Private   bool              `db:"private"` // the device made the address up
	FirstSeen time.Time         `db:"first_seen"`
	LastSeen  time.Time         `db:"last_seen"`
}

// Agreed is a text that a guest agreed to.
type Agreed struct {
	Kind       identity.ConsentKind `db:"kind"`
	Version    int                  `db:"version"`
	TemplateID identity.TemplateID  `db:"template_id"`
	AgreedAt   time.Time            `db:"agreed_at"`
}

const (
	devicesOf = `select d.id, d.site_id, d.portal_id, d.ssid, d.mac, d.private, d.first_seen, d.last_seen from devices d where d.person_id = @id and (@all or d.site_id = any(@sites::uuid[]))
		order by d.last_seen desc, d.id limit @limit`
	consentsOf = `select t.kind, t.version, t.template_id, c.agreed_at from consents c join consent_texts t on t.id = c.text_id
		where c.person_id = @id order by c.agreed_at desc, t.kind limit @limit`
)

// Account returns an account with what belongs to it, or ErrAccountNotFound.
func (s *Store) Account(ctx context.Context, scope Scope, id visit.PersonID) (detail AccountDetail, err error) {
	err = s.view(ctx, func(ctx context.Context, q pgx.Tx) (err error) {
		detail = AccountDetail{}
		if detail.Account, err = s.findAccount(ctx, q, scope, id, accountSeen); err != nil {
			return err
		}
		args := scope.args(pgx.NamedArgs{"id": id, "limit": detailLimit, "now": s.now()})
		if detail.Devices, err = all[Device](ctx, q, devicesOf, args); err != nil {
			return err
		}
		if detail.Consents, err = all[Agreed](ctx, q, consentsOf, args); err != nil {
			return err
		}
		if detail.Authentications, err = accountAuthentications(ctx, q, args); err != nil {
			return err
		}
		counts, err := scalars[int](ctx, q, `select count(*) from visits v where v.person_id = @id and `+visitInScope, args)
		if err != nil {
			return err
		}
		detail.Visits = counts[0]
		detail.Same, err = samePeople(ctx, q, scope, detail.Account)
		return err
	})
	return detail, err
}

// samePeople are visitors in scope who have the e-mail address that the account's
// guest has proven. Staff may say that it is one person; nobody else does.
func samePeople(ctx context.Context, q db, scope Scope, a Account) ([]Person, error) {
	same := []Person{}
	if a.Kind != identity.LoginEmail || !a.Proven || a.ErasedAt != nil {
		return same, nil
	}
	const find = `select ` + personColumns + ` from people p where p.id <> @id and lower(p.email) = @login
			and not exists (select from accounts c where c.person_id = p.id) and exists (select from visits v where v.person_id = p.id and ` + visitInScope + `)
		order by p.id desc limit 10`
	rows, err := all[personRow](ctx, q, find, scope.args(pgx.NamedArgs{"id": a.ID, "login": a.Login}))
	for _, row := range rows {
		same = append(same, row.person())
	}
	return same, err
}
