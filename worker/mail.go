package worker

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/mail"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Why a mail was not sent, where nothing went wrong.
const (
	skippedOff          = "mail_off"       // the deployment has no mail server
	skippedSwitchedOff  = "switched_off"   // the site does not want this kind
	skippedNoAddress    = "no_address"     // nobody to send it to
	skippedNoLongerTrue = "no_longer_true" // things have moved on
	skippedRateLimited  = "rate_limited"   // worth nothing later, and too many now
	skippedCoalesced    = "coalesced"      // the last alarm said that no more would be mailed
	sentPartly          = "partly"         // some operators' addresses were refused
)

const (
	// recipientHourly bounds what one address gets in an hour. Who gets more than
	// that has a whole event's visitors, or somebody who plays.
	recipientHourly = 30
	// alarmsHourly bounds the alarms of one kind and site; the last one says so.
	alarmsHourly = 6
)

// MailStore is what mails are made of: *store.Store.
type MailStore interface {
	Visit(ctx context.Context, scope store.Scope, id visit.VisitID) (visit.Visit, error)
	Site(ctx context.Context, scope store.Scope, id visit.SiteID) (visit.Site, error)
	MailSettings(ctx context.Context, scope store.Scope, site visit.SiteID) (visit.MailSettings, error)
	MailCredentials(ctx context.Context, id visit.VisitID, delivery visit.DeliveryID) (visit.Credentials, visit.Voucher, error)
	InvitationCode(ctx context.Context, id visit.VisitID) (string, error)
	AgentLink(ctx context.Context, id visit.AgentID) (store.AgentLink, error)
	Webhook(ctx context.Context, scope store.Scope, id visit.WebhookID) (store.Webhook, error)
	User(ctx context.Context, id string) (store.User, error)
	Registration(ctx context.Context, id identity.RegistrationID) (store.Registration, error)
	RegistrationCode(ctx context.Context, id identity.RegistrationID) (string, error)
	CountMail(ctx context.Context, recipient []byte, limit int) (n int, until time.Time, ok bool, err error)
	UncountMail(ctx context.Context, recipient []byte) error
}

// Mails is the courier of mail: what it says is read when it is sent. It is safe
// for concurrent use.
type Mails struct {
	Store     MailStore
	Send      func(ctx context.Context, m mail.Message) error // nil: mail is off
	Writer    mail.Writer
	Operators []string // of the deployment, for sites that name none
	Hash      func(purpose string, data []byte) []byte
	Now       func() time.Time
}

// staleError ends the making of a mail that has nothing to say any more.
type staleError struct{ reason string }

func (e *staleError) Error() string { return e.reason }

var errNoLongerTrue = &staleError{skippedNoLongerTrue}

// Carry implements activities.Courier.
func (m *Mails) Carry(ctx context.Context, d visit.Delivery) (visit.Receipt, error) {
	if m.Send == nil {
		return skipped(skippedOff), nil
	}
	facts, to, err := m.gather(ctx, d)
	if stale, ok := errors.AsType[*staleError](err); ok {
		return skipped(stale.reason), nil
	}
	if err != nil {
		return visit.Receipt{}, err
	}
	if len(to) == 0 {
		return skipped(skippedNoAddress), nil
	}
	return m.within(ctx, d, facts, to)
}

func skipped(reason string) visit.Receipt { return visit.Receipt{Reason: reason, Skipped: true} }

// gather reads what the mail is to say and to whom.
func (m *Mails) gather(ctx context.Context, d visit.Delivery) (f mail.Facts, to []string, err error) {
	_, kind := d.Target.Split()
	f = mail.Facts{Kind: visit.MailKind(kind), Now: m.Now()}
	if d.Event.SiteID != "" {
		if f.Site, err = m.Store.Site(ctx, store.Everything, d.Event.SiteID); err != nil {
			return f, nil, err
		}
		if f.Settings, err = m.Store.MailSettings(ctx, store.Everything, d.Event.SiteID); err != nil {
			return f, nil, err
		}
	}
	if d.Event.Kind != visit.EventCredentialsAsked && !f.Settings.On(f.Kind) {
		return f, nil, &staleError{skippedSwitchedOff}
	}
	if d.Event.VisitID != "" {
		f.Visit, err = m.Store.Visit(ctx, store.Everything, d.Event.VisitID)
		if visit.KindOf(err) == visit.KindNotFound {
			err = errNoLongerTrue
		}
		if err != nil {
			return f, nil, err
		}
	}
	if err := m.still(ctx, d, &f); err != nil {
		return f, nil, err
	}
	return f, m.recipients(f), nil
}

