package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// mailRow is the column sites.mail.
type mailRow struct {
	SenderName         string                  `json:"sender_name,omitempty"`
	ReplyTo            string                  `json:"reply_to,omitempty"`
	Language           string                  `json:"language,omitempty"`
	Kinds              map[visit.MailKind]bool `json:"kinds,omitempty"`
	Operators          []string                `json:"operators,omitempty"`
	LeavingSoonMinutes int                     `json:"leaving_soon_minutes,omitempty"`
	ExtendMinutes      int                     `json:"extend_minutes,omitempty"`
}

func (r mailRow) settings() visit.MailSettings {
	return visit.MailSettings{
		SenderName: r.SenderName, ReplyTo: r.ReplyTo, Language: r.Language, Kinds: r.Kinds, Operators: r.Operators,
		LeavingSoonFor: time.Duration(r.LeavingSoonMinutes) * time.Minute, ExtendFor: time.Duration(r.ExtendMinutes) * time.Minute,
	}
}

func mailRowOf(s visit.MailSettings) mailRow {
	return mailRow{
		SenderName: s.SenderName, ReplyTo: s.ReplyTo, Language: s.Language, Kinds: s.Kinds, Operators: s.Operators,
		LeavingSoonMinutes: int(s.LeavingSoonFor / time.Minute), ExtendMinutes: int(s.ExtendFor / time.Minute),
	}
}

// mailSettingsOf reads the column; what does not parse was not written by us, and
// is as good as no settings.
func mailSettingsOf(column []byte) visit.MailSettings {
	var row mailRow
	if err := json.Unmarshal(column, &row); err != nil {
		return visit.MailSettings{}
	}
	return row.settings()
}

// MailSettings returns a site's settings, or ErrSiteNotFound.
func (s *Store) MailSettings(ctx context.Context, scope Scope, site visit.SiteID) (visit.MailSettings, error) {
	var settings visit.MailSettings
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		settings, err = findMail(ctx, q, scope, site, "")
		return err
	})
	return settings, err
}

func findMail(ctx context.Context, q db, scope Scope, site visit.SiteID, lock string) (visit.MailSettings, error) {
	type row struct{ Mail []byte }
	find := `select v.mail from sites v where v.id = @id and ` + siteInScope + lock
	found, err := one[row](ctx, q, visit.ErrSiteNotFound, find, scope.args(pgx.NamedArgs{"id": site}))
	return mailSettingsOf(found.Mail), err
}

// SetMailSettings replaces a site's settings. The audit names what differs; values
// are not in it, because some are addresses.
func (s *Store) SetMailSettings(ctx context.Context, by Caller, site visit.SiteID, settings visit.MailSettings) (visit.MailSettings, error) {
	settings.SenderName, settings.ReplyTo = strings.TrimSpace(settings.SenderName), strings.TrimSpace(settings.ReplyTo)
	if err := settings.Validate(); err != nil {
		return settings, err
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		old, err := findMail(ctx, t, by.Scope, site, " for no key update")
		if err != nil {
			return err
		}
		fields := mailChanges(old, settings)
		if len(fields) == 0 {
			return nil
		}
		t.audit(site, by.Actor, "site.mail_changed", "site:"+string(site), map[string]any{"fields": strings.Join(fields, ",")})
		_, err = t.Exec(ctx, `update sites set mail = @mail, updated_at = @now where id = @id`,
			pgx.NamedArgs{"id": site, "mail": mailRowOf(settings), "now": t.now})
		return err
	})
	return settings, err
}

func mailChanges(a, b visit.MailSettings) (fields []string) {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"sender_name", a.SenderName == b.SenderName}, {"reply_to", a.ReplyTo == b.ReplyTo}, {"language", a.Language == b.Language},
		{"kinds", maps.Equal(a.Kinds, b.Kinds)}, {"operators", slices.Equal(a.Operators, b.Operators)},
		{"leaving_soon_minutes", a.LeavingSoonFor == b.LeavingSoonFor}, {"extend_minutes", a.ExtendFor == b.ExtendFor},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// CountMail counts a mail to a recipient, known by a keyed hash, in the present
