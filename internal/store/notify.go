package store

import (
	"github.com/foyerhq/foyer/internal/visit"
)

// NotificationKind says what changed.
type NotificationKind string

// The kinds of notification. They only wake: the tables hold the truth.
const (
	NotifyLedger  NotificationKind = "ledger"  // a site's agents have something to follow
	NotifyCommand NotificationKind = "command" // sessions are to be ended; object: visit
	NotifyAgent   NotificationKind = "agent"   // withdrawn, replaced or quarantined; object: agent
	NotifyVisit   NotificationKind = "visit"   // object: visit
	NotifyAck     NotificationKind = "ack"     // an agent acknowledged; object: agent
	NotifyEvent   NotificationKind = "event"   // new events
	NotifyResync  NotificationKind = "resync"  // local: the connection was remade, anything may have changed
)

// Notification is a hint that something changed. It holds ids only.
type Notification struct {
	Kind   NotificationKind
	SiteID visit.SiteID // empty: of the deployment
	Object string
}
