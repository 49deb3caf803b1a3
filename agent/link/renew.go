package link

import (
	"errors"
	"path/filepath"
	"sync"

	"github.com/foyerhq/foyer/internal/wire"
)

// errRenewed ends a link so that the next one uses the new certificate.
var errRenewed = errors.New("the certificate was renewed")

// choose returns the credential for the next link: the new one, if there is one
// that was not seen to work yet.
func (l *Link) choose(id *identity) (credential, error) {
	if id == nil {
		return credential{}, errors.New("not enrolled")
	}
	if id.Next != nil {
		return *id.Next, nil
	}
	return id.Current, nil
}

// worked makes the new credential the only one, now that the hub has spoken on a
// link made with it.
func (l *Link) worked() error {
	id, _ := l.identity()
	if id.Next == nil {
		return nil
	}
	next := *id
	next.Current, next.Next = *id.Next, nil
	l.log.Info("the new certificate is in use", "agent_id", id.AgentID)
	return l.keep(&next)
}

// failed drops a new credential with which a link did not come about: the one
// before it is tried again, and renewing later.
func (l *Link) failed() error {
	id, _ := l.identity()
	if id.Next == nil {
		return nil
	}
	next := *id
	next.Next = nil
	return l.keep(&next)
}

func (l *Link) keep(id *identity) error {
	if err := id.save(filepath.Join(l.cfg.Dir, identityFile)); err != nil {
		return err
	}
	l.setIdentity(id)
	return nil
}

// renewal is a key for which a certificate was asked for on this link.
type renewal struct {
	mu    sync.Mutex // guards asked
	asked credential
}

// due returns the request for a new certificate once two thirds of the present
// one's life are over, else nil.
func (r *renewal) due(l *Link) (*wire.Renew, error) {
	id, _ := l.identity()
	at, err := id.Current.renewAt()
	if err != nil || l.cfg.Now().Before(at) {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked.Key == nil {
		if r.asked, err = newCredential(); err != nil {
			return nil, err
		}
	}
	csr, err := r.asked.request()
	return &wire.Renew{CSR: csr}, err
}

// take puts a new certificate on disk, beside the one in use.
func (r *renewal) take(l *Link, f *wire.Certificate) error {
	id, _ := l.identity()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked.Key == nil {
		return errors.New("a certificate that was not asked for")
	}
	fresh := credential{Key: r.asked.Key, Certificate: f.Certificate}
	if err := fresh.check(id.CA, l.cfg.Now()); err != nil {
		return err
	}
	next := *id
	next.Next = &fresh
	return l.keep(&next)
}
