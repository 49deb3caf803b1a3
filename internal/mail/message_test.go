package mail_test

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/mail"
	"github.com/foyerhq/foyer/internal/mail/mailtest"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
)

var now = time.Date(2026, 11, 24, 12, 45, 0, 0, time.UTC)

func keys(t testing.TB) *seal.Keyring {
	t.Helper()
	ring, err := seal.Parse("c3RvcmV0ZXN0IGRlcGxveW1lbnQga2V5LCAzMiBieXQ=")
	require.NoError(t, err)
	return ring
}

func writer(t testing.TB) mail.Writer {
	t.Helper()
	return mail.Writer{From: "foyer@foyer.example", PublicURL: "https://foyer.example", Keys: keys(t)}
}

func facts(kind visit.MailKind) mail.Facts {
	return mail.Facts{
		Kind: kind, Now: now, Name: "ber-1", Since: now.Add(-time.Hour), Button: "https://foyer.example/reset/x",
		Settings: visit.MailSettings{ReplyTo: "desk@berlin.example"},
		Site: visit.Site{
			ID: "01890a5d-ac96-774b-bcce-b302099a8058", Name: "Berlin", Address: "Torstraße 1\n10119 Berlin", Timezone: "Europe/Berlin",
			Networks: []visit.Network{{SSID: "Guests", Kind: visit.OpenPortal}},
		},
		Visit: visit.Visit{
			ID: "01890a5d-ac96-774b-bcce-b302099a8057", Visitor: visit.Visitor{FirstName: "Ada", LastName: "Quill"}, Host: visit.Host{Name: "Grace Stone"},
			ExpectedArrival: now.Add(15 * time.Minute), ExpectedDeparture: now.Add(135 * time.Minute), CreatedAt: now.Add(-time.Hour), UpdatedAt: now,
		},
		Credentials: visit.Credentials{Username: "v-7h2kq9xm", Password: "abcd2345wxyz"},
	}
}

// parts is a mail taken apart, as a reader does: by media type.
type parts struct {
	header netmail.Header
	bodies map[string]string
	heads  map[string]map[string][]string
	order  []string
}

// deliver sends a mail through a server and takes apart what came.
func deliver(t testing.TB, f mail.Facts, to string) parts {
	t.Helper()
	m, err := writer(t).Write(f, mail.Envelope{To: to, ID: "delivery-1"})
	require.NoError(t, err)
	server := mailtest.Start(t, mailtest.Manners{})
	require.NoError(t, mail.NewClient(config(server, nil)).Send(t.Context(), m))
	return dissect(t, server.Taken()[0].Mail(t))
}

func dissect(t testing.TB, message *netmail.Message) parts {
	t.Helper()
	p := parts{header: message.Header, bodies: map[string]string{}, heads: map[string]map[string][]string{}}
	p.walk(t, message.Header.Get("Content-Type"), message.Header.Get("Content-Transfer-Encoding"), nil, message.Body)
	return p
}

func (p *parts) walk(t testing.TB, contentType, encoding string, head map[string][]string, body io.Reader) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(contentType)
	require.NoError(t, err, contentType)
	p.order = append(p.order, kind)
	if strings.HasPrefix(kind, "multipart/") {
		for r := multipart.NewReader(body, params["boundary"]); ; {
			part, err := r.NextRawPart()
			if err == io.EOF {
				return
			}
			require.NoError(t, err)
			p.walk(t, part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part.Header, part)
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	require.NoError(t, err)
	p.bodies[kind], p.heads[kind] = string(text), head
}

func decoded(t testing.TB, header string) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(header)
	require.NoError(t, err)
	return text
}

func TestAnInvitation(t *testing.T) {
	t.Parallel()
	p := deliver(t, facts(visit.MailInvitation), "ada@example.org")
	require.Equal(t, []string{"multipart/mixed", "multipart/related", "multipart/alternative", "text/plain", "text/html", "image/png", "text/calendar"}, p.order)
	from, err := netmail.ParseAddress(p.header.Get("From"))
	require.NoError(t, err)
	require.Equal(t, netmail.Address{Name: "Berlin", Address: "foyer@foyer.example"}, *from)
	require.Equal(t, "<ada@example.org>", p.header.Get("To"))
	require.Equal(t, "<desk@berlin.example>", p.header.Get("Reply-To"))
	require.Equal(t, "Your visit to Berlin, Tuesday, 24 November 2026", decoded(t, p.header.Get("Subject")))
	require.Equal(t, "<delivery-1@foyer.example>", p.header.Get("Message-ID"))
	require.Equal(t, "auto-generated", p.header.Get("Auto-Submitted"))
	date, err := p.header.Date()
	require.NoError(t, err)
	require.True(t, now.Equal(date))

	for _, kind := range []string{"text/plain", "text/html"} {
		for _, want := range []string{"Ada Quill", "14:00 to 16:00 (CET)", "Torstraße 1, 10119 Berlin", "Grace Stone", "Guests", "https://foyer.example/v/"} {
			require.Contains(t, p.bodies[kind], want, kind)
		}
	}
	require.Contains(t, p.bodies["text/html"], "cid:code")
	require.Equal(t, "<code>", p.heads["image/png"]["Content-Id"][0])
	picture, err := png.Decode(strings.NewReader(p.bodies["image/png"]))
	require.NoError(t, err)
	require.Greater(t, picture.Bounds().Dx(), 200)

	token := regexp.MustCompile(`/v/([\w-]+)`).FindStringSubmatch(p.bodies["text/plain"])[1]
	l, err := link.Parse(keys(t), token, now, link.Invitation)
	require.NoError(t, err)
	require.Equal(t, visit.VisitID("01890a5d-ac96-774b-bcce-b302099a8057"), l.Visit())
	again := deliver(t, facts(visit.MailInvitation), "ada@example.org")
	require.Contains(t, again.bodies["text/plain"], token, "a repeated mail has the same link")
}

