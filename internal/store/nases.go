package store

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// NASChange names what to change; nil fields stay.
type NASChange struct {
	Name                 *string
	Source               *netip.Prefix
	Secret               *string
	MessageAuthenticator *visit.MessageAuthenticatorPolicy
	Driver               *string
	CoAAddress           *string
	CoAPort              *int
	MaxSessionSeconds    **int // pointer to nil: back to what experience says
	InterimSeconds       *int
}

const (
	defaultCoAPort        = 3799 // RFC 5176 2
	defaultInterimSeconds = 300
	defaultDriver         = "radius"
)

type nasRow struct {
	ID                    visit.NASID                      `db:"id"`
	SiteID                visit.SiteID                     `db:"site_id"`
	Name                  string                           `db:"name"`
	Source                netip.Prefix                     `db:"source"`
	SecretSealed          []byte                           `db:"secret_sealed"`
	MessageAuthenticator  visit.MessageAuthenticatorPolicy `db:"message_authenticator"`
	Driver                string                           `db:"driver"`
	CoAAddress            string                           `db:"coa_address"`
	CoAPort               int                              `db:"coa_port"`
	MaxSessionSeconds     *int                             `db:"max_session_seconds"`
	InterimSeconds        int                              `db:"interim_seconds"`
	DisconnectConfirmedAt *time.Time                       `db:"disconnect_confirmed_at"`
	AccountingSeenAt      *time.Time                       `db:"accounting_seen_at"`
	DeletedAt             *time.Time                       `db:"deleted_at"`
	CreatedAt             time.Time                        `db:"created_at"`
	UpdatedAt             time.Time                        `db:"updated_at"`
}

const nasColumns = `v.id, v.site_id, v.name, v.source, v.secret_sealed, v.message_authenticator, v.driver, v.coa_address, v.coa_port,
	v.max_session_seconds, v.interim_seconds, v.disconnect_confirmed_at, v.accounting_seen_at, v.deleted_at, v.created_at, v.updated_at`

// nas returns the row without the shared secret.
func (r nasRow) nas() visit.NAS {
	return visit.NAS{
		ID: r.ID, SiteID: r.SiteID, Name: r.Name, Source: r.Source,
		MessageAuthenticator: r.MessageAuthenticator, Driver: r.Driver, CoAPort: r.CoAPort, CoAAddress: r.CoAAddress,
		MaxSessionSeconds: r.MaxSessionSeconds, InterimSeconds: r.InterimSeconds,
		DisconnectConfirmedAt: r.DisconnectConfirmedAt, AccountingSeenAt: r.AccountingSeenAt,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

func nasPlace(id visit.NASID) string { return "nas:" + string(id) }

// wireNAS returns what agents must know of the NAS, with the secret.
func (s *Store) wireNAS(r nasRow) (*wire.NAS, error) {
	secret, err := s.keyring.Open(r.SecretSealed, nasPlace(r.ID))
	if err != nil {
		return nil, fmt.Errorf("secret of NAS %s: %w", r.ID, err)
	}
	return &wire.NAS{
		ID: r.ID, Name: r.Name, Source: r.Source, Secret: string(secret), MessageAuthenticator: r.MessageAuthenticator,
		Driver: r.Driver, CoAAddress: r.CoAAddress, CoAPort: r.CoAPort,
		MaxSessionSeconds: r.nas().SessionSeconds(), InterimSeconds: r.InterimSeconds, AccountingSeen: r.AccountingSeenAt != nil,
	}, nil
}

const findNAS = `select ` + nasColumns + ` from nases v
	where v.id = @id and v.site_id = @site and v.deleted_at is null and ` + inScope

// NAS returns a NAS without its secret, or ErrNASNotFound.
func (s *Store) NAS(ctx context.Context, scope Scope, site visit.SiteID, id visit.NASID) (visit.NAS, error) {
	var row nasRow
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		row, err = one[nasRow](ctx, q, visit.ErrNASNotFound, findNAS, scope.args(pgx.NamedArgs{"id": id, "site": site}))
		return err
	})
	return row.nas(), err
}

// NASes returns a site's NASes by name, without secrets, or ErrSiteNotFound.
func (s *Store) NASes(ctx context.Context, scope Scope, site visit.SiteID) ([]visit.NAS, error) {
	nases := []visit.NAS{}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := findSite(ctx, q, scope, site); err != nil {
			return err
		}
		const list = `select ` + nasColumns + ` from nases v where v.site_id = @site and v.deleted_at is null order by lower(v.name), v.id`
		rows, err := all[nasRow](ctx, q, list, pgx.NamedArgs{"site": site})
		for _, row := range rows {
			nases = append(nases, row.nas())
		}
		return err
	})
	return nases, err
}

// CreateNAS adds a NAS, which reaches the site's agents as nas.put. It returns
// KindInvalid errors that name a field, ErrSiteNotFound, and a conflict when the
// source network is taken.
func (s *Store) CreateNAS(ctx context.Context, by Caller, nas visit.NAS) (visit.NAS, error) {
	nas = withNASDefaults(nas)
	if err := nas.Validate(); err != nil {
		return visit.NAS{}, err
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := findSite(ctx, t, by.Scope, nas.SiteID); err != nil {
			return err
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		nas.ID, nas.CreatedAt, nas.UpdatedAt = visit.NASID(id), t.now, t.now
		const insert = `insert into nases (id, site_id, name, source, secret_sealed, message_authenticator, driver, coa_address, coa_port,
				max_session_seconds, interim_seconds, created_at, updated_at)
			values (@id, @site, @name, @source, @secret, @message_authenticator, @driver, @coa_address, @coa_port, @max_session, @interim, @now, @now)`
		return t.putNAS(ctx, by, nas, insert, "nas.created", nil)
	})
	nas.Secret = ""
	return nas, err
}

