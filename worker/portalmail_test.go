package worker

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/mail/mailtest"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// portal makes one with methods that mail.
func (o *postOffice) portal(t *testing.T) store.StaffPortal {
	t.Helper()
	profile, err := o.CreateProfile(t.Context(), clerk, identity.Profile{Name: "Day", Validity: identity.Validity{Kind: identity.Hours, Value: 24}})
	require.NoError(t, err)
	template, err := o.CreateTemplate(t.Context(), clerk, identity.Template{
		Name: "Lobby", Lifetime: 4 * time.Hour, Reauth: identity.ReauthContinue, ProfileID: profile.ID,
		Methods: []identity.Method{identity.MethodEmail, identity.MethodSponsor}, SponsorDomains: []string{"example.org"},
	})
	require.NoError(t, err)
	portal, err := o.CreatePortal(t.Context(), clerk, store.Portal{SiteID: o.site.ID, Name: "Lobby", Vendor: gate.Meraki, Enabled: true}, template.ID)
	require.NoError(t, err)
	return portal
}

func (o *postOffice) asks(t *testing.T, portal store.StaffPortal, method identity.Method, language string) (store.Registration, visit.Event) {
	t.Helper()
	n := store.NewRegistration{
		SiteID: o.site.ID, PortalID: portal.ID, Method: method, Login: "ada@guest.example", Language: language,
		Arrival: gate.Arrival{MAC: "3c:22:fb:00:00:01"}, Visitor: visit.Visitor{FirstName: "Ada", LastName: "Quill", Email: "ada@guest.example"},
	}
	kind := visit.EventCodeRequested
	if method == identity.MethodSponsor {
		n.Sponsor, kind = "grace@example.org", visit.EventSponsorAsked
	}
	r, err := o.BeginRegistration(t.Context(), n)
	require.NoError(t, err)
	page, err := o.Events(t.Context(), store.Everything, store.EventFilter{Kinds: []visit.EventKind{kind}})
	require.NoError(t, err)
	require.Equal(t, string(r.ID), page.Items[0].Data["registration_id"])
	return r, page.Items[0]
}

// texts is a mail's subject and all that is in it.
func texts(t *testing.T, taken mailtest.Taken) (subject, body string) {
	t.Helper()
	m := taken.Mail(t)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	return subject, partsOf(t, textproto.MIMEHeader(m.Header), m.Body)
}

func partsOf(t *testing.T, head textproto.MIMEHeader, body io.Reader) (text string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(head.Get("Content-Type"))
	require.NoError(t, err)
	if !strings.HasPrefix(kind, "multipart/") {
		switch head.Get("Content-Transfer-Encoding") {
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		}
		raw, err := io.ReadAll(body)
		require.NoError(t, err)
		return string(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")))
	}
	for parts := multipart.NewReader(body, params["boundary"]); ; {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return text
		}
		require.NoError(t, err)
		text += partsOf(t, p.Header, p) + "\n"
	}
}

var tokenIn = regexp.MustCompile(`https://foyer\.example/portal/([0-9a-f-]+)/r/([\w-]+)`)

// The code's mail is in the guest's language, whatever the site's, and says until when
// the code is good that the database has.
func TestAPortalsCode(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t)
	portal := o.portal(t)
	_, err := o.SetMailSettings(t.Context(), clerk, o.site.ID, visit.MailSettings{Language: "de", SenderName: "Empfang"})
	require.NoError(t, err)
	for _, language := range catalogue.VisitorLanguages() {
		o.Clock.Advance(time.Hour)
		r, asked := o.asks(t, portal, identity.MethodEmail, language)
		code, err := o.RegistrationCode(t.Context(), r.ID)
		require.NoError(t, err)
		taken := o.sent(t, visit.MailPortalCode, asked)
		require.Equal(t, "ada@guest.example", taken.To)
		subject, body := texts(t, taken)
		zone, err := time.LoadLocation("Europe/Berlin")
		require.NoError(t, err)
		words := catalogue.ForVisitor(language, "")
		until := r.ExpiresAt.In(zone).Format("15:04")
		require.Contains(t, subject, code)
		require.Contains(t, body, words.Text("mail.portal_code.text", "site", "Berlin", "time", until))
		require.Contains(t, body, words.Text("mail.portal_code.code")+": "+code)
		require.NotContains(t, body, "mail.", "a text is missing")
		require.NotContains(t, body, "Quill", "whoever reads it knows who they are")
		found := tokenIn.FindStringSubmatch(body)
		require.NotNil(t, found)
		require.Equal(t, string(portal.ID), found[1])
		l, err := link.Parse(o.Keyring, found[2], o.Clock.Now(), link.RegistrationProof)
		require.NoError(t, err)
		require.Equal(t, string(r.ID), l.Object)
		_, again := texts(t, o.sent(t, visit.MailPortalCode, asked))
		require.Equal(t, tokenIn.FindString(body), tokenIn.FindString(again))
	}
}

func TestAPortalsCodeThatIsNoNews(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t)
	portal := o.portal(t)
	r, asked := o.asks(t, portal, identity.MethodEmail, "en")
	code, err := o.RegistrationCode(t.Context(), r.ID)
	require.NoError(t, err)
	_, err = o.TryRegistrationCode(t.Context(), r.ID, code)
	require.NoError(t, err)
	o.skipped(t, visit.MailPortalCode, asked, "no_longer_true")
	_, asked = o.asks(t, portal, identity.MethodEmail, "en")
	o.Clock.Advance(identity.CodeFor)
	o.skipped(t, visit.MailPortalCode, asked, "no_longer_true")
	asked.Data = map[string]any{"registration_id": "01890a5d-ac96-774b-bcce-b302099a8057"}
	o.skipped(t, visit.MailPortalCode, asked, "no_longer_true")

	// Beyond the limit of its address a code is worth nothing in an hour.
	o.Clock.Advance(time.Hour)
	_, asked = o.asks(t, portal, identity.MethodEmail, "en")
	for range recipientHourly {
		o.sent(t, visit.MailPortalCode, asked)
	}
	o.skipped(t, visit.MailPortalCode, asked, "rate_limited")
}

func TestAPortalsSponsor(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t)
	portal := o.portal(t)
	r, asked := o.asks(t, portal, identity.MethodSponsor, "pl")
	taken := o.sent(t, visit.MailPortalSponsor, asked)
	require.Equal(t, "grace@example.org", taken.To)
	subject, body := texts(t, taken)
	require.Equal(t, "Ada Quill asks for the WiFi at Berlin", subject)
	require.Contains(t, body, "ada@guest.example")
	require.Contains(t, body, catalogue.New("en", "Europe/Berlin").Near(r.ExpiresAt, o.Clock.Now()))
	require.NotContains(t, body, "mail.")
	l, err := link.Parse(o.Keyring, tokenIn.FindStringSubmatch(body)[2], o.Clock.Now(), link.RegistrationSponsor)
	require.NoError(t, err)
	require.Equal(t, string(r.ID), l.Object)
	_, _, err = o.DecideRegistration(t.Context(), r.ID, false, "")
	require.NoError(t, err)
	o.skipped(t, visit.MailPortalSponsor, asked, "no_longer_true")
}
