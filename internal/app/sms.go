package app

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/fx"

	"github.com/foyerhq/foyer/api/portal"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/sms"
	"github.com/foyerhq/foyer/internal/store"
)

// SMS is how codes leave. Without a gateway, or without a prefix, none do.
type SMS struct {
	SMSURL         string   `name:"sms-url" help:"Gateway that sends SMS by an HTTP POST; empty for none." env:"FOYER_SMS_URL" secret:""`
	SMSHeader      string   `name:"sms-header" help:"Header that signs in there, such as Authorization: Bearer …" env:"FOYER_SMS_HEADER" secret:""`
	SMSBody        string   `name:"sms-body" help:"Body with {to}, {text} and {from}; empty for a JSON object of the three." env:"FOYER_SMS_BODY"`
	SMSContentType string   `name:"sms-content-type" help:"application/json or application/x-www-form-urlencoded." default:"application/json" env:"FOYER_SMS_CONTENT_TYPE"`
	SMSFrom        string   `name:"sms-from" help:"Sender, for {from}." env:"FOYER_SMS_FROM"`
	SMSSuccess     string   `name:"sms-success" help:"What an answer must contain to count, besides being 2xx." env:"FOYER_SMS_SUCCESS"`
	SMSPrefixes    []string `name:"sms-prefixes" help:"What numbers must begin with, such as +49; none: nothing is sent." env:"FOYER_SMS_PREFIXES"`
	SMSPerNumber   int      `name:"sms-per-number" help:"Codes to a number in an hour." default:"3" env:"FOYER_SMS_PER_NUMBER"`
	SMSPerSite     int      `name:"sms-per-site" help:"Codes of a site in an hour." default:"60" env:"FOYER_SMS_PER_SITE"`
	SMSCost        int64    `name:"sms-cost" help:"Of one message, in hundredths of the account's currency." env:"FOYER_SMS_COST"`
	SMSCostCap     int64    `name:"sms-cost-cap" help:"Of a site in a day, in hundredths; 0 for none." env:"FOYER_SMS_COST_CAP"`
}

const smsBody = `{"to":"{to}","text":"{text}","from":"{from}"}`

// config lacks Store and Hash.
func (s SMS) config(o Outward) (sms.Config, error) {
	if s.SMSURL == "" {
		return sms.Config{}, errors.New("SMS is off: there is no --sms-url")
	}
	guard, err := o.guard()
	body := s.SMSBody
	if body == "" {
		body = smsBody
	}
	return sms.Config{
		Gateway: sms.Gateway{
			URL: s.SMSURL, Body: body, ContentType: s.SMSContentType, From: s.SMSFrom, Header: s.SMSHeader, Success: s.SMSSuccess,
		},
		Prefixes: s.SMSPrefixes, PerNumber: s.SMSPerNumber, PerSite: s.SMSPerSite, Cost: s.SMSCost, CostCap: s.SMSCostCap, Guard: guard,
	}, err
}

// newTexter makes what sends guests their codes; nil where SMS is off.
func newTexter(lc fx.Lifecycle, s *store.Store, c SMS, o Outward, ring *seal.Keyring) (portal.Texter, error) {
	if c.SMSURL == "" || len(c.SMSPrefixes) == 0 {
		return nil, nil
	}
	config, err := c.config(o)
	if err != nil {
		return nil, err
	}
	config.Store, config.Hash = s, ring.MAC
	sender, err := sms.New(config)
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(sender.Close))
	return sender, nil
}

// SMSCommands look after SMS.
type SMSCommands struct {
	Test SMSTest `cmd:"" help:"Send a test SMS, and say what went wrong, if anything did."`
}

// SMSTest sends one message, uncounted.
type SMSTest struct {
	SMS
	Outward
	To string `required:"" help:"Number to send it to, with its country code."`
}

// Run reports in plain words.
func (c *SMSTest) Run(ctx context.Context, p *Program) error {
	config, err := c.config(c.Outward)
	if err != nil {
		return err
	}
	sender, err := sms.New(config)
	if err != nil {
		return err
	}
	defer sender.Close()
	if err := sender.Test(ctx, c.To, "Test from Foyer"); err != nil {
		return explained(err)
	}
	_, err = fmt.Fprintln(p.Out, "The gateway has taken the message.")
	return err
}
