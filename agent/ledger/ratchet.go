package ledger

import (
	"context"
	"maps"
	"time"

	"go.etcd.io/bbolt"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

var bucketRatchets = []byte("ratchets")

// ratchetRetry is how soon a failed write is tried again.
const ratchetRetry = 5 * time.Second

// Ratchet makes a NAS whose policy is auto need a Message-Authenticator from now
// on, over restarts too, until the operator gives it another policy. It does not
// wait; Run does the work.
func (l *Ledger) Ratchet(id visit.NASID) {
	l.mu.Lock()
	l.asked[id] = struct{}{}
	l.mu.Unlock()
	select {
	case l.ratchet <- struct{}{}:
	default: // it will look anyway
	}
}

// effective returns n as readers get it. Writer must be held.
func (l *Ledger) effective(n *wire.NAS) *wire.NAS {
	if _, signs := l.ratchets[n.ID]; !signs || n.MessageAuthenticator != visit.AutoMessageAuthenticator {
		return n
	}
	strict := *n
	strict.MessageAuthenticator = visit.RequireMessageAuthenticator
	return &strict
}

// unratchet forgets which of nases signed while their policy was auto and is not
// any more, and returns what the disk must forget. Writer must be held.
func (l *Ledger) unratchet(nases map[visit.NASID]*wire.NAS) map[visit.NASID]bool {
	gone := map[visit.NASID]bool{}
	for id, n := range nases {
		if n == nil || n.MessageAuthenticator != visit.AutoMessageAuthenticator {
			gone[id] = false
			delete(l.ratchets, id)
		}
	}
	return gone
}

// keepRatchets does what Ratchet asks for, until ctx ends.
func (l *Ledger) keepRatchets(ctx context.Context) {
	retry := time.NewTicker(ratchetRetry)
	defer retry.Stop()
	for {
		select {
		case <-l.ratchet:
		case <-retry.C:
		case <-ctx.Done():
			l.saveRatchets()
			return
		}
		l.saveRatchets()
	}
}

// saveRatchets takes what was asked into memory, and what is not on disk there. A
// failure is logged, and the next call tries again.
func (l *Ledger) saveRatchets() {
	l.writer.Lock()
	defer l.writer.Unlock()
	l.takeAsked()
	unsaved := maps.Clone(l.ratchets)
	maps.DeleteFunc(unsaved, func(_ visit.NASID, saved bool) bool { return saved })
	if len(unsaved) == 0 {
		return
	}
	c := change{ratchets: map[visit.NASID]bool{}}
	for id := range unsaved {
		c.ratchets[id] = true
	}
	err := l.disk.commit(c, l.disk.head)
	l.report(err)
	if err == nil {
		maps.Copy(l.ratchets, c.ratchets)
	}
}

// takeAsked makes the NASes that sign strict in memory. Writer must be held.
func (l *Ledger) takeAsked() {
	l.mu.Lock()
	asked := l.asked
	l.asked = map[visit.NASID]struct{}{}
	l.mu.Unlock()
	strict := change{nases: map[visit.NASID]*wire.NAS{}}
	for id := range asked {
		n := l.nases.Load().byID[id]
		if n != nil && n.MessageAuthenticator == visit.AutoMessageAuthenticator { // it may have another policy by now
			l.ratchets[id] = false
			strict.nases[id] = n
		}
	}
	l.editNASes(strict, func(bool) bool { return true })
}

// ratchet writes which NASes sign, true, and which need not any more.
func (d *disk) ratchet(tx *bbolt.Tx, changed map[visit.NASID]bool) error {
	bucket, err := tx.CreateBucketIfNotExists(bucketRatchets)
	if err != nil {
		return err
	}
	for id, signs := range changed {
		if signs {
			err = d.db.Put(bucket, string(bucketRatchets), []byte(id), id)
		} else {
			err = bucket.Delete([]byte(id))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *content) loadRatchets(db *vault.DB, tx *bbolt.Tx) error {
	c.ratchets = map[visit.NASID]bool{}
	return each(db, tx, string(bucketRatchets), func(id *visit.NASID) { c.ratchets[*id] = true })
}
