package visit

import (
	"strings"
	"time"
)

// Identifiers of what goes out.
type (
	DeliveryID   string
	WebhookID    string
	CRMAccountID string
	ErasureID    string
)

// Target is where a delivery goes: "webhook:<id>" or "mail:<kind>".
type Target string

// The sorts of target, and what a target is made of.
const (
	TargetWebhook = "webhook"
	TargetMail    = "mail"
)

// WebhookTarget is a customer's endpoint.
func WebhookTarget(id WebhookID) Target { return Target(TargetWebhook + ":" + string(id)) }

// MailTarget is the mail of a kind that an event gives rise to.
func MailTarget(kind string) Target { return Target(TargetMail + ":" + kind) }

// Split returns the target's sort and the rest.
func (t Target) Split() (sort, name string) {
	sort, name, _ = strings.Cut(string(t), ":")
	return sort, name
}

// Posting is a delivery that an event gives rise to.
type Posting struct {
	Target Target
	DueAt  time.Time // not to be tried before; zero: at once
}

// DeliveryState is how a delivery stands. Names are interface.
type DeliveryState string

// The states of a delivery; all but the first are final.
const (
	DeliveryPending   DeliveryState = "pending"
	DeliveryDelivered DeliveryState = "delivered"
	DeliverySkipped   DeliveryState = "skipped" // there was nothing to deliver, or nobody to deliver it to any more
	DeliveryFailed    DeliveryState = "failed"
)

// Why a delivery failed where no attempt's own code says it.
const (
	DeliveryExhausted = "exhausted" // every attempt of the schedule was made
	DeliveryCancelled = "cancelled" // its workflow was cancelled by an operator
)

// ActorDeliveries is who disables an endpoint that answered that it is gone.
const ActorDeliveries = "system:deliveries"

// Delivery is one event on its way to one target. It holds ids only; whoever
// carries it reads what it is to say from the rows, which may have been purged.
type Delivery struct {
	ID        DeliveryID
	Event     Event
	Target    Target
	Replay    int // 0: the first; counted up when somebody asks for it again
	Attempt   int // from 1
	CreatedAt time.Time
}

// Receipt is what carrying a delivery once brought. Reason is a code, Status the
// receiver's, of HTTP or SMTP, 0 without an answer.
type Receipt struct {
	Status  int
	Reason  string
	Skipped bool // there was nothing to deliver: no address, switched off, no longer true
}