func TestTheAppointment(t *testing.T) {
	t.Parallel()
	f := facts(visit.MailInvitation)
	f.Site.Name = "Berlin; Mitte, " + strings.Repeat("ä", 60) + "\\n"
	p := deliver(t, f, "ada@example.org")
	ics := p.bodies["text/calendar"]
	require.Contains(t, p.heads["text/calendar"]["Content-Type"][0], "method=REQUEST")
	for _, line := range strings.Split(strings.TrimSuffix(ics, "\r\n"), "\r\n") {
		require.LessOrEqual(t, len(line), 75, "RFC 5545 3.1")
		require.True(t, utf8.ValidString(line))
		require.NotContains(t, line, "\n")
	}
	lines := strings.ReplaceAll(ics, "\r\n ", "")
	for _, want := range []string{
		"METHOD:REQUEST", "UID:visit-01890a5d-ac96-774b-bcce-b302099a8057@foyer.example", "SEQUENCE:3600",
		"DTSTART:20261124T130000Z", "DTEND:20261124T150000Z", "DTSTAMP:20261124T124500Z",
		`LOCATION:Berlin\; Mitte\, ` + strings.Repeat("ä", 60) + `\\n\, Torstraße 1\, 10119 Berlin`,
		"ORGANIZER:mailto:foyer@foyer.example", "RSVP=FALSE:mailto:ada@example.org", "STATUS:CONFIRMED", "END:VCALENDAR",
	} {
		require.Contains(t, lines, want+"\r\n")
	}

	cancelled := facts(visit.MailCancelled)
	cancelled.Visit.UpdatedAt = now.Add(time.Minute)
	p = deliver(t, cancelled, "ada@example.org")
	for _, want := range []string{"METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:3660", "UID:visit-01890a5d-ac96-774b-bcce-b302099a8057@foyer.example"} {
		require.Contains(t, strings.ReplaceAll(p.bodies["text/calendar"], "\r\n ", ""), want+"\r\n")
	}
	require.NotContains(t, p.bodies["text/html"], "cid:", "its code does not work any more")
}

// Every kind in every language says what it has to, twice, and no text is missing.
func TestEveryKindInEveryLanguage(t *testing.T) {
	t.Parallel()
	missing := regexp.MustCompile(`\b(mail|fact|date|duration)\.[a-z_.]+|\{[a-z]+\}|<no value>`)
	for _, language := range catalogue.Languages() {
		for _, kind := range append(visit.MailKinds(), visit.MailPasswordReset, visit.MailAccount, mail.Test) {
			f := facts(kind)
			f.Settings.Language, f.LastUntil = language, now.Add(time.Hour)
			m, err := writer(t).Write(f, mail.Envelope{To: "ada@example.org", ID: "x"})
			require.NoError(t, err)
			style := strings.Index(m.HTML, "</style>")
			for _, text := range []string{m.Subject, m.Text, m.HTML[style:]} {
				require.NotEmpty(t, text)
				require.NotRegexp(t, missing, text, "%s %s", language, kind)
			}
			require.Contains(t, m.HTML, `lang="`+language+`"`)
			require.LessOrEqual(t, strings.Count(m.HTML, "<a "), 1, "one button")
			require.Equal(t, kind == visit.MailCredentials, strings.Contains(m.Text, "abcd2345wxyz"), "%s", kind)
			if kind.Alarm() {
				require.NotContains(t, m.Text+m.HTML, "Ada", "alarms name nobody")
			}
		}
	}
}

