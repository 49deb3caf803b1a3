package activities

import (
	"context"
	"errors"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// DeliverInput names a delivery: one event on its way to one target.
type DeliverInput struct {
	DeliveryID visit.DeliveryID `json:"delivery_id"`
	EventID    visit.EventID    `json:"event_id"`
	Target     visit.Target     `json:"target"`
}

// Delivered is how a delivery came out.
type Delivered struct {
	State    visit.DeliveryState `json:"state"`
	Reason   string              `json:"reason,omitempty"`
	Attempts int                 `json:"attempts"`
	Status   int                 `json:"status,omitempty"` // the receiver's last, of HTTP or SMTP
}

// FailDeliveryInput says that a delivery is given up without a further attempt.
type FailDeliveryInput struct {
	DeliveryID visit.DeliveryID `json:"delivery_id"`
	Reason     string           `json:"reason"`
}

// AttemptEnd is what one attempt brought, and what follows from it.
type AttemptEnd struct {
	Delivery visit.DeliveryID
	Attempt  int
	At       time.Time // it began
	Took     time.Duration
	Status   int    // the receiver's; 0: no answer
	Code     string // why it was not accepted; empty: it was
	State    visit.DeliveryState
	Reason   string    // of the state
	NextAt   time.Time // of the next attempt, while pending
}

// Courier carries deliveries of one sort of target. It is safe for concurrent use.
//
// A nil error means that the receiver has it, or that there was nothing to deliver
// (Receipt.Skipped). An error with an empty receipt means that nothing was sent
// (the database is away, others are before us, the receiver asked for a pause): it
// is no attempt, and is tried again after its RetryAfter. Any other error is an
// attempt that failed. Errors of KindInvalid, KindForbidden, KindNotFound, KindGone
// and KindConflict end the delivery either way; others are tried again as the
// schedule says, and not before their RetryAfter. An error's code, or the receipt's
// Reason where it has one, is kept; its text is logged.
type Courier interface {
	Carry(ctx context.Context, d visit.Delivery) (visit.Receipt, error)
}

// DeliveryLog keeps deliveries and what every attempt brought.
type DeliveryLog interface {
	// BeginAttempt returns the delivery with the number of the attempt to make. One
	// that has ended is returned with its end, and is not to be carried again.
	// Errors: KindNotFound, KindUnavailable.
	BeginAttempt(ctx context.Context, id visit.DeliveryID) (visit.Delivery, Delivered, error)
	// EndAttempt records an attempt, once for each number, and how the delivery
	// stands after it.
	EndAttempt(ctx context.Context, end AttemptEnd) error
	// PostponeDelivery notes when it is worth while to try again.
	PostponeDelivery(ctx context.Context, id visit.DeliveryID, until time.Time) error
	// FailDelivery ends a pending delivery.
	FailDelivery(ctx context.Context, in FailDeliveryInput) error
}

// Deliveries are the activities that carry events out of the deployment.
type Deliveries struct {
	Log      DeliveryLog
	Couriers map[string]Courier // by sort of target
	// Schedule says how long to wait after so many attempts; not ok: that was the last.
	Schedule func(attempts int) (wait time.Duration, ok bool)
	// Attempted hears of each attempt, for counting; nil: nobody does.
	Attempted func(sort string, end AttemptEnd)
	Now       func() time.Time
}

const (
	// recordFor is what recording an attempt may take, also when its own time is up:
	// what was sent has been sent.
	recordFor = 10 * time.Second
	// longestWait bounds what a receiver may ask for.
	longestWait = 24 * time.Hour
)

// Deliver makes one attempt at a delivery. It returns how the delivery came out once
// it has ended, failed ones too; while it has not, its error asks for the next
// attempt.
func (d *Deliveries) Deliver(ctx context.Context, in DeliverInput) (Delivered, error) {
	delivery, already, err := d.Log.BeginAttempt(ctx, in.DeliveryID)
	if err != nil || already.State != visit.DeliveryPending {
		return already, err
	}
	began := d.Now()
	receipt, failure := d.carry(ctx, delivery)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordFor)
	defer cancel()
	if failure != nil && receipt == (visit.Receipt{}) && !final(visit.KindOf(failure)) {
		return Delivered{}, d.postpone(ctx, in.DeliveryID, failure)
	}
	end := d.judge(delivery, receipt, failure)
	end.At, end.Took = began, d.Now().Sub(began)
	if end.State == visit.DeliveryPending {
		end.NextAt = d.Now().Add(end.wait)
	}
	if err := d.Log.EndAttempt(ctx, end.AttemptEnd); err != nil {
		return Delivered{}, err
	}
	if d.Attempted != nil {
		sort, _ := delivery.Target.Split()
		d.Attempted(sort, end.AttemptEnd)
	}
	if end.State == visit.DeliveryPending {
		return Delivered{}, again(failure, end.Code, end.wait)
	}
	return Delivered{State: end.State, Reason: end.Reason, Attempts: end.Attempt, Status: end.Status}, nil
}

