package worker

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// names is a resolver with bad manners.
type names struct {
	mu    sync.Mutex // guards asked
	asked []string
	mx    map[string]func(context.Context) ([]*net.MX, error)
	hosts map[string]func(context.Context) ([]string, error)
}

func (n *names) note(question string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, question)
}

func (n *names) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	n.note("MX " + name)
	if f, ok := n.mx[name]; ok {
		return f(ctx)
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (n *names) LookupHost(ctx context.Context, name string) ([]string, error) {
	n.note("A " + name)
	if f, ok := n.hosts[name]; ok {
		return f(ctx)
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func answering[T any](records []T, err error) func(context.Context) ([]T, error) {
	return func(context.Context) ([]T, error) { return records, err }
}

func hanging[T any](ctx context.Context) ([]T, error) {
	<-ctx.Done()
	return nil, &net.DNSError{Err: ctx.Err().Error(), IsTimeout: true}
}

// book is accounts that are due, and what became of them.
type book struct {
	mu     sync.Mutex // guards what follows
	due    []store.Contact
	judged map[visit.PersonID]identity.ContactStatus
	again  map[visit.PersonID]time.Time
	err    error
}

func (b *book) ContactsDue(_ context.Context, limit int) ([]store.Contact, error) {
	return b.due[:min(limit, len(b.due))], b.err
}

func (b *book) JudgeContact(_ context.Context, id visit.PersonID, status identity.ContactStatus, again time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.judged[id], b.again[id] = status, again
	return nil
}

var servfail = &net.DNSError{Err: "server misbehaving", IsTemporary: true}

// resolver answers as servers do, and as they should not.
func resolver() *names {
	return &names{
		mx: map[string]func(context.Context) ([]*net.MX, error){
			"good.example.":     answering([]*net.MX{{Host: "mx.good.example.", Pref: 10}}, nil),
			"null.example.":     answering([]*net.MX{{Host: ".", Pref: 0}}, nil),
			"partly.example.":   answering([]*net.MX{{Host: "mx.partly.example."}}, errors.New("a record of it is malformed")),
			"servfail.example.": answering[*net.MX](nil, servfail),
			"hangs.example.":    hanging[*net.MX],
			"empty.example.":    answering[*net.MX](nil, nil),
		},
		hosts: map[string]func(context.Context) ([]string, error){
			"old.example.":    answering([]string{"192.0.2.1"}, nil),
			"flaky.example.":  answering[string](nil, servfail),
			"silent.example.": hanging[string],
		},
	}
}

func contact(id string, domain string) store.Contact {
	return store.Contact{Account: visit.PersonID(id), Domain: domain}
}

func TestWhatDNSSaysOfAddresses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		want := map[string]identity.ContactStatus{
			"good.example": identity.ContactValid, "partly.example": identity.ContactValid, "old.example": identity.ContactValid,
			"null.example": identity.ContactInvalid, "nowhere.example": identity.ContactInvalid, "empty.example": identity.ContactInvalid,
			"servfail.example": identity.ContactUnknown, "hangs.example": identity.ContactUnknown,
			"flaky.example": identity.ContactUnknown, "silent.example": identity.ContactUnknown,
			"throw.example": identity.ContactDisposable, "big.example": identity.ContactValid,
		}
		b := &book{judged: map[visit.PersonID]identity.ContactStatus{}, again: map[visit.PersonID]time.Time{}}
		for domain := range want {
			c := contact(domain, domain)
			c.MadeAt = now.Add(-3 * time.Hour)
			b.due = append(b.due, c)
		}
		proven := contact("proven", "throw.example")
		proven.Proven = true
		late := contact("late", "servfail.example")
		late.MadeAt = now.Add(-identity.ContactGiveUp)
		b.due = append(b.due, proven, late, contact("twice", "good.example"))
		dns := resolver()
		c := Contacts{Store: b, Resolver: dns, Now: time.Now, Lists: identity.Lists{
			Disposable: identity.Domains{"throw.example": {}}, Providers: identity.Domains{"big.example": {}},
		}}
		n, err := c.Look(t.Context())
		require.NoError(t, err)
		require.Equal(t, len(b.due), n)
		require.Equal(t, lookupFor, time.Since(now), "a server that hangs holds up nothing for longer")
		for domain, status := range want {
			id := visit.PersonID(domain)
			require.Equal(t, status, b.judged[id], domain)
			if status == identity.ContactUnknown {
				require.WithinRange(t, b.again[id], now.Add(3*time.Hour), now.Add(4*time.Hour), domain)
			} else {
				require.Zero(t, b.again[id], domain)
			}
		}
		require.Equal(t, identity.ContactValid, b.judged["proven"])
		require.Equal(t, identity.ContactUnknown, b.judged["late"])
		require.Zero(t, b.again["late"], "given up")
		asked := map[string]int{}
		for _, question := range dns.asked {
			asked[question]++
		}
		require.Equal(t, 1, asked["MX good.example."], "each domain once")
		require.Zero(t, asked["MX throw.example."]+asked["MX big.example."], "what a list settles is not asked")
		require.Zero(t, asked["A servfail.example."], "no answer is not a no")
	})
}

// A pass that is cut off says nothing: its domains did answer nobody.
func TestAPassThatIsCutOffJudgesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &book{due: []store.Contact{contact("a", "hangs.example")}, judged: map[visit.PersonID]identity.ContactStatus{}, again: map[visit.PersonID]time.Time{}}
		c := Contacts{Store: b, Resolver: resolver(), Now: time.Now}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Look(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, b.judged)
		b.err = visit.Unavailable("database", nil)
		_, err = c.Look(t.Context())
		require.Error(t, err)
	})
}
