package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// ZoneKind is the sort of codes that a zone has. It never changes.
type ZoneKind string

// The kinds of zone.
const (
	LongZone       ZoneKind = "long"       // random codes
	CompatibleZone ZoneKind = "compatible" // pfSense's
)

// Zone is where roll codes are tried.
type Zone struct {
	ID             roll.ZoneID
	SiteID         visit.SiteID
	Name           string
	Enabled        bool // without it nobody new is let in; who is online stays
	Kind           ZoneKind
	Logins         roll.Logins
	InvalidMessage string // what guests read when a code is refused
	ExpiredMessage string // and when its time is over
	Login          LoginForm
	Ways           []wire.Way
	Series         *ZoneSeries // of a compatible zone, the current one
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// LoginForm is the NAS's own, to which our portal page sends a guest with a good code.
type LoginForm struct {
	URL           string // empty: guests are told to enter the code where the network asks
	UserField     string // username by default
	PasswordField string // password by default
}

// ZoneSeries is what a zone's compatible codes are made with, without the keys.
type ZoneSeries struct {
	ID         roll.SeriesID
	KeyBits    int
	HasPrivate bool // else codes are made elsewhere and only accepted here
	Format     roll.Format
	CreatedAt  time.Time
}

// SeriesChange says what a zone's compatible codes are to be made with; nil fields
// stay, or are the original's defaults in a new zone.
type SeriesChange struct {
	Pair         string // of ProposeKeys
	PrivateKey   string // PEM; and PublicKey, where both are given, must belong to it
	PublicKey    string // PEM
	RollBits     *int
	TicketBits   *int
	ChecksumBits *int
	Magic        *uint64
	Alphabet     *string
}

// ZoneChange names what to change; nil fields stay.
type ZoneChange struct {
	Name           *string
	Enabled        *bool
	Logins         *roll.Logins
	InvalidMessage *string
	ExpiredMessage *string
	LoginURL       *string
	UserField      *string
	PasswordField  *string
	Ways           []wire.Way // nil: stay
	Series         *SeriesChange
	// Retire must be true where the change ends codes; RunsOn then lets those in use
	// run to their end.
	Retire bool
	RunsOn bool
}

// What guests read unless the zone says otherwise, as in the original.
const (
	defaultInvalidMessage = "Voucher invalid"
	defaultExpiredMessage = "Voucher expired"
)

const (
	maxMessage = 200 // characters; a Reply-Message has room for 253 octets (RFC 2865 5)
	maxWays    = 500
	maxZones   = 200 // of a site
)

// ErrZoneNotFound covers zones that are deleted, or at another site.
var ErrZoneNotFound = visit.Errorf(visit.KindNotFound, "zone_not_found", "There is no such zone.")

type zoneRow struct {
	ID             roll.ZoneID  `db:"id"`
	SiteID         visit.SiteID `db:"site_id"`
	Name           string       `db:"name"`
	Enabled        bool         `db:"enabled"`
	Kind           ZoneKind     `db:"kind"`
	Logins         roll.Logins  `db:"logins"`
	InvalidMessage string       `db:"invalid_message"`
	ExpiredMessage string       `db:"expired_message"`
	HashKeySealed  []byte       `db:"hash_key_sealed"`
	LoginURL       string       `db:"login_url"`
	UserField      string       `db:"login_user_field"`
	PasswordField  string       `db:"login_password_field"`
	DeletedAt      *time.Time   `db:"deleted_at"`
	CreatedAt      time.Time    `db:"created_at"`
	UpdatedAt      time.Time    `db:"updated_at"`
}

const zoneColumns = `v.id, v.site_id, v.name, v.enabled, v.kind, v.logins, v.invalid_message, v.expired_message,
	v.hash_key_sealed, v.login_url, v.login_user_field, v.login_password_field, v.deleted_at, v.created_at, v.updated_at`

func (r zoneRow) zone() Zone {
	return Zone{
		ID: r.ID, SiteID: r.SiteID, Name: r.Name, Enabled: r.Enabled, Kind: r.Kind, Logins: r.Logins,
		InvalidMessage: r.InvalidMessage, ExpiredMessage: r.ExpiredMessage,
		Login: LoginForm{r.LoginURL, r.UserField, r.PasswordField}, Ways: []wire.Way{}, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

func zonePlace(id roll.ZoneID) string { return "zone:" + string(id) }

// validate says what is wrong with what people choose.
func (z Zone) validate() error {
	switch {
	case z.Name == "" || len([]rune(z.Name)) > 200 || !plain(z.Name):
		return visit.Invalid("name", "A zone needs a name of at most 200 characters.")
	case z.Kind != LongZone && z.Kind != CompatibleZone:
		return visit.Invalid("kind", "One of long, compatible.")
	case z.Logins != roll.LastLogin && z.Logins != roll.FirstLogin && z.Logins != roll.MultipleLogins:
		return visit.Invalid("logins", "One of last_login, first_login, multiple.")
	case len(z.InvalidMessage) > maxMessage || !plain(z.InvalidMessage):
		return visit.Invalid("invalid_message", "One line of at most %d octets.", maxMessage)
	case len(z.ExpiredMessage) > maxMessage || !plain(z.ExpiredMessage):
		return visit.Invalid("expired_message", "One line of at most %d octets.", maxMessage)
	case z.Login.URL != "" && !loginURL(z.Login.URL):
		return visit.Invalid("login_url", "An address that begins with http:// or https://, without user, question mark or fragment, of at most %d octets.", maxLoginURL)
	case !formField.MatchString(z.Login.UserField):
		return visit.Invalid("login_user_field", "The name of a form's field.")
	case !formField.MatchString(z.Login.PasswordField):
		return visit.Invalid("login_password_field", "The name of a form's field.")
	case len(z.Ways) > maxWays:
		return visit.Invalid("ways", "At most %d.", maxWays)
	}
	return nil
}

const maxLoginURL = 500

var formField = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// loginURL reports whether a form may be sent there. It is set by staff; a guest's
// request has no say in it.
func loginURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxLoginURL && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil &&
		u.RawQuery == "" && u.Fragment == "" && !strings.ContainsAny(text, " ;,'\"")
}

// plain is text without line ends and other controls.
func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

func (z *Zone) defaults() {
	z.Name = strings.TrimSpace(z.Name)
	if z.Logins == "" {
		z.Logins = roll.LastLogin
	}
	z.Login.UserField = cmp.Or(z.Login.UserField, "username")
	z.Login.PasswordField = cmp.Or(z.Login.PasswordField, "password")
	if z.InvalidMessage == "" {
		z.InvalidMessage = defaultInvalidMessage
	}
	if z.ExpiredMessage == "" {
		z.ExpiredMessage = defaultExpiredMessage
	}
}

const findZoneRow = `select ` + zoneColumns + ` from zones v where v.id = @id and v.site_id = @site and v.deleted_at is null and ` + inScope

func findZone(ctx context.Context, q db, scope Scope, site visit.SiteID, id roll.ZoneID) (zoneRow, error) {
	return one[zoneRow](ctx, q, ErrZoneNotFound, findZoneRow, scope.args(pgx.NamedArgs{"id": id, "site": site}))
}

// lockZone returns the zone and makes others wait who change what became of its codes.
func (t *tx) lockZone(ctx context.Context, scope Scope, site visit.SiteID, id roll.ZoneID) (zoneRow, error) {
	return one[zoneRow](ctx, t, ErrZoneNotFound, findZoneRow+` for no key update`, scope.args(pgx.NamedArgs{"id": id, "site": site}))
}

// Zone returns a zone, or ErrZoneNotFound.
func (s *Store) Zone(ctx context.Context, scope Scope, site visit.SiteID, id roll.ZoneID) (zone Zone, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		row, err := findZone(ctx, q, scope, site, id)
		if err != nil {
			return err
		}
		zone, err = s.wholeZone(ctx, q, row)
		return err
	})
	return zone, err
}

