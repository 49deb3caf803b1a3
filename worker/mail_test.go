package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/mail"
	"github.com/foyerhq/foyer/internal/mail/mailtest"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
)

var _ MailStore = (*store.Store)(nil)

// postOffice is the courier on the real store, with a mail server.
type postOffice struct {
	*storetest.Bench
	mails  *Mails
	server *mailtest.Server
	site   visit.Site
}

var clerk = store.Caller{Actor: "user:desk", Scope: store.Everything}

func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	o := &postOffice{Bench: storetest.New(t), server: mailtest.Start(t, mailtest.Manners{})}
	client := mail.NewClient(mail.Config{
		Server: mail.Server{Host: o.server.Host, Port: o.server.Port}, TLS: o.server.TLS.Clone(), Within: 20 * time.Second,
	})
	o.mails = &Mails{
		Store: o.Store, Send: client.Send, Writer: mail.Writer{From: "foyer@foyer.example", PublicURL: "https://foyer.example", Keys: o.Keyring},
		Operators: []string{"deployment@operator.example"}, Hash: o.Keyring.MAC, Now: o.Clock.Now,
	}
	var err error
	o.site, err = o.CreateSite(t.Context(), clerk, visit.Site{Name: "Berlin", Timezone: "Europe/Berlin"})
	require.NoError(t, err)
	return o
}

func (o *postOffice) visit(t *testing.T, checkIn bool) visit.VisitID {
	t.Helper()
	out, err := o.Register(t.Context(), clerk, visit.Registration{
		SiteID: o.site.ID, Visitor: visit.Visitor{FirstName: "Ada", LastName: "Quill", Email: "ada@example.org"},
		Host: visit.Host{Name: "Grace Stone", Email: "grace@example.org"}, ExpectedDeparture: o.Clock.Now().Add(time.Hour),
	}, store.RegisterOptions{CheckIn: checkIn})
	require.NoError(t, err)
	if checkIn {
		_, err = o.IssueVoucher(t.Context(), out.Visit.ID, store.Workflow)
		require.NoError(t, err)
	}
	return out.Visit.ID
}

// event is the visit's last event of a kind, as the relay reads it.
func (o *postOffice) event(t *testing.T, id visit.VisitID, kind visit.EventKind) visit.Event {
	t.Helper()
	page, err := o.Events(t.Context(), store.Everything, store.EventFilter{VisitID: id, Kinds: []visit.EventKind{kind}})
	require.NoError(t, err)
	require.NotEmpty(t, page.Items, kind)
	return page.Items[0]
}

func (o *postOffice) carry(t *testing.T, kind visit.MailKind, e visit.Event) (visit.Receipt, error) {
	t.Helper()
	return o.mails.Carry(t.Context(), visit.Delivery{ID: "delivery-1", Event: e, Target: visit.MailTarget(string(kind)), Attempt: 1})
}

// sent carries a mail that must arrive, and returns it.
func (o *postOffice) sent(t *testing.T, kind visit.MailKind, e visit.Event) mailtest.Taken {
	t.Helper()
	before := len(o.server.Taken())
	receipt, err := o.carry(t, kind, e)
	require.NoError(t, err)
	require.Equal(t, visit.Receipt{Status: 250}, receipt)
	taken := o.server.Taken()
	require.Len(t, taken, before+1)
	return taken[before]
}

func (o *postOffice) skipped(t *testing.T, kind visit.MailKind, e visit.Event, reason string) {
	t.Helper()
	before := len(o.server.Taken())
	receipt, err := o.carry(t, kind, e)
	require.NoError(t, err)
	require.Equal(t, visit.Receipt{Reason: reason, Skipped: true}, receipt)
	require.Len(t, o.server.Taken(), before)
}

