package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type deliveries interface {
	Deliveries(ctx context.Context, scope store.Scope, hook visit.WebhookID, filter store.DeliveryFilter) (store.DeliveryPage, error)
	Delivery(ctx context.Context, scope store.Scope, hook visit.WebhookID, id visit.DeliveryID) (store.DeliveryRecord, []store.DeliveryAttempt, error)
	TestWebhook(ctx context.Context, by store.Caller, id visit.WebhookID) (visit.DeliveryID, error)
	ReplayDelivery(ctx context.Context, by store.Caller, hook visit.WebhookID, id visit.DeliveryID) (visit.DeliveryID, error)
	ReplayFailed(ctx context.Context, by store.Caller, hook visit.WebhookID, since time.Time) (int, error)
}

// Delivery is one event on its way to one target: where to and how it came out, and
// nothing of what was said or to which address.
type Delivery struct {
	ID            visit.DeliveryID    `json:"id"`
	EventID       visit.EventID       `json:"event_id"`
	Kind          visit.EventKind     `json:"kind" doc:"Of the event."`
	Target        string              `json:"target" enum:"webhook,mail"`
	Name          string              `json:"name" doc:"The webhook's, or the kind of mail."`
	Replay        int                 `json:"replay" doc:"0: the first; counted up each time it is sent again by hand."`
	SiteID        visit.SiteID        `json:"site_id,omitempty"`
	VisitID       visit.VisitID       `json:"visit_id,omitempty"`
	State         visit.DeliveryState `json:"state" enum:"pending,delivered,skipped,failed"`
	Reason        string              `json:"reason,omitempty" doc:"Of the state, a code."`
	Attempts      int                 `json:"attempts"`
	DueAt         time.Time           `json:"due_at"`
	NextAttemptAt *time.Time          `json:"next_attempt_at,omitempty"`
	EndedAt       *time.Time          `json:"ended_at,omitempty"`
	CreatedAt     time.Time           `json:"created_at"`
}

func deliveryOf(d store.DeliveryRecord) Delivery {
	sort, name := d.Target.Split()
	if sort == visit.TargetWebhook {
		name = d.TargetName
	}
	return Delivery{
		ID: d.ID, EventID: d.EventID, Kind: d.Kind, Target: sort, Name: name, Replay: d.Replay, SiteID: d.SiteID, VisitID: d.VisitID,
		State: d.State, Reason: d.Reason, Attempts: d.Attempts, DueAt: d.DueAt, NextAttemptAt: d.NextAttemptAt,
		EndedAt: d.EndedAt, CreatedAt: d.CreatedAt,
	}
}

// DeliveryAttempt is one attempt: codes and numbers.
type DeliveryAttempt struct {
	Attempt      int       `json:"attempt"`
	At           time.Time `json:"at"`
	Milliseconds int64     `json:"milliseconds"`
	Status       int       `json:"status,omitempty" doc:"The receiver's; absent: no answer."`
	Reason       string    `json:"reason,omitempty" doc:"Absent: accepted."`
}

func attemptOf(a store.DeliveryAttempt) DeliveryAttempt {
	return DeliveryAttempt{Attempt: a.Attempt, At: a.At, Milliseconds: a.Took.Milliseconds(), Status: a.Status, Reason: a.Reason}
}

type listDeliveriesInput struct {
	WebhookPath
	State visit.DeliveryState `query:"state" enum:"pending,delivered,skipped,failed"`
	PageInput
}

type listDeliveriesAnswer struct {
	Body struct {
		Items []Delivery `json:"items"`
		Next  string     `json:"next,omitempty" doc:"Cursor of the next page; absent at the end."`
	}
}

func (s *Server) listDeliveries(ctx context.Context, in *listDeliveriesInput) (*listDeliveriesAnswer, error) {
	page, err := s.Store.Deliveries(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Webhook, store.DeliveryFilter{State: in.State, Page: in.page()})
	if err != nil {
		return nil, err
	}
	a := &listDeliveriesAnswer{}
	a.Body.Items, a.Body.Next = each(page.Items, deliveryOf), page.Next
	return a, nil
}

// DeliveryPath is embedded by every request about one delivery of a webhook.
type DeliveryPath struct {
	WebhookPath
	Delivery visit.DeliveryID `path:"delivery" format:"uuid"`
}

type deliveryAnswer struct {
	Body struct {
		Delivery Delivery          `json:"delivery"`
		Attempts []DeliveryAttempt `json:"attempts"`
	}
}

func (s *Server) readDelivery(ctx context.Context, in *DeliveryPath) (*deliveryAnswer, error) {
	delivery, attempts, err := s.Store.Delivery(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Webhook, in.Delivery)
	if err != nil {
		return nil, err
	}
	a := &deliveryAnswer{}
	a.Body.Delivery, a.Body.Attempts = deliveryOf(delivery), each(attempts, attemptOf)
	return a, nil
}

type newDeliveryAnswer struct {
	Body struct {
		DeliveryID visit.DeliveryID `json:"delivery_id" doc:"On its way; read it to see how it comes out."`
	}
}

func newDelivery(id visit.DeliveryID, err error) (*newDeliveryAnswer, error) {
	if err != nil {
		return nil, err
	}
	a := &newDeliveryAnswer{}
	a.Body.DeliveryID = id
	return a, nil
}

func (s *Server) testWebhook(ctx context.Context, in *WebhookPath) (*newDeliveryAnswer, error) {
	return newDelivery(s.Store.TestWebhook(ctx, s.caller(ctx), in.Webhook))
}

func (s *Server) replayDelivery(ctx context.Context, in *DeliveryPath) (*newDeliveryAnswer, error) {
	return newDelivery(s.Store.ReplayDelivery(ctx, s.caller(ctx), in.Webhook, in.Delivery))
}

type replayFailedInput struct {
	WebhookPath
	Body struct {
		Since time.Time           `json:"since" doc:"Deliveries made since then."`
		State visit.DeliveryState `json:"state,omitempty" enum:"failed" default:"failed"`
	}
}

type replayFailedAnswer struct {
	Body struct {
		Replayed int  `json:"replayed"`
		More     bool `json:"more" doc:"There may be more: ask again."`
	}
}

func (s *Server) replayFailed(ctx context.Context, in *replayFailedInput) (*replayFailedAnswer, error) {
	n, err := s.Store.ReplayFailed(ctx, s.caller(ctx), in.Webhook, in.Body.Since)
	if err != nil {
		return nil, err
	}
	a := &replayFailedAnswer{}
	a.Body.Replayed, a.Body.More = n, n == store.MostReplayed
	return a, nil
}