// Zones returns a site's zones by name, or ErrSiteNotFound.
func (s *Store) Zones(ctx context.Context, scope Scope, site visit.SiteID) ([]Zone, error) {
	zones := []Zone{}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := findSite(ctx, q, scope, site); err != nil {
			return err
		}
		const list = `select ` + zoneColumns + ` from zones v where v.site_id = @site and v.deleted_at is null order by lower(v.name), v.id limit @limit`
		rows, err := all[zoneRow](ctx, q, list, pgx.NamedArgs{"site": site, "limit": maxZones})
		for _, row := range rows {
			zone, err := s.wholeZone(ctx, q, row)
			if err != nil {
				return err
			}
			zones = append(zones, zone)
		}
		return err
	})
	return zones, err
}

// wholeZone adds to a zone what stands in tables of its own.
func (s *Store) wholeZone(ctx context.Context, q db, row zoneRow) (Zone, error) {
	zone := row.zone()
	ways, err := findWays(ctx, q, []roll.ZoneID{row.ID})
	if err != nil {
		return Zone{}, err
	}
	zone.Ways = append(zone.Ways, ways[row.ID]...)
	if row.Kind == CompatibleZone {
		current, err := currentSeries(ctx, q, row.ID)
		if err != nil {
			return Zone{}, err
		}
		zone.Series = new(current.zoneSeries())
	}
	return zone, nil
}