func TestWhatGoesToWhom(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t)
	waiting := o.visit(t, false)
	invited := o.event(t, waiting, visit.EventPreRegistered)
	require.Equal(t, "ada@example.org", o.sent(t, visit.MailInvitation, invited).To)
	require.Equal(t, "ada@example.org", o.sent(t, visit.MailChanged, invited).To)
	o.skipped(t, visit.MailCancelled, invited, "no_longer_true")
	_, err := o.Cancel(t.Context(), clerk, waiting)
	require.NoError(t, err)
	o.skipped(t, visit.MailInvitation, invited, "no_longer_true")
	require.Equal(t, "ada@example.org", o.sent(t, visit.MailCancelled, o.event(t, waiting, visit.EventCancelled)).To)

	present := o.visit(t, true)
	arrived := o.event(t, present, visit.EventCheckedIn)
	require.Equal(t, "grace@example.org", o.sent(t, visit.MailArrival, arrived).To)
	o.skipped(t, visit.MailCredentials, arrived, "switched_off")
	o.Clock.Advance(50 * time.Minute)
	n, err := o.LeavingSoon(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	soon := o.event(t, present, visit.EventLeavingSoon)
	require.Equal(t, "ada@example.org", o.sent(t, visit.MailLeavingSoon, soon).To)
	require.Equal(t, "grace@example.org", o.sent(t, visit.MailLeavingSoonHost, soon).To)
	_, err = o.Move(t.Context(), clerk, present, o.Clock.Now().Add(time.Hour))
	require.NoError(t, err)
	o.skipped(t, visit.MailLeavingSoon, soon, "no_longer_true")

	_, err = o.Change(t.Context(), clerk, present, store.VisitChange{HostEmail: new("")})
	require.NoError(t, err)
	o.skipped(t, visit.MailArrival, arrived, "no_address")
	_, err = o.Change(t.Context(), clerk, present, store.VisitChange{HostEmail: new("a..b@c")})
	require.NoError(t, err)
	_, err = o.carry(t, visit.MailArrival, arrived)
	require.Equal(t, visit.KindInvalid, visit.KindOf(err), "an address that cannot be")

	failed := visit.Event{Kind: visit.EventTerminationFailed, SiteID: o.site.ID, VisitID: present, At: o.Clock.Now()}
	require.Equal(t, "deployment@operator.example", o.sent(t, visit.MailTerminationFailed, failed).To)
	o.mails.Send = nil
	o.skipped(t, visit.MailTerminationFailed, failed, "mail_off")
}

func TestATestMailGoesToWhoAsked(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t)
	user, err := o.CreateUser(t.Context(), clerk, store.NewUser{Email: "ada@example.org", Role: "site_manager", Scope: store.Everything})
	require.NoError(t, err)
	asked := visit.Event{Kind: visit.EventMailTestAsked, SiteID: o.site.ID, At: o.Clock.Now(), Data: map[string]any{"user_id": user.ID}}
	require.Equal(t, "ada@example.org", o.sent(t, mail.Test, asked).To)
	_, err = o.ChangeUser(t.Context(), clerk, user.ID, store.UserChange{Disabled: new(true)}, func(_, _ store.User) error { return nil })
	require.NoError(t, err)
	o.skipped(t, mail.Test, asked, "no_longer_true")
}

func TestCredentialsByMail(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t)
	id := o.visit(t, true)
	_, err := o.AskCredentialsMail(t.Context(), clerk, id)
	require.NoError(t, err)
	asked := o.event(t, id, visit.EventCredentialsAsked)
	credentials, _, err := o.Credentials(t.Context(), id)
	require.NoError(t, err)

	o.server.Behave(mailtest.Manners{Recipient: 450})
	receipt, err := o.carry(t, visit.MailCredentials, asked)
	require.Equal(t, visit.KindUnavailable, visit.KindOf(err))
	require.Equal(t, visit.Receipt{Status: 450, Reason: "mail_deferred"}, receipt)
	o.server.Behave(mailtest.Manners{})
	taken := o.sent(t, visit.MailCredentials, asked)
	require.Equal(t, "ada@example.org", taken.To)
	require.Contains(t, string(taken.Raw), credentials.Password)
	events, err := o.Events(t.Context(), store.Everything, store.EventFilter{VisitID: id, Kinds: []visit.EventKind{visit.EventCredentialsSent}})
	require.NoError(t, err)
	require.Len(t, events.Items, 1, "one delivery, however often it was tried")

	_, err = o.RequestCheckOut(t.Context(), clerk, id)
	require.NoError(t, err)
	_, err = o.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Workflow})
	require.NoError(t, err)
	o.skipped(t, visit.MailCredentials, asked, "no_longer_true")
}

func TestAnAgentThatIsBackIsNoNews(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t)
	agent, _, err := o.CreateAgent(t.Context(), clerk, o.site.ID, "ber-1")
	require.NoError(t, err)
	gone := visit.Event{Kind: visit.EventAgentDisconnected, SiteID: o.site.ID, AgentID: agent.ID, At: o.Clock.Now()}
	require.Contains(t, string(o.sent(t, visit.MailAgentOffline, gone).Raw), "ber-1")
	gone.AgentID = "01890a5d-ac96-774b-bcce-b302099a8057"
	o.skipped(t, visit.MailAgentOffline, gone, "no_longer_true")
	gone.AgentID = agent.ID
	require.NoError(t, o.WithdrawAgent(t.Context(), clerk, o.site.ID, agent.ID))
	o.skipped(t, visit.MailAgentOffline, gone, "no_longer_true")
}

