package app

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/worker"
)

// Addresses is how guests' e-mail addresses are judged.
type Addresses struct {
	DisposableDomains string `name:"disposable-domains" help:"File with domains of throw-away addresses, one a line, in place of the built-in list." env:"FOYER_DISPOSABLE_DOMAINS" type:"path"`
}

func (a Addresses) lists() (lists identity.Lists, err error) {
	lists = identity.Lists{Disposable: identity.Disposable(), Providers: identity.Providers()}
	if a.DisposableDomains == "" {
		return lists, nil
	}
	file, err := os.Open(a.DisposableDomains)
	if err != nil {
		return lists, fmt.Errorf("--disposable-domains: %w", err)
	}
	defer func() { _ = file.Close() }()
	if lists.Disposable, err = identity.ReadDomains(file); err != nil {
		return lists, fmt.Errorf("--disposable-domains: %w", err)
	}
	return lists, nil
}

// newContacts makes what judges guests' addresses, with a resolver of its own: Go's,
// whose answers tell "no such name" from "no answer".
func newContacts(s *store.Store, a Addresses) (*worker.Contacts, error) {
	lists, err := a.lists()
	if err != nil {
		return nil, err
	}
	return &worker.Contacts{Store: s, Resolver: &net.Resolver{PreferGo: true}, Lists: lists, Now: time.Now}, nil
}