func (d *Deliveries) carry(ctx context.Context, delivery visit.Delivery) (visit.Receipt, error) {
	sort, _ := delivery.Target.Split()
	courier, ok := d.Couriers[sort]
	if !ok {
		return visit.Receipt{}, visit.Errorf(visit.KindUnavailable, "no_courier", "This process carries nothing to such a target.")
	}
	return courier.Carry(ctx, delivery)
}

// worthNoting is how long a delivery is held back before that is written down:
// where many wait for one endpoint, being turned away must cost next to nothing.
const worthNoting = time.Minute

// postpone passes on why nothing was sent, and notes when it will be.
func (d *Deliveries) postpone(ctx context.Context, id visit.DeliveryID, failure error) error {
	after := retryAfter(failure)
	if after < worthNoting {
		return failure
	}
	if err := d.Log.PostponeDelivery(ctx, id, d.Now().Add(after)); err != nil {
		return err
	}
	return failure
}

// judged is an attempt's end and, while the delivery is pending, how long to wait.
type judged struct {
	AttemptEnd
	wait time.Duration
}

// judge decides what follows from an attempt.
func (d *Deliveries) judge(delivery visit.Delivery, receipt visit.Receipt, failure error) judged {
	end := judged{AttemptEnd: AttemptEnd{
		Delivery: delivery.ID, Attempt: delivery.Attempt, Status: receipt.Status, Code: receipt.Reason,
	}}
	if failure == nil {
		end.State, end.Reason = visit.DeliveryDelivered, receipt.Reason
		if receipt.Skipped {
			end.State = visit.DeliverySkipped
		}
		return end
	}
	if end.Code == "" {
		end.Code = codeOf(failure)
	}
	wait, more := d.Schedule(delivery.Attempt)
	switch {
	case final(visit.KindOf(failure)):
		end.State, end.Reason = visit.DeliveryFailed, end.Code
	case !more:
		end.State, end.Reason = visit.DeliveryFailed, visit.DeliveryExhausted
	default:
		end.State, end.wait = visit.DeliveryPending, max(wait, min(retryAfter(failure), longestWait))
	}
	return end
}

// again is the error that asks Temporal for the next attempt.
func again(failure error, code string, after time.Duration) error {
	return &visit.Error{
		Kind: visit.KindUnavailable, Code: code, Message: "trying again in " + after.Round(time.Second).String(), Err: failure, RetryAfter: after,
	}
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*visit.Error](err); ok {
		return e.Code
	}
	return string(visit.KindInternal)
}

func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*visit.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// FailDelivery ends a delivery whose time is over or that an operator cancelled.
func (d *Deliveries) FailDelivery(ctx context.Context, in FailDeliveryInput) (GivenUp, error) {
	err := d.Log.FailDelivery(ctx, in)
	return GivenUp{Recorded: err == nil}, err
}
