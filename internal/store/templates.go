package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// Template is a template with what is known of its use.
type Template struct {
	identity.Template
	Portals   int // of all sites
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TemplateChange names what to change; nil fields stay.
type TemplateChange struct {
	Name           *string
	Lifetime       *time.Duration
	Reauth         *identity.Reauth
	Methods        *[]identity.Method
	ProfileID      *identity.ProfileID
	Profiles       *map[identity.Method]identity.ProfileID
	Ask            *map[identity.Field]bool
	RecogniseMAC   *bool
	MACAuth        *bool
	GraceFor       *time.Duration
	SponsorDomains *[]string
	SMSPrefixes    *[]string
	Rules          *[]identity.AccessRule
	Look           *identity.Look
}

// Refusals about templates.
var (
	ErrTemplateNotFound = visit.Errorf(visit.KindNotFound, "template_not_found", "There is no such template.")
	ErrTemplateInUse    = visit.Errorf(visit.KindConflict, "template_in_use", "A portal uses this template.")
	errTooManyTemplates = visit.Errorf(visit.KindConflict, "templates_too_many", "There are 200 templates already. Delete one that is not used.")
)

// templateSettings is the column of that name. Its names are stored.
type templateSettings struct {
	Reauth         identity.Reauth                        `json:"reauth"`
	Methods        []identity.Method                      `json:"methods"`
	Profiles       map[identity.Method]identity.ProfileID `json:"profiles,omitempty"`
	Ask            map[identity.Field]bool                `json:"ask,omitempty"`
	RecogniseMAC   bool                                   `json:"recognise_mac,omitempty"`
	MACAuth        bool                                   `json:"mac_auth,omitempty"`
	GraceSeconds   int                                    `json:"grace_seconds,omitempty"`
	SponsorDomains []string                               `json:"sponsor_domains,omitempty"`
	SMSPrefixes    []string                               `json:"sms_prefixes,omitempty"`
	Rules          []identity.AccessRule                  `json:"rules,omitempty"`
	Look           identity.Look                          `json:"look"`
}

type templateRow struct {
	ID              identity.TemplateID `db:"id"`
	Name            string              `db:"name"`
	LifetimeSeconds int                 `db:"lifetime_seconds"`
	ProfileID       identity.ProfileID  `db:"profile_id"`
	Settings        templateSettings    `db:"settings"`
	DeletedAt       *time.Time          `db:"deleted_at"`
	CreatedAt       time.Time           `db:"created_at"`
	UpdatedAt       time.Time           `db:"updated_at"`
}

const templateColumns = `t.id, t.name, t.lifetime_seconds, t.profile_id, t.settings, t.deleted_at, t.created_at, t.updated_at`

func (r templateRow) template() identity.Template {
	s := r.Settings
	return identity.Template{
		ID: r.ID, Name: r.Name, Lifetime: time.Duration(r.LifetimeSeconds) * time.Second, ProfileID: r.ProfileID,
		Reauth: s.Reauth, Methods: s.Methods, Profiles: s.Profiles, Ask: s.Ask, RecogniseMAC: s.RecogniseMAC, MACAuth: s.MACAuth,
		GraceFor: time.Duration(s.GraceSeconds) * time.Second, SponsorDomains: s.SponsorDomains, SMSPrefixes: s.SMSPrefixes,
		Rules: s.Rules, Look: s.Look,
	}
}

func settingsOf(t identity.Template) templateSettings {
	return templateSettings{
		Reauth: t.Reauth, Methods: t.Methods, Profiles: t.Profiles, Ask: t.Ask, RecogniseMAC: t.RecogniseMAC, MACAuth: t.MACAuth,
		GraceSeconds: int(t.GraceFor / time.Second), SponsorDomains: t.SponsorDomains, SMSPrefixes: t.SMSPrefixes, Rules: t.Rules, Look: t.Look,
	}
}

func templatePlace(id identity.TemplateID) string { return "template:" + string(id) }

// meets reports whether accounts of a profile are made with a template.
func meets(t identity.Template, profile identity.ProfileID) bool {
	return slices.Contains(profilesOf(t), profile)
}

// profilesOf are the profiles that a template names, each once, in order.
func profilesOf(t identity.Template) []identity.ProfileID {
	ids := []identity.ProfileID{t.ProfileID}
	for _, id := range t.Profiles {
		if id != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

type usedTemplateRow struct {
	templateRow
	Portals int `db:"portals"`
}

const templatePortals = `(select count(*) from portals p where p.template_id = t.id and p.deleted_at is null)`

func (r usedTemplateRow) used() Template {
	return Template{Template: r.template(), Portals: r.Portals, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
}

const findTemplateRow = `select ` + templateColumns + ` from templates t where t.id = @id and t.deleted_at is null`

// Template returns a template, or ErrTemplateNotFound. Templates are the
// deployment's: everybody sees all of them.
func (s *Store) Template(ctx context.Context, id identity.TemplateID) (template Template, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		template, err = usedTemplate(ctx, q, id)
		return err
	})
	return template, err
}

func usedTemplate(ctx context.Context, q db, id identity.TemplateID) (Template, error) {
	const find = `select ` + templateColumns + `, ` + templatePortals + ` as portals from templates t where t.id = @id and t.deleted_at is null`
	row, err := one[usedTemplateRow](ctx, q, ErrTemplateNotFound, find, pgx.NamedArgs{"id": id})
	return row.used(), err
}

// Templates returns all templates by name.
func (s *Store) Templates(ctx context.Context) (templates []Template, err error) {
	const list = `select ` + templateColumns + `, ` + templatePortals + ` as portals from templates t
		where t.deleted_at is null order by lower(t.name), t.id limit @limit`
	err = s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[usedTemplateRow](ctx, q, list, pgx.NamedArgs{"limit": maxProfiles})
		templates = make([]Template, len(rows))
		for i, row := range rows {
			templates[i] = row.used()
		}
		return err
	})
	return templates, err
}