func withNASDefaults(nas visit.NAS) visit.NAS {
	nas.Name = strings.TrimSpace(nas.Name)
	if nas.MessageAuthenticator == "" {
		nas.MessageAuthenticator = visit.RequireMessageAuthenticator
	}
	if nas.Driver == "" {
		nas.Driver = defaultDriver
	}
	if nas.CoAPort == 0 {
		nas.CoAPort = defaultCoAPort
	}
	if nas.InterimSeconds == 0 {
		nas.InterimSeconds = defaultInterimSeconds
	}
	return nas
}

// putNAS runs an insert or update of the whole row, and lets agents follow.
func (t *tx) putNAS(ctx context.Context, by Caller, nas visit.NAS, statement, action string, body map[string]any) error {
	sealed, err := t.s.keyring.Seal([]byte(nas.Secret), nasPlace(nas.ID))
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, statement, pgx.NamedArgs{
		"id": nas.ID, "site": nas.SiteID, "name": nas.Name, "source": nas.Source, "secret": sealed,
		"message_authenticator": nas.MessageAuthenticator, "driver": nas.Driver, "coa_address": nas.CoAAddress, "coa_port": nas.CoAPort,
		"max_session": nas.MaxSessionSeconds, "interim": nas.InterimSeconds, "now": t.now,
	})
	t.follow(nas.SiteID, ledgerNAS, string(nas.ID))
	t.audit(nas.SiteID, by.Actor, action, "nas:"+string(nas.ID), body)
	return err
}

// UpdateNAS changes a NAS. It returns what CreateNAS returns, and ErrNASNotFound.
func (s *Store) UpdateNAS(ctx context.Context, by Caller, site visit.SiteID, id visit.NASID, change NASChange) (visit.NAS, error) {
	var nas visit.NAS
	err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
		if nas, err = t.lockNAS(ctx, by.Scope, site, id); err != nil {
			return err
		}
		fields := change.apply(&nas)
		if len(fields) == 0 {
			return nil
		}
		nas = withNASDefaults(nas)
		if err := nas.Validate(); err != nil {
			return err
		}
		nas.UpdatedAt = t.now
		const update = `update nases set name = @name, source = @source, secret_sealed = @secret, message_authenticator = @message_authenticator,
				driver = @driver, coa_address = @coa_address, coa_port = @coa_port,
				max_session_seconds = @max_session, interim_seconds = @interim, updated_at = @now
			where id = @id and site_id = @site`
		return t.putNAS(ctx, by, nas, update, "nas.changed", map[string]any{"fields": strings.Join(fields, ",")})
	})
	nas.Secret = ""
	return nas, err
}

// lockNAS returns the NAS with its secret.
func (t *tx) lockNAS(ctx context.Context, scope Scope, site visit.SiteID, id visit.NASID) (visit.NAS, error) {
	row, err := one[nasRow](ctx, t, visit.ErrNASNotFound, findNAS+` for no key update`, scope.args(pgx.NamedArgs{"id": id, "site": site}))
	if err != nil {
		return visit.NAS{}, err
	}
	nas := row.nas()
	secret, err := t.s.keyring.Open(row.SecretSealed, nasPlace(id))
	nas.Secret = string(secret)
	return nas, err
}

func (c NASChange) apply(nas *visit.NAS) []string {
	var fields []string
	take(&fields, "name", &nas.Name, c.Name)
	take(&fields, "source", &nas.Source, c.Source)
	take(&fields, "secret", &nas.Secret, c.Secret)
	take(&fields, "message_authenticator", &nas.MessageAuthenticator, c.MessageAuthenticator)
	take(&fields, "driver", &nas.Driver, c.Driver)
	take(&fields, "coa_address", &nas.CoAAddress, c.CoAAddress)
	take(&fields, "coa_port", &nas.CoAPort, c.CoAPort)
	take(&fields, "interim_seconds", &nas.InterimSeconds, c.InterimSeconds)
	if c.MaxSessionSeconds != nil {
		nas.MaxSessionSeconds = *c.MaxSessionSeconds
		fields = append(fields, "max_session_seconds")
	}
	return fields
}

// DeleteNAS takes a NAS away: agents stop answering it. Its sessions stay on
// record. It returns ErrNASNotFound.
func (s *Store) DeleteNAS(ctx context.Context, by Caller, site visit.SiteID, id visit.NASID) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := one[nasRow](ctx, t, visit.ErrNASNotFound, findNAS+` for no key update`, by.Scope.args(pgx.NamedArgs{"id": id, "site": site})); err != nil {
			return err
		}
		// The secret goes with the NAS; '' opens to nothing.
		const remove = `update nases set deleted_at = @now, updated_at = @now, secret_sealed = '' where id = @id`
		if _, err := t.Exec(ctx, remove, pgx.NamedArgs{"id": id, "now": t.now}); err != nil {
			return err
		}
		t.follow(site, ledgerNAS, string(id))
		t.audit(site, by.Actor, "nas.deleted", "nas:"+string(id), nil)
		return nil
	})
}
