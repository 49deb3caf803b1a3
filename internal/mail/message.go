package mail

import (
	"bytes"
	"net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/foyerhq/foyer/internal/visit"
)

// Message is a mail to one recipient.
type Message struct {
	From    mail.Address
	To      string // an address
	ReplyTo string // an address; empty: none
	Subject string
	Text    string
	HTML    string
	QR      []byte       // PNG, shown in HTML as cid:code; nil: none
	Event   *Appointment // nil: none
	// ID is the same for every try of a delivery, without angle brackets.
	ID       string
	Date     time.Time
	Language string
}

// qrID is how HTML refers to the picture.
const qrID = "code"

var errAddress = visit.Errorf(visit.KindInvalid, "mail_address", "This address cannot receive mail.")

// bytes returns the message as it goes over the wire.
func (m Message) bytes() ([]byte, error) {
	if !visit.MailAddress(m.To) || !visit.MailAddress(m.From.Address) || m.ReplyTo != "" && !visit.MailAddress(m.ReplyTo) {
		return nil, errAddress
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP))
	msg.FromMailAddress(&mail.Address{Name: clean(m.From.Name), Address: m.From.Address})
	msg.ToMailAddress(&mail.Address{Address: m.To})
	if m.ReplyTo != "" {
		msg.ReplyToMailAddress(&mail.Address{Address: m.ReplyTo})
	}
	msg.Subject(clean(m.Subject))
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.Date)
	// RFC 3834 5: nobody's holiday notice answers a machine.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All") // what Exchange understands of the same
	msg.SetGenHeader("Content-Language", m.Language)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	if err := m.attach(msg); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (m Message) attach(msg *gomail.Msg) error {
	if m.QR != nil {
		err := msg.EmbedReader("code.png", bytes.NewReader(m.QR),
			gomail.WithFileContentID("<"+qrID+">"), gomail.WithFileContentType("image/png"))
		if err != nil {
			return err
		}
	}
	if m.Event == nil {
		return nil
	}
	return msg.AttachReader("invitation.ics", strings.NewReader(m.Event.ics()),
		gomail.WithFileContentType(gomail.ContentType("text/calendar; charset=utf-8; method="+m.Event.method())))
}

// maxLine is the longest text that a header is given, in characters.
const maxLine = 200

// clean makes a text fit for one line of a header: without anything that ends a
// line, and without marks that turn the direction of what comes after.
func clean(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))), " ")
	if runes := []rune(s); len(runes) > maxLine {
		return string(runes[:maxLine-1]) + "…"
	}
	return s
}