// CheckTemplate says what is wrong with a template that is not stored, as
// CreateTemplate would: for previews.
func CheckTemplate(t identity.Template) (identity.Template, error) {
	t = cleanTemplate(t)
	return t, t.Validate()
}

// cleanTemplate leaves out what says nothing.
func cleanTemplate(t identity.Template) identity.Template {
	t.Name = strings.TrimSpace(t.Name)
	t.Profiles, t.Ask = maps.Clone(t.Profiles), maps.Clone(t.Ask)
	maps.DeleteFunc(t.Profiles, func(_ identity.Method, id identity.ProfileID) bool { return id == "" })
	t.Methods = slices.Clone(t.Methods)
	order := identity.Methods()
	slices.SortStableFunc(t.Methods, func(a, b identity.Method) int { return slices.Index(order, a) - slices.Index(order, b) })
	domains := make([]string, len(t.SponsorDomains))
	for i, domain := range t.SponsorDomains {
		domains[i] = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(domain), "@"))
	}
	t.SponsorDomains = domains
	return t
}

// CreateTemplate stores a template. It returns KindInvalid, conflicts (the name, a
// lifetime longer than accounts of a profile are good), and KindForbidden for a
// caller who does not see all sites.
func (s *Store) CreateTemplate(ctx context.Context, by Caller, made identity.Template) (template Template, err error) {
	made, err = CheckTemplate(made)
	if err != nil {
		return template, err
	}
	if !by.Scope.All {
		return template, errDeployment
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.room(ctx, `select count(*)::integer from templates where deleted_at is null`, maxProfiles, errTooManyTemplates); err != nil {
			return err
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		made.ID = identity.TemplateID(id)
		const insert = `insert into templates (id, name, lifetime_seconds, profile_id, settings, created_at, updated_at)
			values (@id, @name, @lifetime, @profile, @settings, @now, @now)`
		if err := t.putTemplate(ctx, made, insert); err != nil {
			return err
		}
		t.audit("", by.Actor, "template.created", templatePlace(made.ID), nil)
		template, err = usedTemplate(ctx, t, made.ID)
		return err
	})
	return template, err
}

// putTemplate writes a template that fits the profiles it names.
func (t *tx) putTemplate(ctx context.Context, made identity.Template, statement string) error {
	if err := t.fitting(ctx, made); err != nil {
		return err
	}
	_, err := t.Exec(ctx, statement, pgx.NamedArgs{
		"id": made.ID, "name": made.Name, "lifetime": int(made.Lifetime / time.Second), "profile": made.ProfileID,
		"settings": settingsOf(made), "now": t.now,
	})
	return err
}

