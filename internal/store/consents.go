package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// Consent is a version of what guests agree to with one tick.
type Consent struct {
	ID      string
	Kind    identity.ConsentKind
	Version int
	Texts   map[string]string // by language; none: there is nothing to agree to
	MadeBy  string
	MadeAt  time.Time
}

// ErrConsentNotFound means that a template never had this version.
var ErrConsentNotFound = visit.Errorf(visit.KindNotFound, "consent_not_found", "The template has no text of this kind and version.")

type consentRow struct {
	ID      string               `db:"id"`
	Kind    identity.ConsentKind `db:"kind"`
	Version int                  `db:"version"`
	Texts   map[string]string    `db:"texts"`
	MadeBy  string               `db:"made_by"`
	MadeAt  time.Time            `db:"made_at"`
}

func (r consentRow) consent() Consent { return Consent(r) }

const consentColumns = `c.id, c.kind, c.version, c.texts, c.made_by, c.made_at`

// currentConsents are the versions in force of a template, in the order in which
// guests are asked.
func currentConsents(ctx context.Context, q db, template identity.TemplateID) ([]Consent, error) {
	const list = `select distinct on (c.kind) ` + consentColumns + ` from consent_texts c where c.template_id = @template order by c.kind, c.version desc`
	rows, err := all[consentRow](ctx, q, list, pgx.NamedArgs{"template": template})
	consents := []Consent{}
	for _, row := range rows {
		if len(row.Texts) > 0 {
			consents = append(consents, row.consent())
		}
	}
	order := identity.ConsentKinds()
	slices.SortFunc(consents, func(a, b Consent) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
	return consents, err
}

// Consents returns what a template's guests agree to now, or ErrTemplateNotFound.
func (s *Store) Consents(ctx context.Context, template identity.TemplateID) (consents []Consent, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := one[templateRow](ctx, q, ErrTemplateNotFound, findTemplateRow, pgx.NamedArgs{"id": template}); err != nil {
			return err
		}
		consents, err = currentConsents(ctx, q, template)
		return err
	})
	return consents, err
}

// Consent returns a version of one of a template's texts, zero for the newest, which
// is the zero Consent where there never was any. It returns ErrTemplateNotFound and
// ErrConsentNotFound.
func (s *Store) Consent(ctx context.Context, template identity.TemplateID, kind identity.ConsentKind, version int) (consent Consent, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := one[templateRow](ctx, q, ErrTemplateNotFound, findTemplateRow, pgx.NamedArgs{"id": template}); err != nil {
			return err
		}
		consent, err = findConsent(ctx, q, template, kind, version)
		if version == 0 && errors.Is(err, ErrConsentNotFound) {
			consent, err = Consent{Kind: kind}, nil
		}
		return err
	})
	return consent, err
}

func findConsent(ctx context.Context, q db, template identity.TemplateID, kind identity.ConsentKind, version int) (Consent, error) {
	const find = `select ` + consentColumns + ` from consent_texts c
		where c.template_id = @template and c.kind = @kind and (@version::integer = 0 or c.version = @version) order by c.version desc limit 1`
	row, err := one[consentRow](ctx, q, ErrConsentNotFound, find, pgx.NamedArgs{"template": template, "kind": kind, "version": version})
	return row.consent(), err
}

// SetConsent makes a new version of one of a template's texts; the same texts again
// make none, and no texts end it. Guests who agreed to an older one are asked again.
// It returns KindInvalid, ErrTemplateNotFound and KindForbidden.
func (s *Store) SetConsent(ctx context.Context, by Caller, template identity.TemplateID, kind identity.ConsentKind, texts map[string]string) (consent Consent, err error) {
	texts, err = visit.ValidateRules(texts)
	switch {
	case err != nil:
		return consent, err
	case !slices.Contains(identity.ConsentKinds(), kind):
		return consent, visit.Invalid("kind", "terms, privacy or marketing.")
	case !by.Scope.All:
		return consent, errDeployment
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		// The template's lock makes versions take turns.
		row, err := one[templateRow](ctx, t, ErrTemplateNotFound, findTemplateRow+` for no key update`, pgx.NamedArgs{"id": template})
		if err != nil {
			return err
		}
		consent, err = findConsent(ctx, t, template, kind, 0)
		if err != nil && !errors.Is(err, ErrConsentNotFound) || maps.Equal(consent.Texts, texts) {
			consent.Kind = kind
			return unless(err, ErrConsentNotFound)
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		consent = Consent{ID: id, Kind: kind, Version: consent.Version + 1, Texts: texts, MadeBy: by.Actor, MadeAt: t.now}
		if err := t.addConsent(ctx, template, consent); err != nil || !row.template().MACAuth {
			return err
		}
		return t.retakeDevices(ctx, template) // who has not agreed is not let in without being asked
	})
	return consent, err
}

// unless takes an error that is expected for none.
func unless(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

func (t *tx) addConsent(ctx context.Context, template identity.TemplateID, c Consent) error {
	t.audit("", c.MadeBy, "template.consent_changed", templatePlace(template),
		map[string]any{"kind": string(c.Kind), "version": c.Version, "languages": len(c.Texts)})
	const insert = `insert into consent_texts (id, template_id, kind, version, texts, made_by, made_at)
		values (@id, @template, @kind, @version, @texts, @by, @now)`
	_, err := t.Exec(ctx, insert, pgx.NamedArgs{
		"id": c.ID, "template": template, "kind": c.Kind, "version": c.Version, "texts": c.Texts, "by": c.MadeBy, "now": t.now,
	})
	return err
}
