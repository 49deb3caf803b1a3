package sms

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

// Rules of codes that no setting changes.
const (
	CodeFor     = 10 * time.Minute
	MaxAttempts = 5
	digits      = 6
)

// Store keeps codes: *store.Store.
type Store interface {
	NewSMSCode(ctx context.Context, site visit.SiteID, phoneHash, codeHash []byte, l store.SMSLimits) error
	UseSMSCode(ctx context.Context, site visit.SiteID, phoneHash, codeHash []byte, l store.SMSLimits) error
}

// Config is what a Sender needs.
type Config struct {
	Gateway   Gateway
	Prefixes  []string // that numbers may begin with; none: nothing is sent
	PerNumber int      // codes in an hour
	PerSite   int      // codes in an hour
	Cost      int64    // of one message, in hundredths
	CostCap   int64    // of a site in a day, in hundredths; 0: none
	Guard     webhook.Guard
	Store     Store
	Hash      func(purpose string, data []byte) []byte
	Rand      io.Reader
}

// Sender sends and checks codes. It is safe for concurrent use.
type Sender struct {
	config Config
	client *http.Client
}

// errOff means that no prefix is allowed.
var errOff = visit.Errorf(visit.KindConflict, "sms_off", "SMS is switched off.")

// New returns a sender. Close it when nothing is being sent.
func New(c Config) (*Sender, error) {
	if err := c.Gateway.Validate(c.Guard); err != nil {
		return nil, err
	}
	if err := CheckPrefixes(c.Prefixes); err != nil {
		return nil, err
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return &Sender{config: c, client: webhook.HTTPClient(webhook.Options{Guard: c.Guard})}, nil
}

// Close lets idle connections go.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

// SendCode sends a new code to a number on behalf of a site. The code counts, and
// costs, once it is stored: a gateway that does not answer may have sent it. It
// returns KindInvalid for no number, KindForbidden for one outside the prefixes,
// KindLimited at a limit, and what the gateway brought.
func (s *Sender) SendCode(ctx context.Context, site visit.Site, phone, language string) error {
	number, err := s.number(phone)
	if err != nil {
		return err
	}
	code, err := newCode(s.config.Rand)
	if err != nil {
		return err
	}
	if err := s.config.Store.NewSMSCode(ctx, site.ID, s.phoneHash(number), s.codeHash(site.ID, number, code), s.limits()); err != nil {
		return err
	}
	p := catalogue.New(language, site.Timezone)
	text := p.Text("sms.code", "code", code, "site", site.Name, "duration", p.Duration(CodeFor))
	return s.config.Gateway.send(ctx, s.client, number, text)
}

// CheckCode accepts the number's code once. Its refusal, store.ErrSMSCode, does not
// say what was wrong.
func (s *Sender) CheckCode(ctx context.Context, site visit.SiteID, phone, code string) error {
	number, err := s.number(phone)
	if err != nil {
		return err
	}
	return s.config.Store.UseSMSCode(ctx, site, s.phoneHash(number), s.codeHash(site, number, code), s.limits())
}

// Test sends a text to a number at once, uncounted, for an operator at the shell.
func (s *Sender) Test(ctx context.Context, phone, text string) error {
	number, err := s.number(phone)
	if err != nil {
		return err
	}
	return s.config.Gateway.send(ctx, s.client, number, text)
}

func (s *Sender) number(phone string) (Number, error) {
	if len(s.config.Prefixes) == 0 {
		return "", errOff
	}
	number, err := ParseNumber(phone)
	if err == nil && !number.within(s.config.Prefixes) {
		err = ErrCountry
	}
	return number, err
}

func (s *Sender) limits() store.SMSLimits {
	return store.SMSLimits{
		PerNumber: s.config.PerNumber, PerSite: s.config.PerSite, Cost: s.config.Cost, CostCap: s.config.CostCap,
		CodeFor: CodeFor, MaxAttempts: MaxAttempts,
	}
}

func (s *Sender) phoneHash(n Number) []byte { return s.config.Hash("sms-phone", []byte(n)) }

// codeHash binds a code to its number and site: a code of another is none.
func (s *Sender) codeHash(site visit.SiteID, n Number, code string) []byte {
	return s.config.Hash("sms-code", []byte(string(site)+"\n"+string(n)+"\n"+code))
}

// newCode draws six digits, each code equally likely.
func newCode(random io.Reader) (string, error) {
	n, err := rand.Int(random, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("random source: %w", err)
	}
	return fmt.Sprintf("%0*d", digits, n), nil
}
