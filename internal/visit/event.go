package visit

import "time"

// EventKind names what happened. Names are interface: webhooks carry them.
type EventKind string

// The kinds of event.
const (
	EventPreRegistered     EventKind = "visitor.pre_registered"
	EventCheckedIn         EventKind = "visitor.checked_in"
	EventCheckedOut        EventKind = "visitor.checked_out"
	EventExpired           EventKind = "visitor.expired"
	EventCancelled         EventKind = "visitor.cancelled"
	EventNoShow            EventKind = "visitor.no_show"
	EventExtended          EventKind = "visitor.extended"
	EventSessionStarted    EventKind = "session.started"
	EventSessionEnded      EventKind = "session.ended"
	EventSessionTerminated EventKind = "session.terminated"
	EventTerminationFailed EventKind = "session.termination_failed"
	EventAgentConnected    EventKind = "agent.connected"
	EventAgentDisconnected EventKind = "agent.disconnected"
	EventPersonErased      EventKind = "person.erased" // its data holds the person's id alone
)

// Events that are not of the interface's list but of a visit's own record.
const (
	EventVisitChanged    EventKind = "visit.changed"
	EventLeftConfirmed   EventKind = "visit.left_confirmed"
	EventVoucherReissued EventKind = "voucher.reissued"
	EventVoucherRevealed EventKind = "voucher.revealed"
	EventVoucherWiped    EventKind = "voucher.wiped"
	EventVisitSealed     EventKind = "visit.sealed"
	EventLeavingSoon     EventKind = "visit.leaving_soon"     // the departure is near
	EventPresenceOverdue EventKind = "visit.presence_overdue" // nobody has said for long whether the visitor left
	EventVisitPurged     EventKind = "visit.purged"           // its personal data is gone
	EventCRMAttention    EventKind = "crm.needs_attention"    // the CRM refused the visit for good
	EventCredentialsSent EventKind = "voucher.mailed"         // credentials left by mail

	EventCredentialsAsked EventKind = "voucher.mail_requested" // somebody asked for them to be mailed

	EventDisconnectAsked  EventKind = "session.disconnect_requested" // of one device, while its visit goes on
	EventDisconnectFailed EventKind = "session.disconnect_failed"    // that came to nothing, or to nothing certain
)

// Events of accesses, which belong to no visit. Their data holds ids, kinds, numbers
// and instants.
const (
	EventAccessStarted EventKind = "access.started" // a roll code's first use
	EventAccessChanged EventKind = "access.changed" // its end moved, or it goes on after one
	EventAccessEnded   EventKind = "access.ended"
)

// Events that ask for a link to set a password to be mailed. Their data holds the
// user's id alone; they are of the deployment.
const (
	EventPasswordResetAsked EventKind = "user.password_reset_requested"
	EventUserInvited        EventKind = "user.invited"
)

// Events of registrations at a portal. Their data holds ids and kinds; the first two
// give rise to mail, which is made of the registration's row.
const (
	EventCodeRequested       EventKind = "registration.code_requested"
	EventSponsorAsked        EventKind = "registration.sponsor_asked"
	EventRegistrationDecided EventKind = "registration.decided"
)

// Events of roll calls, for live screens. Their data holds ids, kinds and numbers.
const (
	EventRollCallStarted EventKind = "roll_call.started" // also when a drill becomes real
	EventRollCallMarked  EventKind = "roll_call.marked"
	EventRollCallEnded   EventKind = "roll_call.ended"
)

// Events about what goes out.
const (
	EventWebhookDisabled EventKind = "webhook.disabled"
	EventWebhookTest     EventKind = "webhook.test" // asked for by hand
	// EventMailTestAsked asks for a test mail to a user; its data holds their id alone.
	EventMailTestAsked EventKind = "mail.test_requested"
)

// Outward lists the kinds that webhooks may subscribe to.
func Outward() []EventKind {
	return []EventKind{
		EventPreRegistered, EventCheckedIn, EventCheckedOut, EventExpired, EventCancelled, EventNoShow, EventExtended,
		EventSessionStarted, EventSessionEnded, EventSessionTerminated, EventTerminationFailed,
		EventAgentConnected, EventAgentDisconnected, EventPersonErased,
	}
}

// Terminal reports whether k ends a visit; a visit has at most one such event.
func (k EventKind) Terminal() bool {
	switch k {
	case EventCheckedOut, EventExpired, EventCancelled, EventNoShow:
		return true
	}
	return false
}

// TerminalEvent returns the event that announces an end state.
func TerminalEvent(s Status) EventKind {
	switch s {
	case CheckedOut:
		return EventCheckedOut
	case Expired:
		return EventExpired
	case Cancelled:
		return EventCancelled
	case NoShow:
		return EventNoShow
	case PreRegistered, CheckedIn:
	}
	return ""
}

// Event is a row of the record of what happened. Data holds ids, kinds, field
// names, instants and numbers only, never personal data.
type Event struct {
	ID      EventID
	Kind    EventKind
	SiteID  SiteID
	VisitID VisitID // empty for events of agents
	AgentID AgentID // for events of agents
	Actor   string
	At      time.Time
	Data    map[string]any
}
