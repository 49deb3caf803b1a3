package mail

import (
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// asked reports whether the mail is about a registration at a portal.
func (d *draft) asked() bool {
	return d.Kind == visit.MailPortalCode || d.Kind == visit.MailPortalSponsor
}

// clock is an instant of today; a sponsor may read of tomorrow.
func (d *draft) clock(at time.Time) string {
	if d.Kind == visit.MailPortalCode {
		return at.In(d.p.Zone).Format("15:04")
	}
	return d.p.Near(at, d.Now)
}

// portal writes what is special to mails of a portal. The button of both leads to a
// page that does nothing until a button there is pressed: mailboxes are read by
// programs that follow links.
func (d *draft) portal() {
	key := "mail." + string(d.Kind)
	d.Action = d.p.Text(key + ".button")
	d.Notes = []string{d.p.Text(key + ".note")}
	d.Footer = d.p.Text(key+".footer", "site", d.Site.Name)
	if d.Kind == visit.MailPortalCode {
		d.Table = append(d.Table, Row{Label: d.p.Text(key + ".code"), Value: d.Code, Groups: halves(d.Code)})
		return
	}
	guest := d.Asked.Guest
	d.row("fact.visitor", fullName(guest))
	d.row("mail.portal_sponsor.email", guest.Email)
	d.row("fact.company", guest.Company)
	d.row("fact.where", place(d.Site))
	d.row("mail.portal_sponsor.asked", d.p.Near(d.Asked.At, d.Now))
}

// halves cuts a code into what the eye reads at once.
func halves(code string) []string {
	if len(code) < 6 {
		return []string{code}
	}
	return []string{code[:len(code)/2], code[len(code)/2:]}
}
