package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// Profile is a profile with what is known of its use.
type Profile struct {
	identity.Profile
	Revision  int // another one when accounts must be reckoned anew
	Accounts  int // that are good now, or will be
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ProfileChange names what to change; nil fields stay.
type ProfileChange struct {
	Name     *string
	Validity *identity.Validity
	Devices  *int
}

const maxProfiles = 200 // of the deployment; of templates too

// Refusals about profiles.
var (
	ErrProfileNotFound = visit.Errorf(visit.KindNotFound, "profile_not_found", "There is no such profile.")
	ErrProfileInUse    = visit.Errorf(visit.KindConflict, "profile_in_use", "A template or an account that is good uses this profile.")
	errTooManyProfiles = visit.Errorf(visit.KindConflict, "profiles_too_many", "There are 200 profiles already. Delete one that is not used.")
	// errDeployment is for callers of some sites only, about what all sites share.
	errDeployment = visit.Errorf(visit.KindForbidden, "forbidden", "This is for all sites: only who sees all of them may change it.")
)

type profileRow struct {
	ID        identity.ProfileID `db:"id"`
	Name      string             `db:"name"`
	Kind      identity.Kind      `db:"kind"`
	Value     int                `db:"value"`
	Until     *time.Time         `db:"until"`
	Devices   int                `db:"devices"`
	Revision  int                `db:"revision"`
	DeletedAt *time.Time         `db:"deleted_at"`
	CreatedAt time.Time          `db:"created_at"`
	UpdatedAt time.Time          `db:"updated_at"`
}

const profileColumns = `p.id, p.name, p.kind, p.value, p.until, p.devices, p.revision, p.deleted_at, p.created_at, p.updated_at`

func (r profileRow) profile() identity.Profile {
	return identity.Profile{
		ID: r.ID, Name: r.Name, Devices: r.Devices,
		Validity: identity.Validity{Kind: r.Kind, Value: r.Value, Until: value(r.Until)},
	}
}

func profilePlace(id identity.ProfileID) string { return "profile:" + string(id) }

// countedRow is a profile with its accounts that have not ended.
type countedRow struct {
	profileRow
	Accounts int `db:"accounts"`
}

const profileAccounts = `(select count(*) from accounts a where a.profile_id = p.id and a.ends_at > @now and a.erased_at is null)`

func (r countedRow) counted() Profile {
	return Profile{Profile: r.profile(), Revision: r.Revision, Accounts: r.Accounts, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
}

const findProfileRow = `select ` + profileColumns + ` from profiles p where p.id = @id and p.deleted_at is null`

// findProfile returns a profile that is there, or ErrProfileNotFound.
func findProfile(ctx context.Context, q db, id identity.ProfileID) (profileRow, error) {
	return one[profileRow](ctx, q, ErrProfileNotFound, findProfileRow, pgx.NamedArgs{"id": id})
}

// Profile returns a profile, or ErrProfileNotFound. Profiles are the deployment's:
// everybody sees all of them.
func (s *Store) Profile(ctx context.Context, id identity.ProfileID) (profile Profile, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		profile, err = s.countedProfile(ctx, q, id)
		return err
	})
	return profile, err
}

func (s *Store) countedProfile(ctx context.Context, q db, id identity.ProfileID) (Profile, error) {
	const find = `select ` + profileColumns + `, ` + profileAccounts + ` as accounts from profiles p where p.id = @id and p.deleted_at is null`
	row, err := one[countedRow](ctx, q, ErrProfileNotFound, find, pgx.NamedArgs{"id": id, "now": s.now()})
	return row.counted(), err
}

// Profiles returns all profiles by name.
func (s *Store) Profiles(ctx context.Context) (profiles []Profile, err error) {
	const list = `select ` + profileColumns + `, ` + profileAccounts + ` as accounts from profiles p
		where p.deleted_at is null order by lower(p.name), p.id limit @limit`
	err = s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[countedRow](ctx, q, list, pgx.NamedArgs{"now": s.now(), "limit": maxProfiles})
		profiles = make([]Profile, len(rows))
		for i, row := range rows {
			profiles[i] = row.counted()
		}
		return err
	})
	return profiles, err
}

// CreateProfile stores a profile. It returns KindInvalid, a conflict when the name is
// taken, and KindForbidden for a caller who does not see all sites.
func (s *Store) CreateProfile(ctx context.Context, by Caller, p identity.Profile) (profile Profile, err error) {
	p.Name = strings.TrimSpace(p.Name)
	if err := p.Validate(); err != nil {
		return profile, err
	}
	if !by.Scope.All {
		return profile, errDeployment
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.room(ctx, `select count(*)::integer from profiles where deleted_at is null`, maxProfiles, errTooManyProfiles); err != nil {
			return err
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		p.ID = identity.ProfileID(id)
		const insert = `insert into profiles (id, name, kind, value, until, devices, created_at, updated_at)
			values (@id, @name, @kind, @value, @until, @devices, @now, @now)`
		if _, err := t.Exec(ctx, insert, profileArgs(p, t.now)); err != nil {
			return err
		}
		t.audit("", by.Actor, "profile.created", profilePlace(p.ID), map[string]any{"kind": string(p.Validity.Kind)})
		profile, err = s.countedProfile(ctx, t, p.ID)
		return err
	})
	return profile, err
}

