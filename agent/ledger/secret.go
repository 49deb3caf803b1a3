package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// spentMax bounds what is kept of a grant for its sessions' renewals: the last logins.
const spentMax = 64

// A spent secret began a session, which the NAS may renew by it: it knows no other.
type spent struct {
	Key      string      `json:"key"` // in the bucket: the grant's id, a slash, and what tells it from others
	GrantID  string      `json:"grant_id"`
	Secret   string      `json:"secret"`
	MAC      string      `json:"mac,omitempty"` // the device and the NAS that it was spent by
	NASID    visit.NASID `json:"nas_id"`
	NotAfter time.Time   `json:"not_after"` // of the secret: until then it must be known as spent
}

// used is what became of one-time secrets. They are spent in memory first and written
// soon after, without anybody waiting. What was on disk at the start therefore counts
// as spent for new sessions: nobody knows whether it was.
type used struct {
	wake chan struct{} // capacity 1: there is something to write

	mu      sync.Mutex // guards all below
	spent   map[string][]*spent
	barred  map[string][]string // secrets by grant
	unsaved map[string]*spent   // by key; nil: to be deleted
}

func newUsed(c content) *used {
	u := &used{
		wake: make(chan struct{}, 1), spent: map[string][]*spent{}, barred: map[string][]string{}, unsaved: map[string]*spent{},
	}
	for _, s := range c.spent {
		u.spent[s.GrantID] = append(u.spent[s.GrantID], s)
	}
	for id, h := range c.grants {
		u.barOf(id, h.grant.Secrets)
	}
	return u
}

// bar makes the grants' secrets good for nothing new.
func (u *used) bar(grants map[string]*wire.Grant) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, g := range grants {
		if g != nil {
			u.barOf(id, g.Secrets)
		}
	}
}

func (u *used) barOf(id string, secrets []wire.OneTime) {
	for _, o := range secrets {
		u.barred[id] = append(u.barred[id], o.Secret)
	}
}

// forget is for a grant that is gone; the disk is told of it elsewhere.
func (u *used) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, s := range u.spent[id] {
		delete(u.unsaved, s.Key)
	}
	delete(u.spent, id)
	delete(u.barred, id)
}

// Spend uses a one-time secret of a grant up, by a device at a NAS, and reports whether
// it was still good for a new session. It does not wait; Run writes it.
func (l *Ledger) Spend(grantID string, o wire.OneTime, mac string, nas visit.NASID) (fresh bool) {
	now := l.cfg.Now()
	if !now.Before(o.NotAfter) {
		return false
	}
	u := l.used
	u.mu.Lock()
	defer u.mu.Unlock()
	known := u.spent[grantID]
	if slices.Contains(u.barred[grantID], o.Secret) || slices.ContainsFunc(known, func(s *spent) bool { return s.Secret == o.Secret }) {
		return false
	}
	s := &spent{Key: grantID + "/" + rand.Text(), GrantID: grantID, Secret: o.Secret, MAC: mac, NASID: nas, NotAfter: o.NotAfter}
	u.spent[grantID] = append(u.prune(known, s, now), s)
	u.unsaved[s.Key] = s
	select {
	case u.wake <- struct{}{}:
	default: // it will look anyway
	}
	return true
}

// prune drops what next takes the place of, and the oldest beyond the bound; none that
// would be good again if it were not known.
func (u *used) prune(known []*spent, next *spent, now time.Time) []*spent {
	excess := len(known) + 1 - spentMax
	return slices.DeleteFunc(slices.Clone(known), func(s *spent) bool {
		drop := !now.Before(s.NotAfter) && (s.MAC == next.MAC && s.NASID == next.NASID || excess > 0)
		if drop {
			excess--
			u.unsaved[s.Key] = nil
		}
		return drop
	})
}

// Spent returns the secrets that a device spent at a NAS for a grant, the last one
// first: a session that it began may be renewed by it.
func (l *Ledger) Spent(grantID, mac string, nas visit.NASID) (secrets []string) {
	l.used.mu.Lock()
	defer l.used.mu.Unlock()
	for _, s := range slices.Backward(l.used.spent[grantID]) {
		if s.MAC == mac && s.NASID == nas {
			secrets = append(secrets, s.Secret)
		}
	}
	return secrets
}

// withoutNewSecrets is g with those secrets only that old has too: what is new must be
// on disk before it is used, or a crash would make it new again.
func withoutNewSecrets(g, old wire.Grant) wire.Grant {
	g.Secrets = slices.DeleteFunc(slices.Clone(g.Secrets), func(o wire.OneTime) bool {
		return !slices.ContainsFunc(old.Secrets, o.Equal)
	})
	return g
}

// keepSpent writes what Spend used up, until ctx ends.
func (l *Ledger) keepSpent(ctx context.Context) {
	retry := time.NewTicker(ratchetRetry)
	defer retry.Stop()
	for {
		select {
		case <-l.used.wake:
		case <-retry.C:
		case <-ctx.Done():
			l.saveSpent()
			return
		}
		l.saveSpent()
	}
}

// saveSpent writes what is not on disk. A failure is logged, and the next call tries
// again.
func (l *Ledger) saveSpent() {
	l.writer.Lock()
	defer l.writer.Unlock()
	u := l.used
	u.mu.Lock()
	unsaved := u.unsaved
	u.unsaved = map[string]*spent{}
	u.mu.Unlock()
	if len(unsaved) == 0 {
		return
	}
	err := l.disk.commit(change{spent: unsaved}, l.disk.head)
	l.report(err)
	if err == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.Copy(unsaved, u.unsaved) // the later word
	u.unsaved = unsaved
}

// keep writes what stands beside the grants of a generation.
func (d *disk) keep(tx *bbolt.Tx, c change) error {
	if c.clear {
		for _, name := range []string{bucketHeld, bucketSpent} {
			if bucket := tx.Bucket([]byte(name)); bucket != nil {
				if err := tx.DeleteBucket([]byte(name)); err != nil {
					return err
				}
			}
		}
	}
	if err := writeAll(d.db, tx, bucketHeld, c.held); err != nil {
		return err
	}
	if err := writeAll(d.db, tx, bucketSpent, c.spent); err != nil {
		return err
	}
	for _, id := range c.gone {
		if err := tx.Bucket([]byte(bucketHeld)).Delete([]byte(id)); err != nil {
			return err
		}
		if err := deletePrefix(tx.Bucket([]byte(bucketSpent)), []byte(id+"/")); err != nil {
			return err
		}
	}
	return nil
}

func deletePrefix(bucket *bbolt.Bucket, prefix []byte) error {
	cursor := bucket.Cursor()
	for key, _ := cursor.Seek(prefix); key != nil && bytes.HasPrefix(key, prefix); key, _ = cursor.Seek(prefix) {
		if err := cursor.Delete(); err != nil {
			return err
		}
	}
	return nil
}
