package worker

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// contactStore is what Contacts needs of the database.
type contactStore interface {
	ContactsDue(ctx context.Context, limit int) ([]store.Contact, error)
	JudgeContact(ctx context.Context, id visit.PersonID, status identity.ContactStatus, again time.Time) error
}

// Resolver asks DNS: *net.Resolver.
type Resolver interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupHost(ctx context.Context, name string) ([]string, error)
}

// Contacts finds out whether guests' addresses can be some, by their domains. DNS is
// told domains, and nobody is told an address: mailboxes are not asked for.
type Contacts struct {
	Store    contactStore
	Resolver Resolver
	Lists    identity.Lists
	Now      func() time.Time
}

const (
	contactsAtOnce = 64              // accounts in one pass
	lookupsAtOnce  = 8               // domains side by side
	lookupFor      = 5 * time.Second // one domain, all its questions
)

// Look judges the accounts that are due, each domain once, and returns how many.
func (c *Contacts) Look(ctx context.Context) (int, error) {
	due, err := c.Store.ContactsDue(ctx, contactsAtOnce)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	found := c.lookups(ctx, due)
	if ctx.Err() != nil {
		return 0, ctx.Err() // what was cut off says nothing of any domain
	}
	_, err = each(due, func(contact store.Contact) (bool, error) {
		status, again := c.judge(contact, found)
		return true, c.Store.JudgeContact(ctx, contact.Account, status, again)
	})
	return len(due), err
}

// judge says how a contact stands, and when to look again: the zero time is never.
func (c *Contacts) judge(contact store.Contact, found map[string]identity.Lookup) (identity.ContactStatus, time.Time) {
	status, settled := c.Lists.JudgeOffline(contact.Proven, contact.Domain)
	if !settled {
		status, settled = found[contact.Domain].Judge()
	}
	if settled {
		return status, time.Time{}
	}
	return status, identity.ContactAgain(contact.MadeAt, c.Now())
}

// lookups asks for the domains that no list settles.
func (c *Contacts) lookups(ctx context.Context, due []store.Contact) map[string]identity.Lookup {
	var mu sync.Mutex // guards found
	found := map[string]identity.Lookup{}
	var group errgroup.Group
	group.SetLimit(lookupsAtOnce)
	asked := map[string]bool{}
	for _, contact := range due {
		if _, settled := c.Lists.JudgeOffline(contact.Proven, contact.Domain); settled || asked[contact.Domain] {
			continue
		}
		asked[contact.Domain] = true
		group.Go(func() error {
			answer := c.lookup(ctx, contact.Domain)
			mu.Lock()
			defer mu.Unlock()
			found[contact.Domain] = answer
			return nil
		})
	}
	_ = group.Wait() // none fails: no answer is an answer
	return found
}

// lookup asks for a domain's mail servers and, where it has none, for its addresses. The
// name is absolute: this machine's search list is nobody's mail domain.
func (c *Contacts) lookup(ctx context.Context, domain string) (l identity.Lookup) {
	ctx, cancel := context.WithTimeout(ctx, lookupFor)
	defer cancel()
	servers, err := c.Resolver.LookupMX(ctx, domain+".")
	l.MX = answerOf(len(servers), err)
	l.NullMX = len(servers) == 1 && servers[0].Host == "."
	if l.MX != identity.AnswerNone {
		return l
	}
	hosts, err := c.Resolver.LookupHost(ctx, domain+".")
	l.Hosts = answerOf(len(hosts), err)
	return l
}

// answerOf tells "there is none" from "I do not know". A resolver may bring some good
// records and an error about others.
func answerOf(records int, err error) identity.Answer {
	switch dns, ok := errors.AsType[*net.DNSError](err); {
	case records > 0:
		return identity.AnswerSome
	case err == nil, ok && dns.IsNotFound && !dns.IsTimeout && !dns.IsTemporary:
		return identity.AnswerNone
	}
	return identity.AnswerFailed
}
