package sms

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// PortalCode is the code of a registration at a portal. It is compared there; here it is
// sent, within the limits of all codes.
type PortalCode struct {
	Site         visit.SiteID
	SiteName     string
	Zone         *time.Location
	Registration identity.RegistrationID
	Phone        string
	Language     string // one of the catalogue's for visitors
	Code         string
	Until        time.Time
	Prefixes     []string // of the portal's template, besides the deployment's; none: those alone
}

// String hides the number and the code from logs.
func (PortalCode) String() string { return "[code]" }

// Check says whether codes are sent to a number. It returns KindInvalid, ErrCountry, and
// a conflict where SMS is switched off.
func (s *Sender) Check(phone string, prefixes []string) error {
	number, err := s.number(phone)
	if err == nil && len(prefixes) > 0 && !number.within(prefixes) {
		err = ErrCountry
	}
	return err
}

// SendPortalCode sends a code. It counts and costs as that of SendCode does, and the
// errors are the same.
func (s *Sender) SendPortalCode(ctx context.Context, c PortalCode) error {
	if err := s.Check(c.Phone, c.Prefixes); err != nil {
		return err
	}
	number, err := s.number(c.Phone)
	if err != nil {
		return err
	}
	// The row is a count. What is good for it is the registration's alone to say.
	hash := s.config.Hash("sms-portal-code", []byte(string(c.Registration)+"\n"+c.Code))
	if err := s.config.Store.NewSMSCode(ctx, c.Site, s.phoneHash(number), hash, s.limits()); err != nil {
		return err
	}
	p := catalogue.ForVisitor(c.Language, "")
	text := p.Text("sms.portal_code", "code", c.Code, "site", c.SiteName, "time", c.Until.In(c.Zone).Format("15:04"))
	return s.config.Gateway.send(ctx, s.client, number, text)
}
