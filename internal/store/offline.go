package store

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

type offlineRow struct {
	Enabled   bool           `db:"enabled"`
	Networks  []netip.Prefix `db:"networks"`
	Listen    string         `db:"listen"`
	PINSealed []byte         `db:"pin_sealed"`
	UpdatedAt time.Time      `db:"updated_at"`
}

func (r offlineRow) list() visit.OfflineList {
	return visit.OfflineList{Enabled: r.Enabled, Networks: r.Networks, Listen: r.Listen, PINSet: len(r.PINSealed) > 0, UpdatedAt: &r.UpdatedAt}
}

func pinPlace(site visit.SiteID) string { return "offline-pin:" + string(site) }

// OfflineList returns how a site's agents show who is in the building, without the
// PIN. It returns ErrSiteNotFound.
func (s *Store) OfflineList(ctx context.Context, scope Scope, site visit.SiteID) (visit.OfflineList, error) {
	var list visit.OfflineList
	err := s.query(ctx, func(ctx context.Context, q db) error {
		if err := wholeSite(ctx, q, scope, site); err != nil {
			return err
		}
		row, err := findOffline(ctx, q, site)
		list = row.list()
		return err
	})
	return list, err
}

// errNoOffline: nobody has said anything about the site's list.
var errNoOffline = errors.New("no row")

func findOffline(ctx context.Context, q db, site visit.SiteID) (offlineRow, error) {
	const find = `select enabled, networks, listen, pin_sealed, updated_at from offline_lists where site_id = @site`
	row, err := one[offlineRow](ctx, q, errNoOffline, find, pgx.NamedArgs{"site": site})
	if errors.Is(err, errNoOffline) {
		return offlineRow{Networks: []netip.Prefix{}, Listen: visit.DefaultOfflineListen}, nil
	}
	return row, err
}

// SetOfflineList replaces the settings. pinHash is of a new PIN, or empty to keep the
// one there is. The site's agents hear of it at once, and by it of a list that they
// must no longer have. It returns KindInvalid errors that name a field, and
// ErrSiteNotFound.
func (s *Store) SetOfflineList(ctx context.Context, by Caller, site visit.SiteID, list visit.OfflineList, pinHash string) (visit.OfflineList, error) {
	list.Listen = cmp.Or(strings.TrimSpace(list.Listen), visit.DefaultOfflineListen)
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.lockSite(ctx, by.Scope, site); err != nil {
			return err
		}
		old, err := findOffline(ctx, t, site)
		if err != nil {
			return err
		}
		row := offlineRow{Enabled: list.Enabled, Networks: list.Networks, Listen: list.Listen, PINSealed: old.PINSealed, UpdatedAt: t.now}
		if pinHash != "" {
			if row.PINSealed, err = s.keyring.Seal([]byte(pinHash), pinPlace(site)); err != nil {
				return err
			}
		}
		list = row.list()
		if err := list.Validate(); err != nil {
			return err
		}
		return t.saveOffline(ctx, by, site, old, row)
	})
	return list, err
}

func (t *tx) saveOffline(ctx context.Context, by Caller, site visit.SiteID, old, row offlineRow) error {
	fields := offlineChanges(old, row)
	if len(fields) == 0 {
		return nil
	}
	body := map[string]any{"fields": strings.Join(fields, ","), "enabled": row.Enabled}
	t.audit(site, by.Actor, "site.offline_list_changed", "site:"+string(site), body)
	t.notify(NotifyLedger, site, "") // wakes the links
	const save = `insert into offline_lists (site_id, enabled, networks, listen, pin_sealed, updated_at)
		values (@site, @enabled, @networks, @listen, @pin, @now)
		on conflict (site_id) do update set enabled = @enabled, networks = @networks, listen = @listen, pin_sealed = @pin, updated_at = @now`
	_, err := t.Exec(ctx, save, pgx.NamedArgs{
		"site": site, "enabled": row.Enabled, "networks": row.Networks, "listen": row.Listen, "pin": row.PINSealed, "now": t.now,
	})
	return err
}

