package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// CRMAccountChange names what to change; nil fields stay. Credentials are replaced
// as a whole.
type CRMAccountChange struct {
	Name        *string
	Settings    *visit.CRMSettings
	Credentials *visit.CRMCredentials
}

type crmAccountRow struct {
	ID                visit.CRMAccountID `db:"id"`
	Name              string             `db:"name"`
	Kind              visit.CRMKind      `db:"kind"`
	Settings          []byte             `db:"settings"`
	CredentialsSealed []byte             `db:"credentials_sealed"`
	CreatedAt         time.Time          `db:"created_at"`
	UpdatedAt         time.Time          `db:"updated_at"`
}

const crmAccountColumns = `v.id, v.name, v.kind, v.settings, v.credentials_sealed, v.created_at, v.updated_at`

// crmAccountInScope: an account is of the deployment. Who sees all sites sees all
// accounts, others those of their sites.
const crmAccountInScope = `v.deleted_at is null and (@all or exists (
	select from sites s where s.crm_account_id = v.id and s.id = any(@sites::uuid[])))`

// account returns the row without the credentials.
func (r crmAccountRow) account() (visit.CRMAccount, error) {
	account := visit.CRMAccount{ID: r.ID, Name: r.Name, Kind: r.Kind, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	return account, json.Unmarshal(r.Settings, &account.Settings)
}

// crmSecrets is how credentials lie sealed; the domain's type hides itself.
type crmSecrets struct {
	Token        string `json:"token,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
}

func crmPlace(id visit.CRMAccountID) string { return "crm:" + string(id) }

func (s *Store) sealCRM(id visit.CRMAccountID, c visit.CRMCredentials) ([]byte, error) {
	text, err := json.Marshal(crmSecrets(c))
	if err != nil {
		return nil, err
	}
	return s.keyring.Seal(text, crmPlace(id))
}

func (s *Store) openCRM(row crmAccountRow) (visit.CRMCredentials, error) {
	text, err := s.keyring.Open(row.CredentialsSealed, crmPlace(row.ID))
	if err != nil {
		return visit.CRMCredentials{}, fmt.Errorf("credentials of CRM account %s: %w", row.ID, err)
	}
	var secrets crmSecrets
	if json.Unmarshal(text, &secrets) != nil {
		return visit.CRMCredentials{}, fmt.Errorf("credentials of CRM account %s are not what was sealed", row.ID)
	}
	return visit.CRMCredentials(secrets), nil
}

const findCRMAccount = `select ` + crmAccountColumns + ` from crm_accounts v where v.id = @id and ` + crmAccountInScope

// CRMAccount returns an account without its credentials, or ErrCRMAccountNotFound.
func (s *Store) CRMAccount(ctx context.Context, scope Scope, id visit.CRMAccountID) (visit.CRMAccount, error) {
	var account visit.CRMAccount
	err := s.query(ctx, func(ctx context.Context, q db) error {
		row, err := one[crmAccountRow](ctx, q, visit.ErrCRMAccountNotFound, findCRMAccount, scope.args(pgx.NamedArgs{"id": id}))
		if err != nil {
			return err
		}
		account, err = row.account()
		return err
	})
	return account, err
}

// CRMAccounts returns the accounts of the scope by name, without credentials.
func (s *Store) CRMAccounts(ctx context.Context, scope Scope) ([]visit.CRMAccount, error) {
	var accounts []visit.CRMAccount
	err := s.query(ctx, func(ctx context.Context, q db) error {
		const list = `select ` + crmAccountColumns + ` from crm_accounts v where ` + crmAccountInScope + ` order by lower(v.name), v.id`
		rows, err := all[crmAccountRow](ctx, q, list, scope.args(pgx.NamedArgs{}))
		if err != nil {
			return err
		}
		accounts = make([]visit.CRMAccount, len(rows))
		for i, row := range rows {
			if accounts[i], err = row.account(); err != nil {
				return err
			}
		}
		return nil
	})
	return accounts, err
}

// OpenCRMAccount returns an account with its credentials, for whoever speaks to
// the CRM, or ErrCRMAccountNotFound.
func (s *Store) OpenCRMAccount(ctx context.Context, scope Scope, id visit.CRMAccountID) (visit.CRMAccount, error) {
	var account visit.CRMAccount
	err := s.query(ctx, func(ctx context.Context, q db) error {
		row, err := one[crmAccountRow](ctx, q, visit.ErrCRMAccountNotFound, findCRMAccount, scope.args(pgx.NamedArgs{"id": id}))
		if err != nil {
			return err
		}
		if account, err = row.account(); err != nil {
			return err
		}
		account.Credentials, err = s.openCRM(row)
		return err
	})
	return account, err
}

// CreateCRMAccount stores an account that package crm has found valid. The caller
// must see all sites, because any of them may come to use it.
func (s *Store) CreateCRMAccount(ctx context.Context, by Caller, account visit.CRMAccount) (visit.CRMAccount, error) {
	account.Name = strings.TrimSpace(account.Name)
	if !by.Scope.All {
		return visit.CRMAccount{}, visit.ErrCRMAccountNotFound
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		id, err := s.newID()
		if err != nil {
			return err
		}
		account.ID, account.CreatedAt, account.UpdatedAt = visit.CRMAccountID(id), t.now, t.now
		t.audit("", by.Actor, "crm_account.created", "crm_account:"+id, map[string]any{"kind": string(account.Kind)})
		const insert = `insert into crm_accounts (id, name, kind, settings, credentials_sealed, created_at, updated_at)
			values (@id, @name, @kind, @settings, @sealed, @now, @now)`
		return t.putCRMAccount(ctx, account, insert)
	})
	account.Credentials = visit.CRMCredentials{}
	return account, err
}

func (t *tx) putCRMAccount(ctx context.Context, account visit.CRMAccount, statement string) error {
	sealed, err := t.s.sealCRM(account.ID, account.Credentials)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, statement, pgx.NamedArgs{
		"id": account.ID, "name": account.Name, "kind": account.Kind, "settings": account.Settings, "sealed": sealed, "now": t.now,
	})
	return err
}

// errCRMCredentials keeps credentials, which are shown to nobody, from being sent to
// an address of somebody's choice.
var errCRMCredentials = visit.Invalid("credentials", "Credentials are for the address that they came with: give them again.")

// UpdateCRMAccount changes an account; valid judges it as it would become. It
// returns ErrCRMAccountNotFound, also to callers who do not see all sites, and what
// valid returns.
func (s *Store) UpdateCRMAccount(ctx context.Context, by Caller, id visit.CRMAccountID, change CRMAccountChange,
	valid func(visit.CRMAccount) error,
) (visit.CRMAccount, error) {
	var account visit.CRMAccount
	err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
		if account, err = t.lockCRMAccount(ctx, by.Scope, id); err != nil {
			return err
		}
		before := account.Settings
		fields := change.apply(&account)
		switch {
		case len(fields) == 0:
			return nil
		case change.Credentials == nil && before.Elsewhere(account.Settings):
			return errCRMCredentials
		}
		if err := valid(account); err != nil {
			return err
		}
		account.UpdatedAt = t.now
		t.audit("", by.Actor, "crm_account.changed", "crm_account:"+string(id), map[string]any{"fields": strings.Join(fields, ",")})
		const update = `update crm_accounts set name = @name, settings = @settings, credentials_sealed = @sealed, updated_at = @now
			where id = @id and kind = @kind`
		return t.putCRMAccount(ctx, account, update)
	})
	account.Credentials = visit.CRMCredentials{}
	return account, err
}

// lockCRMAccount returns the account with its credentials.
func (t *tx) lockCRMAccount(ctx context.Context, scope Scope, id visit.CRMAccountID) (visit.CRMAccount, error) {
	if !scope.All {
		return visit.CRMAccount{}, visit.ErrCRMAccountNotFound
	}
	row, err := one[crmAccountRow](ctx, t, visit.ErrCRMAccountNotFound, findCRMAccount+` for no key update of v`, scope.args(pgx.NamedArgs{"id": id}))
	if err != nil {
		return visit.CRMAccount{}, err
	}
	account, err := row.account()
	if err != nil {
		return visit.CRMAccount{}, err
	}
	account.Credentials, err = t.s.openCRM(row)
	return account, err
}

func (c CRMAccountChange) apply(account *visit.CRMAccount) []string {
	var fields []string
	if c.Name != nil {
		*c.Name = strings.TrimSpace(*c.Name)
	}
	take(&fields, "name", &account.Name, c.Name)
	take(&fields, "settings", &account.Settings, c.Settings)
	take(&fields, "credentials", &account.Credentials, c.Credentials)
	return fields
}

// DeleteCRMAccount takes an account away, with its credentials. It returns
// ErrCRMAccountInUse while a site hands its visits there.
func (s *Store) DeleteCRMAccount(ctx context.Context, by Caller, id visit.CRMAccountID) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.lockCRMAccount(ctx, by.Scope, id); err != nil {
			return err
		}
		used, err := scalars[bool](ctx, t, `select true from sites where crm_account_id = @id limit 1`, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		if len(used) > 0 {
			return visit.ErrCRMAccountInUse
		}
		t.audit("", by.Actor, "crm_account.deleted", "crm_account:"+string(id), nil)
		_, err = t.Exec(ctx, `update crm_accounts set deleted_at = @now, updated_at = @now, credentials_sealed = '' where id = @id`,
			pgx.NamedArgs{"id": id, "now": t.now})
		return err
	})
}

type siteCRMRow struct {
	AccountID *visit.CRMAccountID `db:"crm_account_id"`
	Kind      *visit.CRMKind      `db:"crm"`
	Fields    []visit.CRMField    `db:"crm_fields"`
}

// SiteCRM returns what a site does with its visits; an empty account: nothing. It
// returns ErrSiteNotFound.
func (s *Store) SiteCRM(ctx context.Context, scope Scope, site visit.SiteID) (visit.SiteCRM, error) {
	var crm visit.SiteCRM
	err := s.query(ctx, func(ctx context.Context, q db) error {
		const find = `select crm_account_id, crm, crm_fields from sites v where v.id = @id and ` + siteInScope
		row, err := one[siteCRMRow](ctx, q, visit.ErrSiteNotFound, find, scope.args(pgx.NamedArgs{"id": site}))
		crm = visit.SiteCRM{AccountID: value(row.AccountID), Kind: value(row.Kind), Fields: row.Fields}
		return err
	})
	return crm, err
}

// SetSiteCRM says where a site's visits go and what of them; an empty account:
// nowhere. Callers who do not see all sites choose among the accounts of theirs. It
// returns ErrSiteNotFound, ErrCRMAccountNotFound and KindInvalid.
func (s *Store) SetSiteCRM(ctx context.Context, by Caller, site visit.SiteID, crm visit.SiteCRM) (visit.SiteCRM, error) {
	if err := visit.ValidateCRMFields(crm.Fields); err != nil {
		return crm, err
	}
	crm.Kind = ""
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.lockSite(ctx, by.Scope, site); err != nil {
			return err
		}
		if err := t.leaveCRM(ctx, site, crm.AccountID); err != nil {
			return err
		}
		if crm.AccountID != "" {
			// Shared with the site's own lock, so that the account is not deleted meanwhile.
			account, err := one[crmAccountRow](ctx, t, visit.ErrCRMAccountNotFound, findCRMAccount+` for share of v`,
				by.Scope.args(pgx.NamedArgs{"id": crm.AccountID}))
			if err != nil {
				return err
			}
			crm.Kind = account.Kind
		}
		t.audit(site, by.Actor, "site.crm_changed", "site:"+string(site), map[string]any{
			"account_id": crm.AccountID, "kind": crm.Kind, "fields": joined(crm.Fields),
		})
		_, err := t.Exec(ctx, `update sites set crm_account_id = @account, crm = @kind, crm_fields = @fields, updated_at = @now where id = @id`, pgx.NamedArgs{
			"id": site, "account": optional(crm.AccountID), "kind": optional(crm.Kind), "fields": texts(crm.Fields), "now": t.now,
		})
		return err
	})
	return crm, err
}

// leaveCRM ends the waiting of a site's visits for the accounts it does not use any
// more. Whoever still carries one of them finds the new account, or none.
func (t *tx) leaveCRM(ctx context.Context, site visit.SiteID, next visit.CRMAccountID) error {
	const end = `update crm_syncs c set state = 'skipped', reason = '` + visit.CRMNotConfigured + `', updated_at = @now
		from visits v where v.id = c.visit_id and v.site_id = @site and c.state = 'pending' and c.account_id is distinct from @next
			and c.account_id in (select crm_account_id from sites where id = @site)`
	_, err := t.Exec(ctx, end, pgx.NamedArgs{"site": site, "next": optional(next), "now": t.now})
	return err
}

func joined[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return strings.Join(out, ",")
}
