package mail

import (
	"net/mail"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
)

// Writer writes mails. It is safe for concurrent use.
type Writer struct {
	From      string        // the deployment's address
	PublicURL string        // where links lead, without a trailing slash
	Keys      *seal.Keyring // sign links
}

// Facts are what mails are made of. What a kind does not speak of stays empty.
type Facts struct {
	Kind     visit.MailKind
	Now      time.Time
	Settings visit.MailSettings
	Site     visit.Site
	Visit    visit.Visit
	// Credentials are a secret; they are in nothing but the mail.
	Credentials visit.Credentials
	Voucher     visit.Voucher // theirs
	Code        string        // of the invitation, for who types instead of scanning
	Name        string        // of the agent, the webhook, the person
	Since       time.Time     // since when it has been so
	// LastUntil says, in an alarm, until when no more of its kind are mailed.
	LastUntil time.Time
	// Recipient is set for mail that goes to neither visitor, host nor operators.
	Recipient string
	Button    string // where the button leads, for kinds whose link the caller makes
	Asked     Asked
}

// Asked is what somebody asked for at a portal.
type Asked struct {
	Guest    visit.Visitor
	Language string // the guest's; one of the catalogue's for visitors
	At       time.Time
	Until    time.Time // when it is good no more
}

// linkedFor is how long a link outlives the departure it was made for: the
// page then says that the visit is over.
const linkedFor = 48 * time.Hour

// Envelope is to whom and under which name a mail goes.
type Envelope struct {
	To string // an address
	ID string // left half of the Message-ID; the same for every try
}

// Write writes a mail. It fails on an address that cannot receive mail, and when
// the visit has no id to link to.
func (w Writer) Write(f Facts, to Envelope) (Message, error) {
	d := draft{Facts: f, w: w, p: printer(f)}
	if err := d.fill(); err != nil {
		return Message{}, err
	}
	name := f.Settings.SenderName
	if name == "" {
		name = f.Site.Name
	}
	if name == "" {
		name = "Foyer"
	}
	m := Message{
		From: mail.Address{Name: name, Address: w.From}, To: to.To, ReplyTo: f.Settings.ReplyTo,
		Subject: d.subject, ID: to.ID + "@" + w.domain(), Date: f.Now, Language: d.p.Language, QR: d.picture,
	}
	d.Sender = name
	var err error
	if m.Text, m.HTML, err = d.render(); err != nil {
		return Message{}, err
	}
	if d.calendar {
		m.Event = d.appointment(to.To)
	}
	return m, nil
}

// printer speaks the site's language, or that of a guest whom we know nothing of but
// the page that they read.
func printer(f Facts) catalogue.Printer {
	p := catalogue.New(f.Settings.Language, f.Site.Timezone)
	if f.Kind == visit.MailPortalCode {
		p.Language = catalogue.ForVisitor(f.Asked.Language, "").Language
	}
	return p
}

func (w Writer) domain() string {
	_, domain, _ := strings.Cut(w.From, "@")
	return domain
}

// token is the signed link of a purpose to a visit: the same each time for the
// same departure.
func (w Writer) token(purpose link.Purpose, v visit.Visit) (string, error) {
	token, err := link.Sign(w.Keys, link.Link{
		Purpose: purpose, Object: string(v.ID), ExpiresAt: v.ExpectedDeparture.Truncate(time.Second).Add(linkedFor),
	})
	return w.PublicURL + "/v/" + token, err
}

// ResetURL is where a user sets a password. The token is behind the mark that
// browsers keep to themselves.
func (w Writer) ResetURL(l link.Link) (string, error) {
	token, err := link.Sign(w.Keys, l)
	return w.PublicURL + "/reset#" + token, err
}

// PortalURL is where a registration at a portal is proved or decided on.
func (w Writer) PortalURL(portal string, l link.Link) (string, error) {
	token, err := link.Sign(w.Keys, l)
	return w.PublicURL + "/portal/" + portal + "/r/" + token, err
}

// loginURL is the first of the site's portals here, where the link stands for the
// voucher's password once; empty if there is none.
func (w Writer) loginURL(site visit.Site, v visit.Voucher) (string, error) {
	for _, n := range site.Networks {
		if v.ID != "" && n.Kind == visit.OpenPortal && strings.HasPrefix(n.PortalURL, w.PublicURL+"/portal/") && !strings.Contains(n.PortalURL, "?") {
			token, err := link.Sign(w.Keys, link.Link{Purpose: link.VisitLogin, Object: string(v.ID), ExpiresAt: v.NotAfter.Truncate(time.Second)})
			return n.PortalURL + "?v=" + token, err
		}
	}
	return "", nil
}

// draft is one mail while it is written. Its exported fields are the template's.
type draft struct {
	Facts
	w Writer
	p catalogue.Printer

	subject  string
	picture  []byte
	calendar bool

	Sender   string
	Title    string
	Greeting string
	Text     []string
	Table    []Row
	Action   string // the button's words
	Caption  string // under the picture
	Notes    []string
	Footer   string
}

// Row is a line of the table. Groups are a value's parts, set apart by style alone.
type Row struct {
	Label, Value string
	Groups       []string
}

// Lang is the mail's language.
func (d *draft) Lang() string { return d.p.Language }

// Picture reports whether there is a picture to show.
func (d *draft) Picture() bool { return d.picture != nil }

func (d *draft) appointment(to string) *Appointment {
	v := d.Visit
	return &Appointment{
		UID:      "visit-" + string(v.ID) + "@" + d.w.domain(),
		Sequence: int64(v.UpdatedAt.Sub(v.CreatedAt) / time.Second),
		Stamp:    d.Now, Start: v.ExpectedArrival, End: v.ExpectedDeparture,
		Summary: d.Title, Location: place(d.Site), Description: strings.Join(d.Text, "\n"), URL: d.Button,
		Organizer: d.w.From, Attendee: to, Cancelled: d.Kind == visit.MailCancelled,
	}
}

func place(s visit.Site) string {
	if s.Address == "" {
		return s.Name
	}
	return s.Name + ", " + strings.Join(strings.Fields(strings.ReplaceAll(s.Address, "\n", ", ")), " ")
}

// fullName is how a visitor is called.
func fullName(v visit.Visitor) string { return strings.TrimSpace(v.FirstName + " " + v.LastName) }
