package worker

import (
	"context"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/mail"
	"github.com/foyerhq/foyer/internal/visit"
)

// registrationAsked is still true while the registration waits. Code, address and times
// are read from it now: a mail that comes late holds what is good then.
func (m *Mails) registrationAsked(ctx context.Context, e visit.Event, f *mail.Facts) error {
	text, _ := e.Data["registration_id"].(string)
	r, err := m.Store.Registration(ctx, identity.RegistrationID(text))
	switch {
	case visit.KindOf(err) == visit.KindNotFound:
		return errNoLongerTrue
	case err != nil:
		return err
	case r.Status != identity.RegistrationWaiting:
		return errNoLongerTrue
	}
	f.Asked = mail.Asked{Guest: r.Visitor, Language: r.Language, At: r.CreatedAt, Until: r.ExpiresAt}
	purpose := link.RegistrationSponsor
	f.Recipient = r.Sponsor
	if f.Kind == visit.MailPortalCode {
		purpose, f.Recipient = link.RegistrationProof, r.Login
		if f.Code, err = m.Store.RegistrationCode(ctx, r.ID); visit.KindOf(err) == visit.KindGone {
			return errNoLongerTrue
		}
		if err != nil {
			return err
		}
	}
	f.Button, err = m.Writer.PortalURL(string(r.PortalID), link.Registered(purpose, string(r.ID), r.CreatedAt))
	return err
}