func offlineChanges(a, b offlineRow) (fields []string) {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"enabled", a.Enabled == b.Enabled}, {"networks", slices.Equal(a.Networks, b.Networks)},
		{"listen", a.Listen == b.Listen}, {"pin", slices.Equal(a.PINSealed, b.PINSealed)},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// Presence is what a site's agents show of who is in the building.
type Presence struct {
	Mark     int64                  // as PresenceMark's
	Settings *wire.PresenceSettings // nil: they show nothing
	People   []wire.PresentPerson
}

// PresenceMark returns a number that is another one whenever what Presence returns
// may be: whatever changes somebody's presence or name, or the settings, writes a row
// of the site's audit chain. It is 0 where agents show no list.
func (s *Store) PresenceMark(ctx context.Context, site visit.SiteID) (int64, error) {
	var mark int64
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		mark, err = presenceMark(ctx, q, site)
		return err
	})
	return mark, err
}

func presenceMark(ctx context.Context, q db, site visit.SiteID) (int64, error) {
	const find = `select h.audit_seq from offline_lists o join site_heads h using (site_id) where o.site_id = @site and o.enabled`
	marks, err := scalars[int64](ctx, q, find, pgx.NamedArgs{"site": site})
	if err != nil || len(marks) == 0 {
		return 0, err
	}
	return marks[0], nil
}

// Presence returns the list with its settings, as of one state of the database.
// Names alone are read: what is not there cannot be shown.
func (s *Store) Presence(ctx context.Context, site visit.SiteID) (Presence, error) {
	var out Presence
	err := s.view(ctx, func(ctx context.Context, q pgx.Tx) (err error) {
		out = Presence{}
		if out.Mark, err = presenceMark(ctx, q, site); err != nil || out.Mark == 0 {
			return err
		}
		if out.Settings, err = s.presenceSettings(ctx, q, site); err != nil || out.Settings == nil {
			return err
		}
		out.People, err = presentPeople(ctx, q, site)
		return err
	})
	return out, err
}

// presenceSettings are nil where the PIN cannot be opened any more: nothing is shown
// then until somebody sets another.
func (s *Store) presenceSettings(ctx context.Context, q db, site visit.SiteID) (*wire.PresenceSettings, error) {
	row, err := findOffline(ctx, q, site)
	if err != nil {
		return nil, err
	}
	place, err := findSite(ctx, q, Everything, site)
	if err != nil {
		return nil, err
	}
	pin, err := s.keyring.Open(row.PINSealed, pinPlace(site))
	if err != nil {
		s.log.Error("PIN of a site's offline list cannot be opened", "site_id", site, "error", err)
		return nil, nil
	}
	return &wire.PresenceSettings{Site: place.Name, Timezone: place.Timezone, Listen: row.Listen, Networks: row.Networks, PINHash: string(pin)}, nil
}

func presentPeople(ctx context.Context, q db, site visit.SiteID) ([]wire.PresentPerson, error) {
	type present struct {
		Last, First string
		Overdue     bool
	}
	const list = `select visitor_last_name as last, visitor_first_name as first, status = 'expired' as overdue
		from visits where site_id = @site and presence in ('in', 'unconfirmed')
		order by lower(visitor_last_name), lower(visitor_first_name), id`
	rows, err := all[present](ctx, q, list, pgx.NamedArgs{"site": site})
	people := make([]wire.PresentPerson, len(rows))
	for i, r := range rows {
		people[i] = wire.PresentPerson{Name: strings.Trim(strings.TrimSpace(r.Last)+", "+strings.TrimSpace(r.First), ", "), Overdue: r.Overdue}
	}
	return people, err
}

// presenceOpened writes that the list was opened at the agent, and how often a wrong
// PIN was tried. The row's own instant is when the report came in; at is when it
// happened.
func (r *report) presenceOpened(record wire.Record) {
	opened := *record.Presence
	body := map[string]any{"at": micro(record.At).UTC().Format(time.RFC3339)}
	if opened.Opened > 0 {
		body["opened"] = opened.Opened
	}
	if opened.Refused > 0 {
		body["refused"] = opened.Refused
	}
	r.audit(r.site, "agent:"+string(r.agent), "presence.opened", "agent:"+string(r.agent), body)
}
