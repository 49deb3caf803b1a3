package ledger

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Config says where a ledger lives and what it tells whom. Dir, Keys and Now are
// required.
type Config struct {
	Dir     string           // holds ledger.db; made if missing
	Keys    *seal.Keyring    // seals what is written; see vault.Open
	Now     func() time.Time // the corrected clock
	Logger  *slog.Logger     // nil: slog.Default
	OnEnded func(Ended)      // called by Run at a grant's not_after; must not block
}

// Ended is a grant whose access has ended.
type Ended struct {
	Grant  wire.Grant
	Reason wire.RefusedReason // expired or revoked
}

// Ledger is what this agent may accept. Its methods are safe for concurrent use.
type Ledger struct {
	cfg   Config
	names index // by normalised user name
	macs  index // by MAC address, of what it is proof for
	nases atomic.Pointer[nasIndex]
	used  *used // one-time secrets

	writer   sync.Mutex           // held over the disk, so that changes keep their order
	disk     disk                 // guarded by writer
	unsaved  []*past              // guarded by writer: ended in memory, not yet on disk
	ratchets map[visit.NASID]bool // guarded by writer: NASes that sign, and whether the disk knows
	ratchet  chan struct{}        // capacity 1: there is something in asked
	seen     atomic.Bool          // the hub was here since the start, so that the clock is right

	mu     sync.Mutex               // guards the rest; never held over the disk
	asked  map[visit.NASID]struct{} // by Ratchet
	byID   map[string]*holding
	held   map[string]string // accesses that HoldDevice made and the hub has not taken over, and by which grant
	former former
	expiry expiry
	told   Stats
	head   head // as on disk
}

// Open reads the ledger in cfg.Dir, or makes an empty one.
func Open(cfg Config) (*Ledger, error) {
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.OnEnded == nil {
		cfg.OnEnded = func(Ended) {}
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	var c content
	db, moved, err := vault.OpenDB(filepath.Join(cfg.Dir, "ledger.db"), cfg.Keys.Derive("ledger"), c.load)
	if moved != nil {
		cfg.Logger.Error("the ledger is unreadable and was moved aside; logins are refused until the hub has sent a snapshot", "error", moved)
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return newLedger(cfg, db, c), nil
}

func newLedger(cfg Config, db *vault.DB, c content) *Ledger {
	l := &Ledger{
		cfg:    cfg,
		names:  index{key: func(h *holding) string { return h.name }},
		macs:   index{key: func(h *holding) string { return h.mac }},
		used:   newUsed(c),
		disk:   disk{db: db, head: c.head, past: len(c.former)},
		head:   c.head,
		former: former{names: newShards[*past]()},
		expiry: newExpiry(),
		asked:  map[visit.NASID]struct{}{}, ratchets: map[visit.NASID]bool{}, ratchet: make(chan struct{}, 1),
	}
	maps.Copy(l.ratchets, c.ratchets)
	l.publish(c.grants)
	l.nases.Store(newNASIndex(nil))
	l.editNASes(change{nases: c.nases}, func(bool) bool { return true })
	for _, p := range c.former {
		l.former.add(p)
	}
	return l
}

// publish makes holdings the whole of what memory has.
func (l *Ledger) publish(holdings map[string]*holding) {
	names, macs := l.names.made(holdings), l.macs.made(holdings)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names.table.Store(names)
	l.macs.table.Store(macs)
	l.byID, l.held = holdings, map[string]string{}
	for id, h := range holdings {
		if h.device != "" {
			l.held[id] = h.device
		}
	}
	l.expiry.reset(holdings)
	l.expiry.poke()
}

// Close stops using the file. Reading goes on to work, writing does not.
func (l *Ledger) Close() error {
	l.writer.Lock()
	defer l.writer.Unlock()
	return l.disk.db.Close()
}

// Position returns the position up to which everything is in memory and on disk.
// Empty means that there is none and only a snapshot helps.
func (l *Ledger) Position() (pos wire.Position, empty bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.head.Position == nil {
		return wire.Position{}, true
	}
	return *l.head.Position, false
}

// Epoch returns the last connection's epoch, 0 for none.
func (l *Ledger) Epoch() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head.Epoch
}

// SetEpoch returns once epoch is on disk.
func (l *Ledger) SetEpoch(epoch int64) error {
	l.writer.Lock()
	defer l.writer.Unlock()
	next := l.disk.head
	next.Epoch = epoch
	return l.commit(change{}, next)
}

// commit writes to disk and remembers how that went. Writer must be held.
func (l *Ledger) commit(c change, next head) error {
	l.unsaved = l.unsaved[max(0, len(l.unsaved)-rememberMax):]
	c.former = l.unsaved
	err := l.disk.commit(c, next)
	if err == nil {
		l.unsaved = nil
		l.seen.Store(true)
	}
	l.report(err)
	return err
}

func (l *Ledger) report(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.head = l.disk.head
	class := vault.ErrorClass(err)
	if class != "" && l.told.DiskError == "" {
		l.cfg.Logger.Error("the ledger cannot be written; nothing is acknowledged until it can", "class", class, "error", err)
	}
	if class == "" && l.told.DiskError != "" {
		l.cfg.Logger.Info("the ledger can be written again")
	}
	l.told.DiskError = class
}

// Stats is what the agent reports of its ledger.
type Stats struct {
	Grants    int // usable now or later
	NASes     int
	DiskError string // class of the last write's failure: "no_space", "read_only", "io"; empty when it worked
}

// Stats returns the present figures.
func (l *Ledger) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, now := l.told, l.cfg.Now()
	s.NASes = len(l.nases.Load().byID)
	for _, h := range l.byID {
		if now.Before(h.grant.NotAfter) {
			s.Grants++
		}
	}
	return s
}

// purge forgets, in memory and on disk, grants whose end is keepFor past, and the
// names of those that ended rememberFor ago. Only once the hub was here: a clock that
// nobody corrected must not empty the ledger.
func (l *Ledger) purge() error {
	if !l.seen.Load() || !l.writer.TryLock() { // a snapshot must not make Run wait
		return nil
	}
	defer l.writer.Unlock()
	gone := l.takeStale(l.cfg.Now().Add(-keepFor))
	for ids := range slices.Chunk(gone, portion) {
		c := change{grants: make(map[string]*wire.Grant, len(ids))}
		for _, id := range ids {
			c.grants[id] = nil
		}
		c.gone = ids
		if err := l.commit(c, l.disk.head); err != nil {
			return err // what is left is read again at the next start
		}
	}
	return l.forgetFormer(l.cfg.Now().Add(-rememberFor))
}

// forgetFormer forgets past grants that ended before an instant. Writer must be held.
func (l *Ledger) forgetFormer(before time.Time) error {
	l.mu.Lock()
	l.former.forget(before)
	l.mu.Unlock()
	l.unsaved = slices.DeleteFunc(l.unsaved, func(p *past) bool { return p.EndedAt.Before(before) })
	return l.disk.forget(before)
}

func (l *Ledger) takeStale(before time.Time) (ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, h := range l.byID {
		if h.ended && h.grant.NotAfter.Before(before) {
			ids = append(ids, id)
			l.release(h)
			l.used.forget(id)
		}
	}
	return ids
}