// Nobody's mailbox is filled: news of the moment beyond the limit is dropped and
// seen as dropped, the rest waits for the next hour, and alarms say which is their
// last.
func TestManyMails(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t)
	arrived := o.event(t, o.visit(t, true), visit.EventCheckedIn)
	invited := o.event(t, o.visit(t, false), visit.EventPreRegistered)
	send := o.mails.Send
	o.mails.Send = func(context.Context, mail.Message) error { return nil }
	for range recipientHourly {
		for kind, e := range map[visit.MailKind]visit.Event{visit.MailArrival: arrived, visit.MailInvitation: invited} {
			_, err := o.carry(t, kind, e)
			require.NoError(t, err)
		}
	}
	o.mails.Send = send
	o.skipped(t, visit.MailArrival, arrived, "rate_limited")
	receipt, err := o.carry(t, visit.MailInvitation, invited)
	require.Equal(t, visit.Receipt{}, receipt, "no attempt")
	require.Equal(t, visit.KindLimited, visit.KindOf(err))
	until := o.Clock.Now().Truncate(time.Hour).Add(time.Hour)
	limited, ok := errors.AsType[*visit.Error](err)
	require.True(t, ok)
	require.Equal(t, until.Sub(o.Clock.Now()), limited.RetryAfter)

	alarm := visit.Event{Kind: visit.EventCRMAttention, SiteID: o.site.ID, VisitID: arrived.VisitID, At: o.Clock.Now()}
	for i := 1; i <= alarmsHourly; i++ {
		raw := string(o.sent(t, visit.MailCRMAttention, alarm).Raw)
		require.Equal(t, i == alarmsHourly, strings.Contains(raw, "not mailed again"), "the last one says so")
	}
	o.skipped(t, visit.MailCRMAttention, alarm, "coalesced")
	require.NotEmpty(t, o.sent(t, visit.MailTerminationFailed, alarm), "another kind of alarm")
	o.Clock.Advance(time.Hour)
	require.NotEmpty(t, o.sent(t, visit.MailCRMAttention, alarm))
}

// A mail that was not sent does not count.
func TestTriesDoNotUseUpTheHour(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t)
	invited := o.event(t, o.visit(t, false), visit.EventPreRegistered)
	send := o.mails.Send
	o.mails.Send = func(context.Context, mail.Message) error { return visit.Unavailable("mail", nil) }
	for range recipientHourly + 1 {
		_, err := o.carry(t, visit.MailInvitation, invited)
		require.Equal(t, visit.KindUnavailable, visit.KindOf(err))
	}
	o.mails.Send = send
	o.sent(t, visit.MailInvitation, invited)
}

// One operator's wrong address neither holds an alarm back from the others nor
// repeats it to them.
func TestOperatorsOneByOne(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t)
	_, err := o.SetMailSettings(t.Context(), clerk, o.site.ID, visit.MailSettings{Operators: []string{"one@operator.example", "two@operator.example"}})
	require.NoError(t, err)
	alarm := visit.Event{Kind: visit.EventTerminationFailed, SiteID: o.site.ID, VisitID: o.visit(t, true), At: o.Clock.Now()}
	o.server.Behave(mailtest.Manners{Recipient: 550, Once: true})
	receipt, err := o.carry(t, visit.MailTerminationFailed, alarm)
	require.NoError(t, err)
	require.Equal(t, visit.Receipt{Status: 250, Reason: "partly"}, receipt)
	require.Equal(t, "two@operator.example", o.server.Taken()[0].To)
	o.server.Behave(mailtest.Manners{Recipient: 550})
	receipt, err = o.carry(t, visit.MailTerminationFailed, alarm)
	require.Equal(t, visit.KindInvalid, visit.KindOf(err), "nobody was reached")
	require.Equal(t, visit.Receipt{Status: 550, Reason: "mail_rejected"}, receipt)
	require.NotContains(t, fmt.Sprintf("%v %v", err, errors.Unwrap(err)), "operator.example")
}

func TestALinkToSetAPassword(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t)
	user, err := o.CreateUser(t.Context(), clerk, store.NewUser{Email: "staff@example.org", Name: "Grace Stone", Role: "reception", Scope: store.Everything})
	require.NoError(t, err)
	asked := visit.Event{Kind: visit.EventPasswordResetAsked, Data: map[string]any{"user_id": user.ID}, At: o.Clock.Now()}
	taken := o.sent(t, visit.MailPasswordReset, asked)
	require.Equal(t, "staff@example.org", taken.To)
	require.Contains(t, string(taken.Raw), "https://foyer.example/reset#")
	invited := visit.Event{Kind: visit.EventUserInvited, Data: asked.Data, At: asked.At}
	taken = o.sent(t, visit.MailAccount, invited)
	require.Contains(t, string(taken.Raw), "https://foyer.example/reset#")
	require.Contains(t, string(taken.Raw), "account for you")
	o.Clock.Advance(time.Hour + time.Second)
	o.skipped(t, visit.MailPasswordReset, asked, "no_longer_true")
	o.Clock.Advance(72 * time.Hour)
	o.skipped(t, visit.MailAccount, invited, "no_longer_true")
	asked.Data["user_id"] = "01890a5d-ac96-774b-bcce-b302099a8057"
	o.skipped(t, visit.MailPasswordReset, asked, "no_longer_true")
}
