package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"go.uber.org/fx"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/mail"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
	"github.com/foyerhq/foyer/worker"
)

// Outward is whom the deployment may call: webhooks, CRMs and SMS alike.
type Outward struct {
	OutwardAllow []string `name:"outward-allow" help:"Networks that webhooks, CRMs, SMS and peers may reach although they are not public, also by plain http." env:"FOYER_OUTWARD_ALLOW"`
}

// guard returns what addresses are checked by when they are dialled.
func (o Outward) guard() (webhook.Guard, error) {
	var guard webhook.Guard
	for _, text := range o.OutwardAllow {
		if text == "" { // a variable that is set to nothing
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return guard, errors.New("--outward-allow wants networks, such as 10.1.0.0/16")
		}
		guard.Allowed = append(guard.Allowed, network.Masked())
	}
	return guard, nil
}

// explained adds to a refusal what lies beneath it, for an operator at the shell.
func explained(err error) error {
	if e, ok := errors.AsType[*visit.Error](err); ok && e.Err != nil {
		return fmt.Errorf("%w (%w)", e, e.Err)
	}
	return err
}

// newCouriers makes what carries deliveries, by sort of target.
func newCouriers(lc fx.Lifecycle, s *store.Store, mails *worker.Mails, o Outward, log *slog.Logger) (map[string]activities.Courier, error) {
	guard, err := o.guard()
	if err != nil {
		return nil, err
	}
	client := webhook.New(webhook.Options{Guard: guard})
	lc.Append(fx.Hook{OnStop: func(context.Context) error { client.Close(); return nil }})
	return map[string]activities.Courier{
		visit.TargetWebhook: &worker.Webhooks{
			Store: s, Sender: client, Gate: worker.NewWebhookGate(time.Now), Logger: log.With("part", "webhooks"), Now: time.Now,
		},
		visit.TargetMail: mails,
	}, nil
}

// newPeers makes what sends zones of roll codes to other deployments.
func newPeers(s *store.Store, o Outward) (*worker.Peers, error) {
	guard, err := o.guard()
	if err != nil {
		return nil, err
	}
	return &worker.Peers{Store: s, Client: webhook.HTTPClient(webhook.Options{Guard: guard})}, nil
}

// mailPlan says which mails events give rise to. Where mail is off that is only what
// somebody asked for, who then sees why it was not sent: a delivery costs a workflow.
func mailPlan(mails *worker.Mails) store.MailPlan {
	if mails.Send != nil {
		return mail.Plan
	}
	return func(e visit.Event, settings visit.MailSettings) []visit.Posting {
		if e.Kind != visit.EventCredentialsAsked && e.Kind != visit.EventMailTestAsked {
			return nil
		}
		return mail.Plan(e, settings)
	}
}