// room refuses another row of what there may be only so many of.
func (t *tx) room(ctx context.Context, count string, most int, full error) error {
	n, err := scalars[int](ctx, t, count, nil)
	if err == nil && n[0] >= most {
		err = full
	}
	return err
}

func profileArgs(p identity.Profile, now time.Time) pgx.NamedArgs {
	args := pgx.NamedArgs{
		"id": p.ID, "name": p.Name, "kind": p.Validity.Kind, "value": p.Validity.Value, "until": nil, "devices": p.Devices, "now": now,
	}
	if p.Validity.Kind == identity.Until {
		args["value"], args["until"] = 0, p.Validity.Until.UTC().Truncate(time.Microsecond)
	}
	return args
}

// UpdateProfile changes a profile. Another validity is another revision: the sweeper
// reckons its accounts anew (RecomputeAccounts). It returns what CreateProfile does,
// ErrProfileNotFound, and the conflict of a template whose lifetime would be longer.
func (s *Store) UpdateProfile(ctx context.Context, by Caller, id identity.ProfileID, change ProfileChange) (profile Profile, err error) {
	if !by.Scope.All {
		return profile, errDeployment
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		// Templates that name the profile hold it while they are written: see fitting.
		row, err := one[profileRow](ctx, t, ErrProfileNotFound, findProfileRow+` for no key update`, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		p := row.profile()
		fields := change.apply(&p)
		if err := p.Validate(); err != nil {
			return err
		}
		if len(fields) > 0 {
			if err := t.putProfile(ctx, p, p.Validity != row.profile().Validity); err != nil {
				return err
			}
			t.audit("", by.Actor, "profile.changed", profilePlace(id), map[string]any{"fields": strings.Join(fields, ",")})
		}
		profile, err = s.countedProfile(ctx, t, id)
		return err
	})
	return profile, err
}

func (c ProfileChange) apply(p *identity.Profile) []string {
	var fields []string
	if c.Name != nil {
		take(&fields, "name", &p.Name, new(strings.TrimSpace(*c.Name)))
	}
	if c.Validity != nil {
		validity := *c.Validity
		validity.Until = validity.Until.UTC().Truncate(time.Microsecond)
		if validity.Kind == identity.Until {
			validity.Value = 0
		} else {
			validity.Until = time.Time{}
		}
		take(&fields, "validity", &p.Validity, &validity)
	}
	take(&fields, "devices", &p.Devices, c.Devices)
	return fields
}

func (t *tx) putProfile(ctx context.Context, p identity.Profile, anew bool) error {
	if anew {
		if err := t.fitsTemplates(ctx, p); err != nil {
			return err
		}
	}
	const update = `update profiles set name = @name, kind = @kind, value = @value, until = @until, devices = @devices,
			revision = revision + @anew::boolean::integer, updated_at = @now
		where id = @id`
	args := profileArgs(p, t.now)
	args["anew"] = anew
	_, err := t.Exec(ctx, update, args)
	return err
}

// fitsTemplates refuses a validity that is shorter than the lifetime of a template
// that the profile can be met with.
func (t *tx) fitsTemplates(ctx context.Context, p identity.Profile) error {
	rows, err := all[templateRow](ctx, t, `select `+templateColumns+` from templates t where t.deleted_at is null order by t.id`, nil)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if template := row.template(); meets(template, p.ID) && !template.Fits(p) {
			return identity.ErrDoesNotFit(template, p)
		}
	}
	return nil
}

// DeleteProfile takes a profile away that no template and no good account uses. It
// returns ErrProfileNotFound, ErrProfileInUse and KindForbidden.
func (s *Store) DeleteProfile(ctx context.Context, by Caller, id identity.ProfileID) error {
	if !by.Scope.All {
		return errDeployment
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := one[profileRow](ctx, t, ErrProfileNotFound, findProfileRow+` for no key update`, pgx.NamedArgs{"id": id}); err != nil {
			return err
		}
		templates, err := all[templateRow](ctx, t, `select `+templateColumns+` from templates t where t.deleted_at is null`, nil)
		if err != nil {
			return err
		}
		for _, row := range templates {
			if meets(row.template(), id) {
				return ErrProfileInUse
			}
		}
		const remove = `update profiles p set deleted_at = @now, updated_at = @now where p.id = @id and ` + profileAccounts + ` = 0`
		n, err := exec(ctx, t, remove, pgx.NamedArgs{"id": id, "now": t.now})
		if err == nil && n == 0 {
			err = ErrProfileInUse
		}
		t.audit("", by.Actor, "profile.deleted", profilePlace(id), nil)
		return err
	})
}