// findWays returns zones' ways from NASes that are still there.
func findWays(ctx context.Context, q db, zones []roll.ZoneID) (map[roll.ZoneID][]wire.Way, error) {
	type wayRow struct {
		ZoneID roll.ZoneID
		NASID  visit.NASID `db:"nas_id"`
		SSID   string      `db:"ssid"`
	}
	const list = `select w.zone_id, w.nas_id, w.ssid from zone_ways w join nases n on n.id = w.nas_id and n.deleted_at is null
		where w.zone_id = any(@zones::uuid[]) order by w.nas_id, w.ssid`
	rows, err := all[wayRow](ctx, q, list, pgx.NamedArgs{"zones": texts(zones)})
	ways := map[roll.ZoneID][]wire.Way{}
	for _, row := range rows {
		ways[row.ZoneID] = append(ways[row.ZoneID], wire.Way{NASID: row.NASID, SSID: row.SSID})
	}
	return ways, err
}

// CreateZone adds a zone, which reaches the site's agents. series is what a
// compatible zone's codes are made with. It returns KindInvalid, ErrSiteNotFound
// and conflicts of its name and ways.
func (s *Store) CreateZone(ctx context.Context, by Caller, zone Zone, series SeriesChange) (Zone, error) {
	zone.defaults()
	if err := zone.validate(); err != nil {
		return Zone{}, err
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.lockSite(ctx, by.Scope, zone.SiteID); err != nil {
			return err
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		row, err := t.insertZone(ctx, zone, roll.ZoneID(id))
		if err != nil {
			return err
		}
		if row.Kind == LongZone && series != (SeriesChange{}) {
			return visit.Invalid("series", "Only zones of compatible codes have keys, bits and a character set.")
		}
		if row.Kind == CompatibleZone {
			if err := t.firstSeries(ctx, row, series); err != nil {
				return err
			}
		}
		if err := t.setWays(ctx, row, zone.Ways); err != nil {
			return err
		}
		t.follow(row.SiteID, ledgerZone, id)
		t.audit(row.SiteID, by.Actor, "zone.created", zonePlace(row.ID), map[string]any{"kind": string(row.Kind)})
		zone, err = s.wholeZone(ctx, t, row)
		return err
	})
	return zone, err
}

var errTooManyZones = visit.Errorf(visit.KindConflict, "zones_too_many", "A site has at most 200 zones. Delete one that is not used.")

