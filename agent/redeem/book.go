package redeem

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/foyerhq/foyer/agent/ledger"
	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Grants holds accesses while they last. See [ledger.Ledger].
type Grants interface {
	Hold(g wire.Grant)
	Release(id string) (e ledger.Ended, was bool)
}

// Sessions knows who is online. It does not wait.
type Sessions interface {
	// ByGrant returns a grant's open sessions, oldest first.
	ByGrant(grantID string) []wire.Session
	// Heard is ByGrant without those that used to speak and have fallen silent.
	Heard(grantID string) []wire.Session
}

// Journal keeps what the hub must hear of.
type Journal interface {
	// Append returns once rec is on disk; after an error it counts as not stored.
	Append(ctx context.Context, rec wire.Record) (seq uint64, err error)
}

// Config says where a book lives and what it works with. All but Cut, Logger and
// Metrics are required.
type Config struct {
	Dir      string           // holds rolls.db
	Keys     *seal.Keyring    // seals what is written; see vault.Open
	Now      func() time.Time // the corrected clock
	Grants   Grants
	Sessions Sessions
	Journal  Journal
	// Cut ends sessions of a grant that goes on: another device has taken their
	// place. It must not block.
	Cut     func(g wire.Grant, sessions []wire.Session)
	Logger  *slog.Logger // nil: slog.Default
	Metrics *Metrics     // nil: nothing is counted
}

// Book is a site's zones and rolls, and what became of their codes. Its methods are
// safe for concurrent use.
type Book struct {
	cfg  Config
	db   *vault.DB
	ways atomic.Pointer[map[visit.NASID][]way] // read without the lock
	wake chan struct{}                         // capacity 1: there is something to report
	// Read without the lock too: probes and reports must not wait for a disk that hangs.
	complete atomic.Bool
	class    atomic.Pointer[string] // of the last write's failure

	mu    sync.Mutex // guards all below, and is held while the disk is written
	state state
	told  map[string]bool // uses that the journal has, and whose note is still on disk
	// Guesses are the wrong codes that a zone may be sent before it checks none.
	guesses map[string]*rate.Limiter
}

// Way is where a NAS's network leads.
type way struct{ ssid, zone string }

// A zone checks no codes once it was sent guessBurst wrong ones, and then one for
// each tenth of a second: a roll of 1,023 codes under a 32-bit key is hit once in
// five days of guessing without a pause.
const (
	guessBurst = 200
	guessRate  = rate.Limit(10)
)

// Open reads the book in cfg.Dir, or makes an empty one, and has cfg.Grants hold
// the accesses in it.
func Open(cfg Config) (*Book, error) {
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics(nil)
	}
	if cfg.Cut == nil {
		cfg.Cut = func(wire.Grant, []wire.Session) {}
	}
	b := &Book{cfg: cfg, wake: make(chan struct{}, 1), told: map[string]bool{}, guesses: map[string]*rate.Limiter{}}
	db, moved, err := vault.OpenDB(filepath.Join(cfg.Dir, "rolls.db"), cfg.Keys.Derive("rolls"), b.state.load)
	if moved != nil {
		cfg.Logger.Error("the book of roll codes is unreadable and was moved aside; none is accepted until the hub has sent it again", "error", moved)
	}
	if err != nil {
		return nil, fmt.Errorf("redeem: %w", err)
	}
	b.db = db
	b.state.index(cfg.Logger)
	b.publish()
	for holder := range b.state.held {
		b.settle(holder)
	}
	return b, nil
}

// Close stops using the file.
func (b *Book) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.db.Close()
}

// Complete reports whether the book has been given a whole set. Until then only a
// snapshot helps, whatever the ledger has.
func (b *Book) Complete() bool {
	return b.complete.Load()
}

// Leads reports whether a NAS leads to any zone. It does not wait.
func (b *Book) Leads(nas visit.NASID) bool { return len((*b.ways.Load())[nas]) > 0 }

// DiskError is the class of the last write's failure: "no_space", "read_only", "io";
// empty when it worked.
func (b *Book) DiskError() string {
	if class := b.class.Load(); class != nil {
		return *class
	}
	return ""
}

// Zone returns the id of the zone in which codes are tried that come from a NAS's
// network, "" for none. It does not wait.
func (b *Book) Zone(nas visit.NASID, ssid string) (zone string) {
	for _, w := range (*b.ways.Load())[nas] {
		if w.ssid == ssid {
			return w.zone
		}
		if w.ssid == "" {
			zone = w.zone
		}
	}
	return zone
}

// publish makes known what is read without the lock.
func (b *Book) publish() {
	ways := map[visit.NASID][]way{}
	for id, z := range b.state.zones {
		for _, w := range z.Ways {
			ways[w.NASID] = append(ways[w.NASID], way{ssid: w.SSID, zone: id})
		}
	}
	b.ways.Store(&ways)
	b.complete.Store(b.state.head.Complete)
}

// settle makes the grant of a holder's access what its records say. It returns what
// ended by that.
func (b *Book) settle(holder roll.Ticket) []ledger.Ended {
	if g, live := b.state.access(holder, b.cfg.Now()); live {
		b.cfg.Grants.Hold(g)
		return nil
	}
	if e, was := b.cfg.Grants.Release(string(holder.AccessID())); was {
		return []ledger.Ended{e}
	}
	return nil
}

const (
	appendFor   = 3 * time.Second
	announceFor = time.Second // while a guest waits
	reportRetry = 10 * time.Second
)

// Run offers the journal what it did not take, until ctx ends.
func (b *Book) Run(ctx context.Context) error {
	retry := time.NewTicker(reportRetry)
	defer retry.Stop()
	for {
		if err := b.report(ctx); err != nil && ctx.Err() == nil {
			b.cfg.Logger.Warn("first uses of roll codes are not in the journal yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-retry.C:
		case <-b.wake:
		}
	}
}

// report appends every use that the journal does not have, and drops the notes of
// those that it has. One that it gets twice, because that was cut off, changes nothing
// at the hub.
func (b *Book) report(ctx context.Context) error {
	b.mu.Lock()
	pending, told := maps.Clone(b.state.unreported), maps.Clone(b.told)
	b.mu.Unlock()
	var errs []error
	for key, use := range pending {
		if !told[key] {
			if err := b.tell(ctx, use, appendFor); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		b.mu.Lock()
		errs = append(errs, b.reported(key))
		b.mu.Unlock()
	}
	return errors.Join(errs...)
}

// tell appends a use to the journal, if that can be done within a time.
func (b *Book) tell(ctx context.Context, use wire.RollUse, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, err := b.cfg.Journal.Append(ctx, wire.Record{At: b.cfg.Now(), RollUse: &use})
	return err
}
