package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// NewRegistration is somebody at a portal who is to prove an address or a number, or
// whom a sponsor is to let in. It is personal data.
type NewRegistration struct {
	SiteID   visit.SiteID
	PortalID identity.PortalID
	Method   identity.Method // email, sms or sponsor
	Arrival  gate.Arrival
	Login    string // normalised: what is proven, or whom the sponsor vouches for
	Visitor  visit.Visitor
	Language string
	Consents []string // ids of texts that the guest agreed to
	Sponsor  string   // an address; of method sponsor
}

// Registration is one as it stands. It outlives the browser it was begun in: a device
// comes upon it again by its id, or by its MAC address at the portal.
type Registration struct {
	NewRegistration
	ID        identity.RegistrationID
	Status    identity.RegistrationStatus // by the clock
	ProfileID identity.ProfileID          // that the sponsor chose
	Tries     int                         // of the present code
	Sends     int
	SentAt    time.Time
	AccountID visit.PersonID // of the grace, then of what it led to
	AccessID  roll.AccessID
	ExpiresAt time.Time
	DecidedAt *time.Time
	CreatedAt time.Time
}

// Sending is what the rules of sending again ask.
func (r Registration) Sending() identity.Sending {
	return identity.Sending{Method: r.Method, Tries: r.Tries, Sends: r.Sends, SentAt: r.SentAt, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt}
}

// Most registrations that are begun in an hour. They are counted in the database, so
// that they hold for all servers; those by network address are the API's.
const (
	registrationsPerLogin   = 5
	registrationsPerSponsor = 10
	registrationsPerDevice  = 10
	registrationsPerSite    = 1000
	registrationsFor        = time.Hour
)

// Refusals of registrations. None depends on who is known here.
var (
	ErrRegistrationNotFound = visit.Errorf(visit.KindNotFound, "registration_not_found", "There is no such request.")
	ErrRegistrationOver     = visit.Errorf(visit.KindGone, "registration_over", "This request has ended. Begin again.")
	ErrRegistrationCode     = visit.Errorf(visit.KindForbidden, "registration_code_wrong", "This code is not right.")
	ErrRegistrationTries    = visit.Errorf(visit.KindForbidden, "registration_code_tries", "This code was tried too often. Have another one sent.")
	ErrRegistrationLimit    = visit.Errorf(visit.KindLimited, "registration_limit", "There were many requests like this one. Come back later.")
	ErrRegistrationSoon     = visit.Errorf(visit.KindLimited, "registration_too_soon", "It was just sent. Wait a moment.")
	ErrRegistrationSends    = visit.Errorf(visit.KindLimited, "registration_sends", "It was sent several times already.")
)

type registrationRow struct {
	ID            identity.RegistrationID     `db:"id"`
	SiteID        visit.SiteID                `db:"site_id"`
	PortalID      identity.PortalID           `db:"portal_id"`
	Method        identity.Method             `db:"method"`
	Status        identity.RegistrationStatus `db:"status"`
	ArrivalSealed []byte                      `db:"arrival_sealed"`
	Login         string                      `db:"login"`
	FirstName     string                      `db:"first_name"`
	LastName      string                      `db:"last_name"`
	Email         string                      `db:"email"`
	Phone         string                      `db:"phone"`
	Company       string                      `db:"company"`
	Language      string                      `db:"language"`
	Consents      []string                    `db:"consents"`
	Sponsor       string                      `db:"sponsor"`
	ProfileID     *identity.ProfileID         `db:"profile_id"`
	CodeSealed    []byte                      `db:"code_sealed"`
	Tries         int                         `db:"tries"`
	Sends         int                         `db:"sends"`
	SentAt        *time.Time                  `db:"sent_at"`
	PersonID      *visit.PersonID             `db:"person_id"`
	AccessID      *roll.AccessID              `db:"access_id"`
	ExpiresAt     time.Time                   `db:"expires_at"`
	DecidedAt     *time.Time                  `db:"decided_at"`
	CreatedAt     time.Time                   `db:"created_at"`
}

func (r registrationRow) now(at time.Time) identity.RegistrationStatus {
	return r.Status.StatusNow(r.ExpiresAt, at)
}

const registrationColumns = `g.id, g.site_id, g.portal_id, g.method, g.status, g.arrival_sealed, g.login, g.first_name, g.last_name, g.email, g.phone,
	g.company, g.language, g.consents::text[] as consents, g.sponsor, g.profile_id, g.code_sealed, g.tries, g.sends, g.sent_at, g.person_id, g.access_id,
	g.expires_at, g.decided_at, g.created_at`

