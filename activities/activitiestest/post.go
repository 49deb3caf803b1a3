package activitiestest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

// Post plays the part of the log of deliveries, and of the courier.
type Post struct {
	// Carry answers attempts; nil: everything is accepted.
	Carry func(d visit.Delivery) (visit.Receipt, error)
	// Fail is asked before each call of the log; its error is the call's.
	Fail func(step string) error

	mu         sync.Mutex // guards what follows
	deliveries map[visit.DeliveryID]*Letter
}

// Letter is a delivery as the post keeps it.
type Letter struct {
	visit.Delivery
	activities.Delivered
	Ends      []activities.AttemptEnd
	Postponed []time.Time
}

// Add puts a pending delivery into the log.
func (p *Post) Add(d visit.Delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deliveries[d.ID] = &Letter{Delivery: d, Delivered: activities.Delivered{State: visit.DeliveryPending}}
}

// Letter returns a copy of a delivery.
func (p *Post) Letter(id visit.DeliveryID) Letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := *p.deliveries[id]
	l.Ends, l.Postponed = slices.Clone(l.Ends), slices.Clone(l.Postponed)
	return l
}

// Change edits a delivery.
func (p *Post) Change(id visit.DeliveryID, edit func(*Letter)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	edit(p.deliveries[id])
}

func (p *Post) activities(now func() time.Time) *activities.Deliveries {
	return &activities.Deliveries{
		Log: p, Now: now, Couriers: map[string]activities.Courier{visit.TargetWebhook: courier{p}, visit.TargetMail: courier{p}},
		Schedule: func(attempts int) (time.Duration, bool) {
			return webhook.Pause(attempts, func() float64 { return 0.5 }) // to the second
		},
	}
}

type courier struct{ *Post }

// Carry implements activities.Courier.
func (c courier) Carry(_ context.Context, d visit.Delivery) (visit.Receipt, error) {
	if c.Post.Carry == nil {
		return visit.Receipt{Status: 204}, nil
	}
	return c.Post.Carry(d)
}

func (p *Post) enter(step string, id visit.DeliveryID) (*Letter, error) {
	if p.Fail != nil {
		if err := p.Fail(step); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	if l, ok := p.deliveries[id]; ok {
		return l, nil
	}
	p.mu.Unlock()
	return nil, visit.Errorf(visit.KindNotFound, "delivery_not_found", "There is no such delivery.")
}

// BeginAttempt implements activities.DeliveryLog.
func (p *Post) BeginAttempt(_ context.Context, id visit.DeliveryID) (visit.Delivery, activities.Delivered, error) {
	l, err := p.enter("BeginAttempt", id)
	if err != nil {
		return visit.Delivery{}, activities.Delivered{}, err
	}
	defer p.mu.Unlock()
	d := l.Delivery
	d.Attempt = l.Attempts + 1
	return d, l.Delivered, nil
}

// EndAttempt implements activities.DeliveryLog.
func (p *Post) EndAttempt(_ context.Context, end activities.AttemptEnd) error {
	l, err := p.enter("EndAttempt", end.Delivery)
	if err != nil {
		return err
	}
	defer p.mu.Unlock()
	l.Ends = append(l.Ends, end)
	l.Delivered = activities.Delivered{State: end.State, Reason: end.Reason, Attempts: end.Attempt, Status: end.Status}
	return nil
}

// PostponeDelivery implements activities.DeliveryLog.
func (p *Post) PostponeDelivery(_ context.Context, id visit.DeliveryID, until time.Time) error {
	l, err := p.enter("PostponeDelivery", id)
	if err != nil {
		return err
	}
	defer p.mu.Unlock()
	l.Postponed = append(l.Postponed, until)
	return nil
}

// FailDelivery implements activities.DeliveryLog.
func (p *Post) FailDelivery(_ context.Context, in activities.FailDeliveryInput) error {
	l, err := p.enter("FailDelivery", in.DeliveryID)
	if err != nil {
		return err
	}
	defer p.mu.Unlock()
	if l.State == visit.DeliveryPending {
		l.State, l.Reason = visit.DeliveryFailed, in.Reason
	}
	return nil
}