func (t *tx) insertZone(ctx context.Context, zone Zone, id roll.ZoneID) (zoneRow, error) {
	count, err := scalars[int](ctx, t, `select count(*)::integer from zones where site_id = @site and deleted_at is null`, pgx.NamedArgs{"site": zone.SiteID})
	if err != nil {
		return zoneRow{}, err
	}
	if count[0] >= maxZones {
		return zoneRow{}, errTooManyZones
	}
	var sealed []byte
	if zone.Kind == LongZone {
		key := make([]byte, 32)
		if _, err := io.ReadFull(t.s.rand, key); err != nil {
			return zoneRow{}, fmt.Errorf("random source: %w", err)
		}
		if sealed, err = t.s.keyring.Seal(key, zonePlace(id)); err != nil {
			return zoneRow{}, err
		}
	}
	const insert = `insert into zones as v (id, site_id, name, enabled, kind, logins, invalid_message, expired_message, hash_key_sealed,
			login_url, login_user_field, login_password_field, created_at, updated_at)
		values (@id, @site, @name, @enabled, @kind, @logins, @invalid, @expired, @key, @url, @user, @password, @now, @now) returning ` + zoneColumns
	return one[zoneRow](ctx, t, ErrZoneNotFound, insert, pgx.NamedArgs{
		"id": id, "site": zone.SiteID, "name": zone.Name, "enabled": zone.Enabled, "kind": zone.Kind, "logins": zone.Logins,
		"invalid": zone.InvalidMessage, "expired": zone.ExpiredMessage, "key": sealed, "now": t.now,
		"url": zone.Login.URL, "user": zone.Login.UserField, "password": zone.Login.PasswordField,
	})
}

