package mail

import (
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/qr"
	"github.com/foyerhq/foyer/internal/visit"
)

// Test is the kind of a mail that somebody tries the settings with.
const Test visit.MailKind = "test"

// fill writes the parts of the mail that are the same for all kinds, then those of
// its own.
func (d *draft) fill() error {
	about := []string{
		"site", d.Site.Name, "date", d.p.Date(d.Visit.ExpectedArrival), "visitor", fullName(d.Visit.Visitor),
		"time", d.p.Near(d.moment(), d.Now), "agent", d.Name, "webhook", d.Name,
		"duration", d.p.Duration(d.good()),
	}
	if d.asked() {
		// A guest's mail may be in a language that the rest is not in.
		about = []string{"site", d.Site.Name, "code", d.Code, "visitor", fullName(d.Asked.Guest), "time", d.clock(d.Asked.Until)}
	}
	key := "mail." + string(d.Kind)
	say := func(what string) string { return d.p.Text(key+what, about...) }
	d.subject, d.Title, d.Text = say(".subject"), say(".title"), []string{say(".text")}
	switch d.Kind {
	case visit.MailInvitation, visit.MailChanged:
		return d.invitation()
	case visit.MailCancelled:
		d.calendar = true
		d.toVisitor()
		d.when()
	case visit.MailCredentials:
		return d.credentials()
	case visit.MailLeavingSoon:
		d.toVisitor()
		return d.button(say(".button"), link.Extend)
	case visit.MailLeavingSoonHost:
		d.toHost()
		return d.button(say(".button"), link.ExtendByHost)
	case visit.MailArrival:
		d.toHost()
		d.row("fact.visitor", fullName(d.Visit.Visitor))
		d.row("fact.company", d.Visit.Visitor.Company)
		d.row("fact.departure", d.p.Near(d.Visit.ExpectedDeparture, d.Now))
	case visit.MailPasswordReset, visit.MailAccount:
		d.greet(d.Name)
		d.Action, d.Notes = say(".button"), []string{say(".note")}
		d.Footer = d.p.Text("mail.footer.staff")
		if d.Kind == visit.MailAccount {
			d.Footer = d.p.Text("mail.footer.account")
		}
	case visit.MailPortalCode, visit.MailPortalSponsor:
		d.portal()
	case Test:
		d.operators()
	default:
		d.alarm(say(".button"))
	}
	return nil
}

// good is how long a link to set a password is.
func (d *draft) good() time.Duration {
	if d.Kind == visit.MailAccount {
		return link.AccountFor
	}
	return link.ResetFor
}

// moment is the instant that the mail's texts speak of.
func (d *draft) moment() time.Time {
	if d.Kind == visit.MailAgentOffline {
		return d.Since
	}
	return d.Visit.ExpectedDeparture
}

func (d *draft) invitation() error {
	d.toVisitor()
	d.when()
	if d.Code != "" {
		d.Table = append(d.Table, Row{Label: d.p.Text("fact.code"), Value: d.Code, Groups: groups(d.Code)})
	}
	d.calendar = true
	d.Caption = d.p.Text("mail.invitation.qr")
	d.Notes = []string{d.p.Text("mail.invitation.note")}
	if err := d.button(d.p.Text("mail.invitation.button"), link.Invitation); err != nil {
		return err
	}
	var err error
	d.picture, err = qr.PNG(d.Button)
	return err
}

func (d *draft) credentials() error {
	d.toVisitor()
	d.networks()
	d.Table = append(d.Table,
		Row{Label: d.p.Text("fact.username"), Value: d.Credentials.Username, Groups: []string{d.Credentials.Username}},
		Row{Label: d.p.Text("fact.password"), Value: d.Credentials.Password, Groups: groups(d.Credentials.Password)})
	d.row("fact.departure", d.p.Near(d.Visit.ExpectedDeparture, d.Now))
	d.Notes = []string{d.p.Text("mail.credentials.note")}
	login, err := d.w.loginURL(d.Site, d.Voucher)
	if err != nil {
		return err
	}
	d.row("fact.login", login)
	for _, n := range d.Site.Networks {
		if code := qr.Network(n); code != "" && d.picture == nil {
			d.Caption = d.p.Text("mail.credentials.qr")
			var err error
			if d.picture, err = qr.PNG(code); err != nil {
				return err
			}
		}
	}
	return d.button(d.p.Text("mail.credentials.button"), link.CheckOut)
}

// alarm is for operators: what happened and where to look, nobody's name.
func (d *draft) alarm(action string) {
	d.operators()
	d.row("fact.site", d.Site.Name)
	if !d.Since.IsZero() {
		d.row("fact.since", d.p.At(d.Since))
	}
	if !d.LastUntil.IsZero() {
		d.Notes = []string{d.p.Text("mail.alarm.coalesced", "time", d.p.Clock(d.LastUntil))}
	}
	d.Action, d.Button = action, d.w.PublicURL+d.board()
}

// board is where the dashboard shows what the alarm is about.
func (d *draft) board() string {
	switch d.Kind {
	case visit.MailAgentOffline:
		return "/sites/" + string(d.Site.ID)
	case visit.MailWebhookDisabled:
		return "/settings/webhooks"
	}
	return "/visits/" + string(d.Visit.ID)
}

func (d *draft) operators() {
	site := d.Site.Name
	if site == "" {
		site = d.p.Text("mail.footer.deployment")
	}
	d.Footer = d.p.Text("mail.footer.operator", "site", site)
}

func (d *draft) toVisitor() {
	d.greet(fullName(d.Visit.Visitor))
	d.Footer = d.p.Text("mail.footer.visitor", "site", d.Site.Name)
}

func (d *draft) toHost() {
	d.greet(d.Visit.Host.Name)
	d.Footer = d.p.Text("mail.footer.host", "site", d.Site.Name)
}

func (d *draft) greet(name string) {
	if name != "" {
		d.Greeting = d.p.Text("mail.greeting", "name", name)
	}
}

// when is the table of an invitation. The zone is said, because people read this
// somewhere else.
func (d *draft) when() {
	zone := d.Visit.ExpectedArrival.In(d.p.Zone).Format("MST")
	d.row("fact.when", d.p.Span(d.Visit.ExpectedArrival, d.Visit.ExpectedDeparture)+" ("+zone+")")
	d.row("fact.where", place(d.Site))
	d.row("fact.host", d.Visit.Host.Name)
	if d.Kind != visit.MailCancelled {
		d.networks()
	}
}

func (d *draft) networks() {
	var names []string
	for _, n := range d.Site.Networks {
		names = append(names, n.SSID)
	}
	if len(names) > 0 {
		d.Table = append(d.Table, Row{Label: d.p.Count("fact.network", len(names)), Value: strings.Join(names, ", ")})
	}
}

func (d *draft) row(label, value string) {
	if value != "" {
		d.Table = append(d.Table, Row{Label: d.p.Text(label), Value: value})
	}
}

func (d *draft) button(words string, purpose link.Purpose) (err error) {
	d.Action = words
	d.Button, err = d.w.token(purpose, d.Visit)
	return err
}

// groups cuts a password into what the eye reads at once.
func groups(password string) (parts []string) {
	for ; len(password) > 4; password = password[4:] {
		parts = append(parts, password[:4])
	}
	return append(parts, password)
}
