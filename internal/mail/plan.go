package mail

import (
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// agentAwayFor is how long an agent may be away before anybody is told: a restart
// and a short cut are nobody's business.
const agentAwayFor = 5 * time.Minute

// kindsOf says which kinds an event gives rise to, whatever is switched on.
var kindsOf = map[visit.EventKind][]visit.MailKind{
	visit.EventPreRegistered:     {visit.MailInvitation},
	visit.EventVisitChanged:      {visit.MailInvitation, visit.MailChanged},
	visit.EventExtended:          {visit.MailChanged},
	visit.EventCancelled:         {visit.MailCancelled},
	visit.EventCheckedIn:         {visit.MailArrival, visit.MailCredentials},
	visit.EventCredentialsAsked:  {visit.MailCredentials},
	visit.EventLeavingSoon:       {visit.MailLeavingSoon, visit.MailLeavingSoonHost},
	visit.EventTerminationFailed: {visit.MailTerminationFailed},
	visit.EventAgentDisconnected: {visit.MailAgentOffline},
	visit.EventWebhookDisabled:   {visit.MailWebhookDisabled},
	visit.EventPresenceOverdue:   {visit.MailPresenceOverdue},
	visit.EventCRMAttention:      {visit.MailCRMAttention},

	visit.EventPasswordResetAsked: {visit.MailPasswordReset},
	visit.EventUserInvited:        {visit.MailAccount},
	visit.EventCodeRequested:      {visit.MailPortalCode},
	visit.EventSponsorAsked:       {visit.MailPortalSponsor},
	visit.EventMailTestAsked:      {Test},
}

// Plan returns the mails that an event gives rise to under its site's settings
// (the zero settings where it has no site). Whether there is an address, and
// whether it is still true, is found out when a mail is sent.
func Plan(e visit.Event, s visit.MailSettings) []visit.Posting {
	var mails []visit.Posting
	for _, kind := range kindsOf[e.Kind] {
		asked := e.Kind == visit.EventCredentialsAsked
		if !asked && !s.On(kind) || !called(e, kind) {
			continue
		}
		posting := visit.Posting{Target: visit.MailTarget(string(kind))}
		if kind == visit.MailAgentOffline {
			posting.DueAt = e.At.Add(agentAwayFor)
		}
		mails = append(mails, posting)
	}
	return mails
}

// called looks at what the event says of itself.
func called(e visit.Event, kind visit.MailKind) bool {
	switch e.Kind {
	case visit.EventCodeRequested:
		return e.Data["method"] == "email" // others get a text message, from whom they asked
	case visit.EventPreRegistered:
		walkIn, _ := e.Data["walk_in"].(bool)
		return !walkIn // they stand at the desk
	case visit.EventVisitChanged:
		text, _ := e.Data["fields"].(string)
		fields := strings.Split(text, ",")
		readdressed := slices.Contains(fields, "email")
		if kind == visit.MailInvitation {
			return readdressed // whoever has this address now has no invitation yet
		}
		return !readdressed && slices.ContainsFunc(fields, func(f string) bool {
			return f == "expected_arrival" || f == "expected_departure" || f == "host_name"
		})
	}
	return true
}