// fitting refuses a lifetime that is longer than accounts of a profile are good which
// the template names. It holds the profiles, so that none changes before the commit.
func (t *tx) fitting(ctx context.Context, made identity.Template) error {
	for _, id := range profilesOf(made) {
		row, err := one[profileRow](ctx, t, ErrProfileNotFound, findProfileRow+` for share`, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		if p := row.profile(); !made.Fits(p) {
			return identity.ErrDoesNotFit(made, p)
		}
	}
	return nil
}

// UpdateTemplate changes a template. Authentications that are good keep their end. It
// returns what CreateTemplate does, and ErrTemplateNotFound.
func (s *Store) UpdateTemplate(ctx context.Context, by Caller, id identity.TemplateID, change TemplateChange) (template Template, err error) {
	if !by.Scope.All {
		return template, errDeployment
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := one[templateRow](ctx, t, ErrTemplateNotFound, findTemplateRow+` for no key update`, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		was := row.template()
		made, fields := change.apply(was)
		if made, err = CheckTemplate(made); err != nil {
			return err
		}
		if len(fields) > 0 {
			const update = `update templates set name = @name, lifetime_seconds = @lifetime, profile_id = @profile, settings = @settings, updated_at = @now
				where id = @id`
			if err := t.putTemplate(ctx, made, update); err != nil {
				return err
			}
			if err := t.followDevices(ctx, was, made); err != nil {
				return err
			}
			t.audit("", by.Actor, "template.changed", templatePlace(id), map[string]any{"fields": strings.Join(fields, ",")})
		}
		template, err = usedTemplate(ctx, t, id)
		return err
	})
	return template, err
}

// followDevices lets agents take anew whom they may let in by their MAC address alone,
// where a change of a template touches that.
func (t *tx) followDevices(ctx context.Context, was, is identity.Template) error {
	ruled := (len(was.Rules) > 0) != (len(is.Rules) > 0)
	if !was.MACAuth && !is.MACAuth || was.MACAuth == is.MACAuth && was.Lifetime == is.Lifetime && !ruled {
		return nil
	}
	return t.retakeDevices(ctx, is.ID)
}

// retakeDevices makes the agents of the sites where a template is used take everything
// anew.
func (t *tx) retakeDevices(ctx context.Context, template identity.TemplateID) error {
	const list = `select distinct p.site_id from portals p where p.template_id = @template and p.deleted_at is null`
	sites, err := scalars[visit.SiteID](ctx, t, list, pgx.NamedArgs{"template": template})
	for _, site := range sites {
		t.restart(site)
	}
	return err
}

// Of returns a template as the change makes it.
func (c TemplateChange) Of(t identity.Template) identity.Template {
	t, _ = c.apply(t)
	return t
}

func (c TemplateChange) apply(t identity.Template) (identity.Template, []string) {
	var fields []string
	take(&fields, "name", &t.Name, c.Name)
	take(&fields, "lifetime", &t.Lifetime, c.Lifetime)
	take(&fields, "reauth", &t.Reauth, c.Reauth)
	take(&fields, "profile_id", &t.ProfileID, c.ProfileID)
	take(&fields, "recognise_mac", &t.RecogniseMAC, c.RecogniseMAC)
	take(&fields, "mac_auth", &t.MACAuth, c.MACAuth)
	take(&fields, "grace_for", &t.GraceFor, c.GraceFor)
	replace(&fields, "methods", &t.Methods, c.Methods)
	replace(&fields, "profiles", &t.Profiles, c.Profiles)
	replace(&fields, "ask", &t.Ask, c.Ask)
	replace(&fields, "sponsor_domains", &t.SponsorDomains, c.SponsorDomains)
	replace(&fields, "sms_prefixes", &t.SMSPrefixes, c.SMSPrefixes)
	replace(&fields, "rules", &t.Rules, c.Rules)
	replace(&fields, "look", &t.Look, c.Look)
	return t, fields
}

// replace is take for what cannot be compared.
func replace[T any](fields *[]string, name string, to, from *T) {
	if from != nil {
		*to = *from
		*fields = append(*fields, name)
	}
}

// DeleteTemplate takes a template away that no portal uses. Its consents' texts stay.
// It returns ErrTemplateNotFound, ErrTemplateInUse and KindForbidden.
func (s *Store) DeleteTemplate(ctx context.Context, by Caller, id identity.TemplateID) error {
	if !by.Scope.All {
		return errDeployment
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := one[templateRow](ctx, t, ErrTemplateNotFound, findTemplateRow+` for no key update`, pgx.NamedArgs{"id": id}); err != nil {
			return err
		}
		const remove = `update templates t set deleted_at = @now, updated_at = @now where t.id = @id and ` + templatePortals + ` = 0`
		n, err := exec(ctx, t, remove, pgx.NamedArgs{"id": id, "now": t.now})
		if err == nil && n == 0 {
			err = ErrTemplateInUse
		}
		t.audit("", by.Actor, "template.deleted", templatePlace(id), nil)
		return err
	})
}