// still checks that what the mail would say is true, and reads the rest of it.
func (m *Mails) still(ctx context.Context, d visit.Delivery, f *mail.Facts) error {
	v, now := f.Visit, f.Now
	ok := true
	switch f.Kind {
	case visit.MailInvitation, visit.MailChanged:
		ok = v.Status == visit.PreRegistered && v.CheckInRequestedAt == nil && v.ExpectedDeparture.After(now)
	case visit.MailCancelled:
		ok = v.Status == visit.Cancelled
	case visit.MailArrival, visit.MailCredentials:
		ok = v.Status == visit.CheckedIn
	case visit.MailLeavingSoon, visit.MailLeavingSoonHost:
		ok = v.Status == visit.CheckedIn && v.CheckOutRequestedAt == nil && v.ExpectedDeparture.After(now) && announced(d.Event, v)
	case visit.MailPresenceOverdue:
		ok = v.Presence == visit.In || v.Presence == visit.Unconfirmed
		f.Since = v.ExpectedDeparture
	case visit.MailAgentOffline:
		return m.agentAway(ctx, d.Event, f)
	case visit.MailWebhookDisabled:
		return m.webhookOff(ctx, d.Event, f)
	case visit.MailPasswordReset, visit.MailAccount:
		return m.resetAsked(ctx, d.Event, f)
	case visit.MailTerminationFailed, visit.MailCRMAttention:
		f.Since = d.Event.At
	case visit.MailPortalCode, visit.MailPortalSponsor:
		return m.registrationAsked(ctx, d.Event, f)
	case mail.Test:
		return m.testAsked(ctx, d.Event, f)
	default:
		return visit.Errorf(visit.KindInvalid, "mail_kind", "There is no such kind of mail.")
	}
	if !ok {
		return errNoLongerTrue
	}
	var err error
	if f.Kind == visit.MailInvitation || f.Kind == visit.MailChanged {
		f.Code, err = m.Store.InvitationCode(ctx, v.ID)
	}
	return err
}