// What somebody calls themselves changes no header but its own text.
func FuzzHeaders(f *testing.F) {
	for _, name := range []string{
		"Ada\r\nBcc: x@example.org", "a\nb", "\x00\x1b[31m", strings.Repeat("long ", 200), strings.Repeat("ü", 500),
		"\u202eمرحبا", "👩‍👩‍👧 Quill", "=?utf-8?q?x?=", `"quoted\" name" <y@example.org>`, "\xff\xfe", "a\u2028b", ", ;:@<>()", " ", "",
	} {
		f.Add(name)
	}
	server := mailtest.Start(f, mailtest.Manners{})
	client := mail.NewClient(config(server, nil))
	f.Fuzz(func(t *testing.T, name string) {
		facts := facts(visit.MailInvitation)
		facts.Settings.SenderName, facts.Site.Name, facts.Visit.Visitor.LastName, facts.Visit.Host.Name = name, name, name, name
		facts.Site.Address = name
		m, err := writer(t).Write(facts, mail.Envelope{To: "ada@example.org", ID: "x"})
		require.NoError(t, err)
		m.Subject = name
		require.NoError(t, client.Send(t.Context(), m))
		taken := server.Taken()
		raw := taken[len(taken)-1].Raw
		p := dissect(t, taken[len(taken)-1].Mail(t))
		require.Empty(t, p.header["Bcc"])
		require.Equal(t, []string{"<ada@example.org>"}, p.header["To"])
		require.Len(t, p.header["Subject"], 1)
		require.Len(t, p.header["From"], 1)
		from, err := netmail.ParseAddress(p.header.Get("From"))
		require.NoError(t, err)
		require.Equal(t, "foyer@foyer.example", from.Address)
		require.Len(t, p.header, 11, "no header more, none less: %v", p.header)
		for _, line := range bytes.Split(raw, []byte("\r\n")) {
			require.LessOrEqual(t, len(line), 998, "RFC 5322 2.1.1")
			require.NotContains(t, string(line), "\n")
		}
		require.NotContains(t, decoded(t, p.header.Get("Subject")), "\u202e")
	})
}

func TestAddressesThatCannotStandInAnEnvelope(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Manners{})
	for _, to := range []string{"", "a", "a@", "@b", "a@b\r\nRCPT TO:<c@d>", "a b@c", "<a@b>", "a@b>", "a@b,c@d", "a@b\x00", "a..b@c", strings.Repeat("a", 65) + "@b", "a@b\u2028"} {
		m := simple()
		m.To = to
		require.Equal(t, visit.KindInvalid, visit.KindOf(mail.NewClient(config(server, nil)).Send(t.Context(), m)), to)
	}
	m := simple()
	m.To = "jörg@münchen.example"
	require.NoError(t, mail.NewClient(config(server, nil)).Send(t.Context(), m), "SMTPUTF8")
}

func TestPlan(t *testing.T) {
	t.Parallel()
	changed := func(fields string) visit.Event {
		return visit.Event{Kind: visit.EventVisitChanged, Data: map[string]any{"fields": fields}}
	}
	off := visit.MailSettings{Kinds: map[visit.MailKind]bool{visit.MailInvitation: false, visit.MailArrival: false, visit.MailCredentials: true}}
	for name, of := range map[string]struct {
		event    visit.Event
		settings visit.MailSettings
		want     []visit.Target
	}{
		"registered":     {event: visit.Event{Kind: visit.EventPreRegistered, Data: map[string]any{"walk_in": false}}, want: []visit.Target{"mail:invitation"}},
		"walk-in":        {event: visit.Event{Kind: visit.EventPreRegistered, Data: map[string]any{"walk_in": true}}},
		"switched off":   {event: visit.Event{Kind: visit.EventPreRegistered}, settings: off},
		"other time":     {event: changed("expected_arrival,purpose"), want: []visit.Target{"mail:changed"}},
		"other address":  {event: changed("email,expected_arrival"), want: []visit.Target{"mail:invitation"}},
		"other purpose":  {event: changed("purpose,host_email")},
		"checked in":     {event: visit.Event{Kind: visit.EventCheckedIn}, want: []visit.Target{"mail:arrival"}},
		"with password":  {event: visit.Event{Kind: visit.EventCheckedIn}, settings: off, want: []visit.Target{"mail:credentials"}},
		"password asked": {event: visit.Event{Kind: visit.EventCredentialsAsked}, want: []visit.Target{"mail:credentials"}},
		"password sent":  {event: visit.Event{Kind: visit.EventCredentialsSent}},
		"leaving":        {event: visit.Event{Kind: visit.EventLeavingSoon}, want: []visit.Target{"mail:leaving_soon", "mail:leaving_soon_host"}},
		"left":           {event: visit.Event{Kind: visit.EventCheckedOut}},
	} {
		var got []visit.Target
		for _, posting := range mail.Plan(of.event, of.settings) {
			got = append(got, posting.Target)
		}
		require.Equal(t, of.want, got, name)
	}
	away := mail.Plan(visit.Event{Kind: visit.EventAgentDisconnected, At: now}, visit.MailSettings{})
	require.Equal(t, []visit.Posting{{Target: "mail:agent_offline", DueAt: now.Add(5 * time.Minute)}}, away)
}