// hour. It returns how many there are with this one, or ok false, counting
// nothing, when there are limit already; either way when the hour ends.
func (s *Store) CountMail(ctx context.Context, recipient []byte, limit int) (n int, until time.Time, ok bool, err error) {
	const add = `insert into mail_rates as r (recipient_hash, hour, count) values (@recipient, @hour, 1)
		on conflict (recipient_hash, hour) do update set count = r.count + 1 where r.count < @limit returning count`
	hour := s.now().Truncate(time.Hour)
	err = s.once(ctx, func(ctx context.Context, q db) error {
		counts, err := scalars[int](ctx, q, add, pgx.NamedArgs{"recipient": recipient, "hour": hour, "limit": limit})
		if ok = len(counts) == 1; ok {
			n = counts[0]
		}
		return err
	})
	return n, hour.Add(time.Hour), ok, err
}

// UncountMail takes back a count: the mail was not sent.
func (s *Store) UncountMail(ctx context.Context, recipient []byte) error {
	return s.once(ctx, func(ctx context.Context, q db) error {
		_, err := exec(ctx, q, `update mail_rates set count = count - 1 where recipient_hash = @recipient and hour = @hour and count > 0`,
			pgx.NamedArgs{"recipient": recipient, "hour": s.now().Truncate(time.Hour)})
		return err
	})
}

// mailRatesKeptFor: only the present hour is ever asked for.
const mailRatesKeptFor = 2 * time.Hour

// PruneMail forgets counts of hours that are over, SMS codes a day after they
// expired, and what SMS cost after thirteen months. It returns how many rows.
func (s *Store) PruneMail(ctx context.Context) (int, error) {
	var pruned int64
	err := s.query(ctx, func(ctx context.Context, q db) error {
		now := s.now()
		for _, statement := range []string{
			`delete from mail_rates where hour < @rates`,
			`delete from sms_codes where expires_at < @codes`,
			`delete from sms_spend where day < @spend`,
		} {
			n, err := exec(ctx, q, statement, pgx.NamedArgs{
				"rates": now.Add(-mailRatesKeptFor), "codes": now.Add(-smsCodesKeptFor), "spend": now.AddDate(0, -13, 0),
			})
			if err != nil {
				return err
			}
			pruned += n
		}
		return nil
	})
	return int(pruned), err
}

// ErrNoEmail means that a visitor has no address to send to.
var ErrNoEmail = visit.Errorf(visit.KindConflict, "no_email", "The visitor has no e-mail address.")

// MailAsked is the outcome of AskCredentialsMail.
type MailAsked struct {
	VisitOutcome
	Delivery visit.DeliveryID
}

// AskCredentialsMail has a running visit's credentials mailed to the visitor: the
// event gives rise to the mail, whose delivery stands in the visit's list at once, and
// the password is read when that is sent. It returns ErrNotCheckedIn, ErrVoucherWiped
// after the end, and ErrNoEmail.
func (s *Store) AskCredentialsMail(ctx context.Context, by Caller, id visit.VisitID) (MailAsked, error) {
	var delivery visit.DeliveryID
	out, err := s.onVisit(ctx, by, id, func(ctx context.Context, t *tx, row *visitRow) (bool, error) {
		switch {
		case row.Status.Ended() || row.CheckOutRequestedAt != nil:
			return false, visit.ErrVoucherWiped
		case row.Status != visit.CheckedIn:
			return false, visit.ErrNotCheckedIn
		case row.Email == "":
			return false, ErrNoEmail
		}
		event := row.event(visit.EventCredentialsAsked, by.Actor, nil)
		var err error
		if event.ID, err = t.recordNamed(event); err != nil {
			return false, err
		}
		made, err := t.insertDeliveries(ctx, []planned{{event: event, target: credentialsMail, due: t.now}})
		delivery = first(made)
		return true, err
	})
	if err == nil && out.Replayed {
		delivery, err = s.mailAskedAt(ctx, id, out.FirstAt)
	}
	return MailAsked{VisitOutcome: out, Delivery: delivery}, err
}

var credentialsMail = visit.MailTarget(string(visit.MailCredentials))

// mailAskedAt is the delivery that the request of that instant made.
func (s *Store) mailAskedAt(ctx context.Context, id visit.VisitID, at time.Time) (visit.DeliveryID, error) {
	var found []visit.DeliveryID
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const find = `select id from deliveries where visit_id = @visit and target = @target and created_at = @at`
		found, err = scalars[visit.DeliveryID](ctx, q, find, pgx.NamedArgs{"visit": id, "target": credentialsMail, "at": at})
		return err
	})
	return first(found), err
}

// actorMail is who reads a password to mail it.
const actorMail = "system:mail"

