package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/crm"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// CRMAccounts knows customers' accounts with their credentials: *store.Store.
type CRMAccounts interface {
	OpenCRMAccount(ctx context.Context, scope store.Scope, id visit.CRMAccountID) (visit.CRMAccount, error)
}

// CRM speaks to customers' CRMs, through one gate an account. It is safe for
// concurrent use.
type CRM struct {
	accounts CRMAccounts
	vendors  *crm.Vendors
	gate     *limit.Gate

	mu      sync.Mutex // guards what follows
	clients map[visit.CRMAccountID]crmClient
	busy    map[string]chan struct{} // by account and address; closed when it is free
}

// crmClient is kept as long as its account is not changed: it has the token.
type crmClient struct {
	crm.Client
	updatedAt time.Time
}

// NewCRM returns the way to customers' CRMs.
func NewCRM(accounts CRMAccounts, vendors *crm.Vendors, gate *limit.Gate) *CRM {
	return &CRM{accounts: accounts, vendors: vendors, gate: gate, clients: map[visit.CRMAccountID]crmClient{}, busy: map[string]chan struct{}{}}
}

// crmAtOnce is how many of a process's slots one account may hold.
const crmAtOnce = 4

// NewCRMGate bounds what one account gets of one process: two visits a second, of up
// to five calls each, which is what the smallest plans of the vendors allow and what
// all workers together get of the store, and four at a time. An account that is silent
// three times in a row is left alone, for half a minute at first and ten minutes at
// most, except for a probe; the visits of a day that wait for it come back no faster
// than it could take them, within an hour.
func NewCRMGate(now func() time.Time) *limit.Gate {
	return limit.NewGate(limit.GateConfig{
		AtOnce: crmAtOnce, Rate: 2, Burst: 10, Failures: 3, First: 30 * time.Second, Longest: 10 * time.Minute, Line: time.Hour, Keys: 1000,
	}, now)
}

// Enter implements activities.CRMs.
func (c *CRM) Enter(account visit.CRMAccountID) (leave func(error), waitFor time.Duration, ok bool) {
	out, waitFor, ok := c.gate.Enter(string(account))
	if !ok {
		return nil, waitFor, false
	}
	return func(err error) { out(howItWent(err)) }, 0, true
}

// howItWent tells silence from answers. A CRM that says it is unavailable is as good
// as silent: the next visit would hear the same.
func howItWent(err error) limit.Outcome {
	failure, ok := errors.AsType[*visit.Error](err)
	switch {
	case errors.Is(err, activities.ErrNotCalled):
		return limit.Untried()
	case ok && failure.Kind == visit.KindUnavailable:
		return limit.Silent()
	case ok && failure.Kind == visit.KindLimited:
		return limit.Throttled(failure.RetryAfter)
	}
	return limit.Answered()
}

// SyncVisit implements activities.CRMs.
func (c *CRM) SyncVisit(ctx context.Context, job visit.CRMJob, note func(context.Context, visit.CRMRefs) error) error {
	client, err := c.open(ctx, job.AccountID)
	if err != nil {
		return err
	}
	done, err := c.alone(ctx, string(job.AccountID)+" "+job.Visit.Visitor.Email)
	if err != nil {
		return err
	}
	defer done()
	_, err = client.SyncVisit(ctx, job.Visit, crm.Memory{Refs: job.Refs(), Since: job.Since, Note: note})
	return err
}

// alone waits until no other visit of the address is on its way: of a group that
// gave one address and leaves together, each would find no contact and make one.
func (c *CRM) alone(ctx context.Context, key string) (done func(), err error) {
	for {
		c.mu.Lock()
		free, taken := c.busy[key]
		if !taken {
			free = make(chan struct{})
			c.busy[key] = free
		}
		c.mu.Unlock()
		if !taken {
			return func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				delete(c.busy, key)
				close(free)
			}, nil
		}
		select {
		case <-free:
		case <-ctx.Done():
			return nil, &visit.Error{Kind: visit.KindLimited, Code: "crm_held_back", Message: "Another visit of this visitor is on its way.", RetryAfter: time.Second}
		}
	}
}

// EraseVisitor implements activities.CRMEraser: it erases a contact and visits, by
// the CRM's ids. What is gone already is no error.
func (c *CRM) EraseVisitor(ctx context.Context, account visit.CRMAccountID, contactRef string, visitRefs []string) error {
	leave, waitFor, ok := c.Enter(account)
	if !ok {
		return &visit.Error{Kind: visit.KindLimited, Code: "crm_held_back", Message: "The CRM is left alone for now.", RetryAfter: waitFor}
	}
	client, err := c.open(ctx, account)
	if err != nil {
		leave(activities.ErrNotCalled)
		return err
	}
	err = client.Erase(ctx, contactRef, visitRefs)
	leave(err)
	return err
}

// open returns the account's client: the one that is kept, unless the account was
// changed since.
func (c *CRM) open(ctx context.Context, id visit.CRMAccountID) (crm.Client, error) {
	account, err := c.accounts.OpenCRMAccount(ctx, store.Everything, id)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if kept, ok := c.clients[id]; ok && kept.updatedAt.Equal(account.UpdatedAt) {
		return kept, nil
	}
	client, err := c.vendors.Open(account)
	if err != nil {
		return nil, err
	}
	c.clients[id] = crmClient{client, account.UpdatedAt}
	return client, nil
}
