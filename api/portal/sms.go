package portal

import (
	"context"
	"errors"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/sms"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Texter sends codes by text message: *sms.Sender.
type Texter interface {
	Check(phone string, prefixes []string) error
	SendPortalCode(ctx context.Context, c sms.PortalCode) error
}

// textWithin is how long a guest waits for the gateway.
const textWithin = 10 * time.Second

func (q *request) sendsSMS() bool { return q.SMS != nil }

func (q *request) smsFields() []input { return []input{q.fieldOf(identity.FieldPhone, true)} }

// submitSMS has a code sent to the number. It is good for this registration alone: what
// somebody else has sent to the same number neither opens this one nor spoils it.
func (q *request) submitSMS() {
	number, ok := identity.ParsePhone(q.value("phone"))
	if !ok {
		q.full(identity.MethodSMS, q.word("field.phone.wrong"))
		return
	}
	if err := q.SMS.Check(number, q.portal.Template.SMSPrefixes); err != nil {
		q.full(identity.MethodSMS, q.unsent(err))
		return
	}
	r, ok := q.begin(store.NewRegistration{Method: identity.MethodSMS, Login: number, Visitor: visit.Visitor{Phone: number}})
	if !ok {
		return
	}
	if err := q.sendText(r); err != nil {
		q.drop(r)
		q.full(identity.MethodSMS, q.unsent(err))
		return
	}
	q.toWaiting(r)
}

func (q *request) sendText(r store.Registration) error {
	code, err := q.Store.RegistrationCode(q.r.Context(), r.ID)
	if err != nil {
		return err
	}
	// A guest who goes away has asked for it all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.r.Context()), textWithin)
	defer cancel()
	return q.SMS.SendPortalCode(ctx, sms.PortalCode{
		Site: r.SiteID, SiteName: q.portal.SiteName, Zone: q.portal.Zone, Registration: r.ID,
		Phone: r.Login, Language: r.Language, Code: code, Until: r.ExpiresAt, Prefixes: q.portal.Template.SMSPrefixes,
	})
}

// drop ends a registration of which nobody was told the code.
func (q *request) drop(r store.Registration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.r.Context()), noteWithin)
	defer cancel()
	if err := q.Store.CancelRegistration(ctx, r.ID); err != nil {
		q.Logger.Warn("portal registration not cancelled", "error", err)
	}
}

// unsent says why no message went out.
func (q *request) unsent(err error) string {
	switch kind := visit.KindOf(err); {
	case errors.Is(err, sms.ErrCountry):
		return q.word("proof.sms.country")
	case kind == visit.KindLimited:
		return q.word("proof.limit")
	case kind == visit.KindInvalid:
		return q.word("field.phone.wrong")
	}
	q.Logger.Warn("portal code not sent", "portal_id", q.portal.ID, "error", err)
	return q.word("proof.sms.failed")
}