func registrationPlace(id identity.RegistrationID) string { return "registration:" + string(id) }

// registration opens what is sealed. now decides what has expired.
func (s *Store) registration(row registrationRow, now time.Time) (Registration, error) {
	r := Registration{
		NewRegistration: NewRegistration{
			SiteID: row.SiteID, PortalID: row.PortalID, Method: row.Method, Login: row.Login,
			Visitor:  visit.Visitor{FirstName: row.FirstName, LastName: row.LastName, Email: row.Email, Phone: row.Phone, Company: row.Company},
			Language: row.Language, Consents: row.Consents, Sponsor: row.Sponsor,
		},
		ID: row.ID, Status: row.now(now), ProfileID: value(row.ProfileID), Tries: row.Tries, Sends: row.Sends,
		SentAt: value(row.SentAt), AccountID: value(row.PersonID), AccessID: value(row.AccessID),
		ExpiresAt: row.ExpiresAt, DecidedAt: row.DecidedAt, CreatedAt: row.CreatedAt,
	}
	text, err := s.keyring.Open(row.ArrivalSealed, registrationPlace(row.ID)+" arrival")
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r.Arrival)
}

// Registration returns one by its id, or ErrRegistrationNotFound.
func (s *Store) Registration(ctx context.Context, id identity.RegistrationID) (r Registration, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		row, err := one[registrationRow](ctx, q, ErrRegistrationNotFound, `select `+registrationColumns+` from registrations g where g.id = @id`, pgx.NamedArgs{"id": id})
		if err == nil {
			r, err = s.registration(row, s.now())
		}
		return err
	})
	return r, err
}

// RegistrationAt returns what a device left at a portal since something came of one: its
// last registration, where that waits or was refused within its time, or one that was
// approved. A device without a MAC address has none.
func (s *Store) RegistrationAt(ctx context.Context, portal identity.PortalID, mac string) (found *Registration, err error) {
	if mac == "" {
		return nil, nil
	}
	const find = `select ` + registrationColumns + ` from registrations g
		where g.portal_id = @portal and g.mac = @mac and g.mac <> '' and g.status in ('waiting', 'approved', 'denied') and g.expires_at > @now
			and not exists (select from registrations d where d.portal_id = @portal and d.mac = @mac and d.mac <> '' and d.status = 'done' and d.id > g.id)
		order by g.status = 'approved' desc, g.id desc limit 1`
	err = s.query(ctx, func(ctx context.Context, q db) error {
		found = nil
		now := s.now()
		rows, err := all[registrationRow](ctx, q, find, pgx.NamedArgs{"portal": portal, "mac": mac, "now": now})
		if err != nil || len(rows) == 0 {
			return err
		}
		r, err := s.registration(rows[0], now)
		found = &r
		return err
	})
	return found, err
}

// BeginRegistration stores what a guest asks for, and has the mail sent that belongs to
// it; a text message is the caller's. What the device asked for before stays, unless it
// was refused: the device may only be claimed, and who has that registration's address
// goes on there. It takes the same steps whether the login is known here or not. It
// returns ErrRegistrationLimit.
func (s *Store) BeginRegistration(ctx context.Context, n NewRegistration) (r Registration, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.registrationsWithin(ctx, n); err != nil {
			return err
		}
		const earlier = `g.portal_id = @portal and g.mac = @mac and g.mac <> '' and g.status = 'denied'`
		if err := t.cancelRegistrations(ctx, earlier, pgx.NamedArgs{"portal": n.PortalID, "mac": n.Arrival.MAC}); err != nil {
			return err
		}
		row, err := t.insertRegistration(ctx, n)
		if err != nil {
			return err
		}
		if r, err = s.registration(row, t.now); err != nil {
			return err
		}
		return t.registrationAsked(row)
	})
	return r, err
}

// mailbox is where mail to an address comes to: what stands behind a plus makes no
// other (RFC 5233), and whoever makes one up after another fills a single one.
func mailbox(address string) string {
	local, domain, found := strings.Cut(address, "@")
	if local, _, tagged := strings.Cut(local, "+"); found && tagged && local != "" {
		return local + "@" + domain
	}
	return address
}

// mailboxOf is mailbox in SQL, of a column.
const mailboxOf = `regexp_replace(%s, '^([^+@]+)[+][^@]*@', '\1@')`

