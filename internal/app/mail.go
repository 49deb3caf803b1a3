package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/mail"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/worker"
)

// Mail is how mail leaves. Without a server there is none.
type Mail struct {
	SMTPURL string `name:"smtp-url" help:"Mail server: smtp://user:password@host:587 or smtps://…; empty for no mail." env:"FOYER_SMTP_URL" secret:""`
	Sender
	MailOperators []string `name:"mail-operators" help:"Addresses that are told of trouble where a site names none." env:"FOYER_MAIL_OPERATORS"`
}

// Sender is whom mail comes from. The API, which sends none itself, knows by it that the
// worker does, and needs no password of the mail server.
type Sender struct {
	MailFrom string `name:"mail-from" help:"Address that all mail comes from." env:"FOYER_MAIL_FROM"`
}

// client returns nil where mail is off.
func (m Mail) client(public Public) (*mail.Client, error) {
	if m.SMTPURL == "" {
		return nil, nil
	}
	server, err := mail.ParseServer(m.SMTPURL)
	if err != nil {
		return nil, err
	}
	if !visit.MailAddress(m.MailFrom) {
		return nil, errors.New("--mail-from is not an address that mail can come from")
	}
	for _, address := range m.MailOperators {
		if !visit.MailAddress(address) {
			return nil, errors.New("--mail-operators holds something that is not an address")
		}
	}
	name := ""
	if at, err := url.Parse(public.PublicURL); err == nil {
		name = at.Hostname()
	}
	return mail.NewClient(mail.Config{Server: server, Name: name, Now: time.Now}), nil
}

func (m Mail) writer(public Public, ring *seal.Keyring) mail.Writer {
	return mail.Writer{From: m.MailFrom, PublicURL: strings.TrimSuffix(public.PublicURL, "/"), Keys: ring}
}

// newMails makes the courier of mail; where mail is off it says so of each.
func newMails(s *store.Store, m Mail, public Public, ring *seal.Keyring) (*worker.Mails, error) {
	client, err := m.client(public)
	if err != nil {
		return nil, err
	}
	mails := &worker.Mails{Store: s, Writer: m.writer(public, ring), Operators: m.MailOperators, Hash: ring.MAC, Now: time.Now}
	if client != nil {
		mails.Send = client.Send
	}
	return mails, nil
}

// MailCommands look after mail.
type MailCommands struct {
	Test MailTest `cmd:"" help:"Send a test mail and say what went wrong, if anything did."`
}

// MailTest sends one mail, at once and once.
type MailTest struct {
	Database
	Public
	Mail
	To   string       `required:"" help:"Address to send it to."`
	Site visit.SiteID `help:"Send as this site: its sender, language and time zone."`
	Kind string       `help:"Send a specimen of this kind of mail." default:"test"`
}

// Run reports in plain words.
func (c *MailTest) Run(ctx context.Context, p *Program) error {
	client, err := c.client(c.Public)
	switch {
	case err != nil:
		return err
	case client == nil:
		return errors.New("mail is off: there is no --smtp-url")
	case !visit.MailAddress(c.To):
		return errors.New("--to is not an address that mail can go to")
	}
	return withStore(ctx, p, c.Database, func(ctx context.Context, s *store.Store) error {
		ring, err := newKeyring(c.Database)
		if err != nil {
			return err
		}
		facts, err := c.specimen(ctx, s)
		if err != nil {
			return err
		}
		message, err := c.writer(c.Public, ring).Write(facts, mail.Envelope{To: c.To, ID: "test-" + strings.ToLower(rand.Text())})
		if err != nil {
			return err
		}
		if err := client.Send(ctx, message); err != nil {
			return fmt.Errorf("the mail was not sent. %s", mail.Diagnose(err))
		}
		_, err = fmt.Fprintln(p.Out, "The mail server has taken the mail. Whether it arrives shows in the mailbox, or its spam folder.")
		return err
	})
}

// specimen is a mail about nobody.
func (c *MailTest) specimen(ctx context.Context, s *store.Store) (mail.Facts, error) {
	now := time.Now().Truncate(time.Minute)
	facts := mail.Facts{
		Kind: visit.MailKind(c.Kind), Now: now, Name: "specimen", Since: now, Button: c.PublicURL,
		Site: visit.Site{ID: specimenID, Name: "Foyer"},
		Visit: visit.Visit{
			ID: specimenID, Visitor: visit.Visitor{FirstName: "Ada", LastName: "Specimen"}, Host: visit.Host{Name: "Grace Specimen"},
			ExpectedArrival: now.Add(24 * time.Hour), ExpectedDeparture: now.Add(26 * time.Hour), CreatedAt: now, UpdatedAt: now,
		},
		Credentials: visit.Credentials{Username: "v-specimen", Password: "notapassword"}, Code: "notacode22",
		Asked: mail.Asked{Guest: visit.Visitor{FirstName: "Ada", LastName: "Specimen"}, At: now, Until: now.Add(10 * time.Minute)},
	}
	if _, known := catalogue.New("", "").Lookup("mail." + c.Kind + ".subject"); !known {
		return facts, fmt.Errorf("there is no kind of mail %q", c.Kind)
	}
	if c.Site == "" {
		return facts, nil
	}
	var err error
	if facts.Site, err = s.Site(ctx, store.Everything, c.Site); err != nil {
		return facts, err
	}
	facts.Settings, err = s.MailSettings(ctx, store.Everything, c.Site)
	return facts, err
}

const specimenID = "00000000-0000-7000-8000-000000000000"