// announced reports whether the departure is still the one that was announced.
func announced(e visit.Event, v visit.Visit) bool {
	text, _ := e.Data["expected_departure"].(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	return err != nil || at.Equal(v.ExpectedDeparture)
}

func (m *Mails) agentAway(ctx context.Context, e visit.Event, f *mail.Facts) error {
	link, err := m.Store.AgentLink(ctx, e.AgentID)
	switch {
	case visit.KindOf(err) == visit.KindNotFound:
		return errNoLongerTrue
	case err != nil:
		return err
	case link.Connected, link.Withdrawn, link.DisconnectedAt != nil && link.DisconnectedAt.After(e.At):
		return errNoLongerTrue // it is back, or was and has an event of its own
	}
	f.Name, f.Since = link.Name, e.At
	return nil
}

func (m *Mails) webhookOff(ctx context.Context, e visit.Event, f *mail.Facts) error {
	id, _ := e.Data["webhook_id"].(string)
	hook, err := m.Store.Webhook(ctx, store.Everything, visit.WebhookID(id))
	switch {
	case visit.KindOf(err) == visit.KindNotFound:
		return errNoLongerTrue
	case err != nil:
		return err
	case hook.DisabledAt == nil:
		return errNoLongerTrue
	}
	f.Name, f.Since = hook.Name, e.At
	return nil
}

// resetAsked is still true while the link is good: for its time, and as long as
// neither password nor address has changed.
func (m *Mails) resetAsked(ctx context.Context, e visit.Event, f *mail.Facts) error {
	id, _ := e.Data["user_id"].(string)
	user, err := m.Store.User(ctx, id)
	l := link.Reset(id, e.At)
	if f.Kind == visit.MailAccount {
		l = link.Welcome(id, e.At)
	}
	switch {
	case visit.KindOf(err) == visit.KindNotFound:
		return errNoLongerTrue
	case err != nil:
		return err
	case user.DisabledAt != nil, !user.CredentialsAt.Before(l.MadeAt()), !f.Now.Before(l.ExpiresAt):
		return errNoLongerTrue
	}
	f.Name, f.Recipient, f.Settings.Language = user.Name, user.Email, user.Language
	f.Button, err = m.Writer.ResetURL(l)
	return err
}

// testAsked goes to whoever asked, unless they are gone.
func (m *Mails) testAsked(ctx context.Context, e visit.Event, f *mail.Facts) error {
	id, _ := e.Data["user_id"].(string)
	user, err := m.Store.User(ctx, id)
	if visit.KindOf(err) == visit.KindNotFound || err == nil && user.DisabledAt != nil {
		return errNoLongerTrue
	}
	f.Name, f.Recipient = user.Name, user.Email
	return err
}

func (m *Mails) recipients(f mail.Facts) (to []string) {
	switch f.Kind {
	case visit.MailArrival, visit.MailLeavingSoonHost:
		to = []string{f.Visit.Host.Email}
	case visit.MailInvitation, visit.MailChanged, visit.MailCancelled, visit.MailCredentials, visit.MailLeavingSoon:
		to = []string{f.Visit.Visitor.Email}
	case visit.MailPasswordReset, visit.MailAccount, visit.MailPortalCode, visit.MailPortalSponsor, mail.Test:
		to = []string{f.Recipient}
	default:
		if to = f.Settings.Operators; len(to) == 0 {
			to = m.Operators
		}
	}
	if len(to) == 1 && to[0] == "" {
		return nil
	}
	return to
}

// within counts the mail before it is sent, and takes the count back if it was not.
func (m *Mails) within(ctx context.Context, d visit.Delivery, f mail.Facts, to []string) (visit.Receipt, error) {
	key, limit := "to "+strings.ToLower(to[0]), recipientHourly
	if f.Kind.Alarm() {
		key, limit = "alarm "+string(f.Kind)+" "+string(f.Site.ID), alarmsHourly
	}
	hash := m.Hash("mail-rate", []byte(key))
	n, until, ok, err := m.Store.CountMail(ctx, hash, limit)
	switch {
	case err != nil:
		return visit.Receipt{}, err
	case !ok:
		return m.tooMany(f.Kind, until)
	case f.Kind.Alarm() && n == limit:
		f.LastUntil = until
	}
	receipt, err := m.send(ctx, d, f, to)
	if err != nil {
		_ = m.Store.UncountMail(context.WithoutCancel(ctx), hash) // one mail less this hour is no harm
	}
	return receipt, err
}

// tooMany says what becomes of a mail beyond the limit: news of the moment is
// dropped, and is seen as dropped; the rest waits for the next hour.
func (m *Mails) tooMany(kind visit.MailKind, until time.Time) (visit.Receipt, error) {
	switch {
	case kind.Alarm():
		return skipped(skippedCoalesced), nil
	case kind == visit.MailArrival, kind == visit.MailLeavingSoon, kind == visit.MailLeavingSoonHost, kind == visit.MailPortalCode:
		return skipped(skippedRateLimited), nil
	}
	return visit.Receipt{}, &visit.Error{
		Kind: visit.KindLimited, Code: skippedRateLimited, Message: "This address has had many mails within the hour.",
		RetryAfter: max(until.Sub(m.Now()), time.Second),
	}
}

// send writes the mail and hands it over, to each recipient by itself. An alarm
// that reached one operator has arrived: another one's wrong address neither holds
// it back nor repeats it.
func (m *Mails) send(ctx context.Context, d visit.Delivery, f mail.Facts, to []string) (visit.Receipt, error) {
	if f.Kind == visit.MailCredentials {
		credentials, voucher, err := m.Store.MailCredentials(ctx, f.Visit.ID, d.ID)
		if errors.Is(err, visit.ErrVoucherWiped) {
			return skipped(skippedNoLongerTrue), nil
		}
		if err != nil {
			return visit.Receipt{}, err
		}
		f.Credentials, f.Voucher = credentials, voucher
	}
	reached := 0
	var failed error
	for _, address := range to {
		message, err := m.Writer.Write(f, mail.Envelope{To: address, ID: string(d.ID)})
		if err == nil {
			err = m.Send(ctx, message)
		}
		if err == nil {
			reached++
		} else if failed == nil || visit.KindOf(failed) == visit.KindInvalid {
			failed = err // one that repeating may mend counts for more
		}
	}
	switch {
	case reached == len(to):
		return visit.Receipt{Status: 250}, nil
	case reached > 0:
		return visit.Receipt{Status: 250, Reason: sentPartly}, nil
	}
	return visit.Receipt{Status: mail.Status(failed), Reason: codeOf(failed)}, failed
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*visit.Error](err); ok {
		return e.Code
	}
	return string(visit.KindInternal)
}