// registrationsWithin counts those of the last hour. Requests for one login or one
// sponsor take turns, so that many at once are not more than many after another. The
// site's own are few enough to look at the mailboxes of all.
func (t *tx) registrationsWithin(ctx context.Context, n NewRegistration) error {
	turns := []string{"registration " + mailbox(n.Login), "registration " + mailbox(n.Sponsor)}
	slices.Sort(turns)
	for _, name := range turns {
		if _, err := t.Exec(ctx, `select pg_advisory_xact_lock(@class, hashtext(@name))`, pgx.NamedArgs{"class": leaseClass, "name": name}); err != nil {
			return err
		}
	}
	type row struct{ Login, Sponsor, LoginBox, SponsorBox, Device, Site int }
	count := `select
			(select count(*) from registrations where login = @login and created_at > @since) as login,
			(select count(*) from registrations where sponsor = @sponsor and sponsor <> '' and created_at > @since) as sponsor,
			count(*) filter (where ` + fmt.Sprintf(mailboxOf, "login") + ` = @login_box) as login_box,
			count(*) filter (where sponsor <> '' and ` + fmt.Sprintf(mailboxOf, "sponsor") + ` = @sponsor_box) as sponsor_box,
			count(*) filter (where mac = @mac and mac <> '') as device, count(*) as site
		from registrations where site_id = @site and created_at > @since`
	made, err := one[row](ctx, t, ErrRegistrationNotFound, count, pgx.NamedArgs{
		"login": n.Login, "sponsor": n.Sponsor, "login_box": mailbox(n.Login), "sponsor_box": mailbox(n.Sponsor), "mac": n.Arrival.MAC, "site": n.SiteID, "since": t.now.Add(-registrationsFor),
	})
	switch {
	case err != nil:
		return err
	case max(made.Login, made.LoginBox) >= registrationsPerLogin, max(made.Sponsor, made.SponsorBox) >= registrationsPerSponsor, made.Device >= registrationsPerDevice, made.Site >= registrationsPerSite:
		return ErrRegistrationLimit
	}
	return nil
}

func (t *tx) insertRegistration(ctx context.Context, n NewRegistration) (row registrationRow, err error) {
	id, err := t.s.newID()
	if err != nil {
		return row, err
	}
	text, err := json.Marshal(n.Arrival)
	if err != nil {
		return row, err
	}
	arrival, err := t.s.keyring.Seal(text, registrationPlace(identity.RegistrationID(id))+" arrival")
	if err != nil {
		return row, err
	}
	code, err := t.newRegistrationCode(identity.RegistrationID(id), n.Method)
	if err != nil {
		return row, err
	}
	const insert = `insert into registrations as g (id, site_id, portal_id, method, status, arrival_sealed, mac, login, first_name, last_name, email, phone,
			company, language, consents, sponsor, code_sealed, sends, sent_at, expires_at, created_at)
		values (@id, @site, @portal, @method, 'waiting', @arrival, @mac, @login, @first, @last, @email, @phone,
			@company, @language, @consents, @sponsor, @code, 1, @now, @until, @now)
		returning ` + registrationColumns
	v := n.Visitor
	return one[registrationRow](ctx, t, ErrRegistrationNotFound, insert, pgx.NamedArgs{
		"id": id, "site": n.SiteID, "portal": n.PortalID, "method": n.Method, "arrival": arrival, "mac": n.Arrival.MAC, "login": n.Login,
		"first": v.FirstName, "last": v.LastName, "email": v.Email, "phone": v.Phone, "company": v.Company,
		"language": n.Language, "consents": texts(n.Consents), "sponsor": strings.ToLower(n.Sponsor), "code": code,
		"now": t.now, "until": identity.Sending{Method: n.Method, CreatedAt: t.now}.GoodUntil(t.now),
	})
}

// newRegistrationCode draws a code and seals it; a sponsor needs none.
func (t *tx) newRegistrationCode(id identity.RegistrationID, method identity.Method) ([]byte, error) {
	if method == identity.MethodSponsor {
		return nil, nil
	}
	code, err := drawDigits(t.s.rand, identity.CodeDigits)
	if err != nil {
		return nil, err
	}
	return t.s.keyring.Seal([]byte(code), registrationPlace(id)+" code")
}

// registrationAsked records that something is to be sent, of which ids alone are said.
func (t *tx) registrationAsked(row registrationRow) error {
	kind := visit.EventCodeRequested
	if row.Method == identity.MethodSponsor {
		kind = visit.EventSponsorAsked
	}
	return t.record(row.event(kind, actorPortal))
}

func (r registrationRow) event(kind visit.EventKind, actor string) visit.Event {
	return visit.Event{Kind: kind, SiteID: r.SiteID, Actor: actor, Data: map[string]any{
		"registration_id": string(r.ID), "portal_id": string(r.PortalID), "method": string(r.Method), "sends": int64(r.Sends),
	}}
}