// MailCredentials returns the credentials for a delivery to carry. That they leave
// is recorded before they do, once a delivery. It returns what Credentials does.
func (s *Store) MailCredentials(ctx context.Context, id visit.VisitID, delivery visit.DeliveryID) (visit.Credentials, visit.Voucher, error) {
	var credentials visit.Credentials
	var voucher visit.Voucher
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockVisit(ctx, Everything, id)
		if err != nil {
			return err
		}
		found, err := latestVoucher(ctx, t, id)
		if err != nil {
			return err
		}
		if found.RevokedAt != nil {
			return visit.ErrVoucherWiped
		}
		voucher = found.voucher()
		if credentials, err = s.open(found); err != nil {
			return err
		}
		const recorded = `select true from events where visit_id = @visit and kind = @kind and data ->> 'delivery_id' = @delivery`
		already, err := scalars[bool](ctx, t, recorded, pgx.NamedArgs{"visit": id, "kind": visit.EventCredentialsSent, "delivery": delivery})
		if err != nil || len(already) > 0 {
			return err
		}
		return t.record(row.event(visit.EventCredentialsSent, actorMail, map[string]any{"voucher_id": found.ID, "delivery_id": string(delivery)}))
	})
	if err != nil {
		return visit.Credentials{}, visit.Voucher{}, err
	}
	return credentials, voucher, nil
}

// AgentLink is how an agent's link stands.
type AgentLink struct {
	Name           string
	Connected      bool
	Withdrawn      bool
	DisconnectedAt *time.Time
}

// AgentLink returns it, or ErrAgentNotFound.
func (s *Store) AgentLink(ctx context.Context, id visit.AgentID) (AgentLink, error) {
	var link AgentLink
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		link, err = one[AgentLink](ctx, q, visit.ErrAgentNotFound, `select name, hub is not null as connected,
			withdrawn_at is not null as withdrawn, disconnected_at from agents where id = @id`, pgx.NamedArgs{"id": id})
		return err
	})
	return link, err
}

type leaving struct {
	ID        visit.VisitID
	Departure time.Time
}

// LeavingSoon announces departures that are within their site's lead, at most
// limit, once each: a departure that is moved is announced again. A visit that is
// shorter than the lead is not announced. It returns how many it announced.
func (s *Store) LeavingSoon(ctx context.Context, limit int) (int, error) {
	var due []leaving
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		due, err = all[leaving](ctx, q, leavingSoon, pgx.NamedArgs{
			"now": s.now(), "default": int(visit.DefaultLeavingSoonFor / time.Minute), "limit": limit,
		})
		return err
	})
	if err != nil {
		return 0, err
	}
	return countEach(due, func(v leaving) (bool, error) { return s.announceLeaving(ctx, v) })
}

// leavingSoon reads the departures within the longest lead of any site along their
// index, and of those the ones within their own site's.
const leavingSoon = `select v.id, v.expected_departure as departure
	from visits v join sites s on s.id = v.site_id
	cross join lateral (select coalesce((s.mail ->> 'leaving_soon_minutes')::int, @default) * interval '1 min' as lead) l
	where v.status = 'checked_in' and v.leaving_soon_at is null and v.check_out_requested_at is null
		and v.expected_departure > @now::timestamptz
		and v.expected_departure <= @now::timestamptz +
			(select max(coalesce((mail ->> 'leaving_soon_minutes')::int, @default)) from sites) * interval '1 min'
		and v.expected_departure <= @now::timestamptz + l.lead
		and v.checked_in_at < v.expected_departure - l.lead
	order by v.expected_departure limit @limit`

func (s *Store) announceLeaving(ctx context.Context, v leaving) (announced bool, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		announced = false
		row, err := t.lockVisit(ctx, Everything, v.ID)
		if errors.Is(err, visit.ErrVisitNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		const mark = `update visits set leaving_soon_at = @now where id = @id and status = 'checked_in' and leaving_soon_at is null
			and check_out_requested_at is null and expected_departure = @departure`
		n, err := exec(ctx, t, mark, pgx.NamedArgs{"id": v.ID, "departure": v.Departure, "now": t.now})
		if announced = n == 1; err != nil || !announced {
			return err
		}
		return t.record(row.event(visit.EventLeavingSoon, visit.ActorSweeper, map[string]any{"expected_departure": row.ExpectedDeparture}))
	})
	if err != nil {
		return false, fmt.Errorf("visit %s: %w", v.ID, err)
	}
	return announced, nil
}