// setWays replaces a zone's ways. Each leads to one zone.
func (t *tx) setWays(ctx context.Context, row zoneRow, ways []wire.Way) error {
	if _, err := t.Exec(ctx, `delete from zone_ways where zone_id = @zone`, pgx.NamedArgs{"zone": row.ID}); err != nil {
		return err
	}
	for _, way := range ways {
		if len(way.SSID) > 32 || !plain(way.SSID) {
			return visit.Invalid("ways", "A network's name has at most 32 octets (IEEE 802.11).")
		}
		// One to a deleted zone, or from a NAS that another site had, is in nobody's way.
		const insert = `insert into zone_ways (nas_id, ssid, zone_id)
			select n.id, @ssid, @zone from nases n where n.id = @nas and n.site_id = @site and n.deleted_at is null`
		n, err := exec(ctx, t, insert, pgx.NamedArgs{"nas": way.NASID, "ssid": way.SSID, "zone": row.ID, "site": row.SiteID})
		if errors.Is(orMissing(err, visit.ErrNASNotFound), visit.ErrNASNotFound) || err == nil && n == 0 {
			return visit.Invalid("ways", "One leads from a NAS that this site does not have.")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// UpdateZone changes a zone. Where that ends codes it returns what Retire is to be
// said to. It returns what CreateZone returns, and ErrZoneNotFound.
func (s *Store) UpdateZone(ctx context.Context, by Caller, site visit.SiteID, id roll.ZoneID, change ZoneChange) (zone Zone, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockZone(ctx, by.Scope, site, id)
		if err != nil {
			return err
		}
		fields, err := t.changeZone(ctx, by, &row, change)
		if err != nil {
			return err
		}
		if len(fields) > 0 {
			t.follow(site, ledgerZone, string(id))
			t.audit(site, by.Actor, "zone.changed", zonePlace(id), map[string]any{"fields": strings.Join(fields, ",")})
		}
		zone, err = s.wholeZone(ctx, t, row)
		return err
	})
	return zone, err
}

func (t *tx) changeZone(ctx context.Context, by Caller, row *zoneRow, change ZoneChange) ([]string, error) {
	zone := row.zone()
	var fields []string
	take(&fields, "name", &zone.Name, change.Name)
	take(&fields, "enabled", &zone.Enabled, change.Enabled)
	take(&fields, "logins", &zone.Logins, change.Logins)
	take(&fields, "invalid_message", &zone.InvalidMessage, change.InvalidMessage)
	take(&fields, "expired_message", &zone.ExpiredMessage, change.ExpiredMessage)
	take(&fields, "login_url", &zone.Login.URL, change.LoginURL)
	take(&fields, "login_user_field", &zone.Login.UserField, change.UserField)
	take(&fields, "login_password_field", &zone.Login.PasswordField, change.PasswordField)
	zone.defaults()
	zone.Ways = change.Ways
	if err := zone.validate(); err != nil {
		return nil, err
	}
	if change.Ways != nil {
		fields = append(fields, "ways")
		if err := t.setWays(ctx, *row, change.Ways); err != nil {
			return nil, err
		}
	}
	if change.Series != nil {
		changed, err := t.replaceSeries(ctx, by, *row, change)
		if err != nil {
			return nil, err
		}
		fields = append(fields, changed...)
	}
	if len(fields) == 0 {
		return nil, nil
	}
	const update = `update zones as v set name = @name, enabled = @enabled, logins = @logins, invalid_message = @invalid, expired_message = @expired,
		login_url = @url, login_user_field = @user, login_password_field = @password, updated_at = @now where v.id = @id returning ` + zoneColumns
	var err error
	*row, err = one[zoneRow](ctx, t, ErrZoneNotFound, update, pgx.NamedArgs{
		"id": row.ID, "name": zone.Name, "enabled": zone.Enabled, "logins": zone.Logins,
		"invalid": zone.InvalidMessage, "expired": zone.ExpiredMessage, "now": t.now,
		"url": zone.Login.URL, "user": zone.Login.UserField, "password": zone.Login.PasswordField,
	})
	return fields, err
}

// DeleteZone ends all codes of a zone at once, those in use as well. It returns
// ErrZoneNotFound.
func (s *Store) DeleteZone(ctx context.Context, by Caller, site visit.SiteID, id roll.ZoneID) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockZone(ctx, by.Scope, site, id)
		if err != nil {
			return err
		}
		generations, err := generationsOf(ctx, t, id)
		if err != nil {
			return err
		}
		// Also those that were to run on: what follows reaches nobody in them.
		if err := t.retire(ctx, by.Actor, row, generations, false); err != nil {
			return err
		}
		if _, err := t.Exec(ctx, `delete from zone_ways where zone_id = @id`, pgx.NamedArgs{"id": id}); err != nil {
			return err
		}
		if _, err := t.Exec(ctx, `update zones set deleted_at = @now, updated_at = @now, enabled = false where id = @id`, pgx.NamedArgs{"id": id, "now": t.now}); err != nil {
			return err
		}
		t.follow(site, ledgerZone, string(id))
		t.audit(site, by.Actor, "zone.deleted", zonePlace(id), map[string]any{"rolls": len(generations)})
		return nil
	})
}

// PreviewZone counts what a change of a zone would end. It returns ErrZoneNotFound
// and KindInvalid.
func (s *Store) PreviewZone(ctx context.Context, scope Scope, site visit.SiteID, id roll.ZoneID, change ZoneChange) (impact Impact, err error) {
	err = s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		impact = Impact{}
		row, err := findZone(ctx, q, scope, site, id)
		if err != nil || change.Series == nil {
			return err
		}
		current, next, err := s.nextSeries(ctx, q, row, *change.Series)
		if err != nil || next == nil {
			return err
		}
		impact, err = s.impactOfSeries(ctx, q, row, current)
		return err
	})
	return impact, err
}

// DeleteZoneImpact counts what deleting a zone would end, or ErrZoneNotFound.
func (s *Store) DeleteZoneImpact(ctx context.Context, scope Scope, site visit.SiteID, id roll.ZoneID) (impact Impact, err error) {
	err = s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		if _, err := findZone(ctx, q, scope, site, id); err != nil {
			return err
		}
		generations, err := generationsOf(ctx, q, id)
		if err != nil {
			return err
		}
		impact, err = s.impactOf(ctx, q, slices.DeleteFunc(generations, func(g generation) bool { return g.RetiredAt != nil && !g.RunsOn }))
		return err
	})
	return impact, err
}
