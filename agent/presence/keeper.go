package presence

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	tickEvery = 5 * time.Second // between looks at what is due, and tries at what failed
	// restampAfter is how much newer a list's instant must be than on disk to be written
	// for it alone.
	restampAfter = time.Minute
	// tellRefusedAfter is how long wrong PINs are gathered into one record.
	tellRefusedAfter = time.Minute
)

// Journal takes records for the hub; it does not wait.
type Journal interface {
	Enqueue(rec wire.Record)
}

// Config is what a Keeper is made from. Dir, Keys, Now and Journal are required.
type Config struct {
	Dir     string
	Keys    *seal.Keyring
	Now     func() time.Time // the corrected clock
	Journal Journal
	Listen  string // where it is served; empty: as the site says
	Logger  *slog.Logger
	Metrics *Metrics
}

// Keeper holds the list and serves it. Its methods may be called at any time and
// from anywhere; Run is called once.
type Keeper struct {
	cfg       Config
	log       *slog.Logger
	disk      disk
	passwords *auth.Passwords
	brake     *brake
	logins    *logins
	wake      chan struct{}
	told      chan struct{}

	now atomic.Pointer[list]
	mu  sync.Mutex // guards what follows, and orders changes of now
	in  incoming
	// stats is what the hub is told, nil while nothing is served or should be.
	stats   *wire.PresenceStats
	failing string // class of the last write's failure

	refused atomic.Int64 // wrong PINs not yet in the journal

	// Run's alone.
	saved  *list // what is on disk; nil: not known
	server *server
	toldAt time.Time
}

// New reads the list from the disk. What cannot be read is left out: the hub sends
// it again.
func New(cfg Config) *Keeper {
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics(nil)
	}
	k := &Keeper{
		cfg: cfg, log: cfg.Logger, disk: disk{cfg.Dir, cfg.Keys.Derive("presence")},
		passwords: auth.NewPasswords(1, auth.DefaultCost), brake: newBrake(cfg.Now), logins: newLogins(cfg.Now),
		wake: make(chan struct{}, 1), told: make(chan struct{}, 1),
	}
	l := &list{}
	if _, err := k.disk.load(listFile, l); err != nil {
		k.log.Error("the list of who is in the building cannot be read; the hub will send it", "error", err)
		l = &list{}
	} else {
		k.saved = l
	}
	k.now.Store(l)
	return k
}

// Version names the list that the agent has, empty for none.
func (k *Keeper) Version() string { return k.current().Version }

// current is the list as it may be shown now.
func (k *Keeper) current() *list { return k.now.Load().at(k.cfg.Now()) }

// Take takes a part of the list from the hub, or its word that the list is still
// right.
func (k *Keeper) Take(f *wire.PresenceSnapshot) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	asOf := f.AsOf
	if now := k.cfg.Now(); asOf.After(now) { // by another replica's clock
		asOf = now
	}
	if f.Unchanged {
		if l := *k.current(); l.Version == f.Version && l.Version != "" && asOf.After(l.AsOf) {
			l.AsOf = asOf
			k.set(&l)
		}
		return nil
	}
	l, err := k.in.add(f)
	if err != nil || l == nil {
		return err
	}
	if l.Settings != nil {
		l.AsOf = asOf
	}
	k.set(l)
	return nil
}

// Clear forgets everything: the agent is not trusted any more.
func (k *Keeper) Clear() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.in = incoming{}
	k.set(&list{})
}

// set makes l the list. Mu must be held.
func (k *Keeper) set(l *list) {
	k.now.Store(l)
	poke(k.wake)
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it will look anyway
	}
}

// Stats is where the list is served, nil where it should not be. A nil Keeper
// serves none.
func (k *Keeper) Stats() *wire.PresenceStats {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.stats
}

// Notify is signalled when Stats has changed. It serves one reader; for a nil Keeper
// it is nil.
func (k *Keeper) Notify() <-chan struct{} {
	if k == nil {
		return nil
	}
	return k.told
}

func (k *Keeper) tell(s *wire.PresenceStats) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if (s == nil) != (k.stats == nil) || s != nil && *s != *k.stats {
		k.stats = s
		poke(k.told)
	}
}

// Run deletes what is due, keeps the disk and the port as the list wants them, and
// ends with ctx. It returns nil always: RADIUS goes on whatever fails here.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	defer func() {
		k.stop()
		k.tellRefused(0)
		k.save(0)
	}()
	for {
		k.wipe()
		k.save(restampAfter)
		k.serve(ctx)
		k.tellRefused(tellRefusedAfter)
		select {
		case <-k.wake:
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// wipe deletes names that are a day old. The settings stay, so that who asks is told.
func (k *Keeper) wipe() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if l := k.now.Load(); l.due(k.cfg.Now()) {
		k.log.Warn("the list of who is in the building is deleted: the hub was not heard of for a day")
		k.now.Store(l.at(k.cfg.Now()))
	}
}

// save brings the list to the disk where it is another one there, or older by after.
func (k *Keeper) save(after time.Duration) {
	l := k.now.Load()
	if s := k.saved; s != nil && s.Version == l.Version && (s.Settings == nil) == (l.Settings == nil) && l.AsOf.Sub(s.AsOf) <= after {
		return
	}
	err := error(nil)
	if l.Settings == nil {
		err = k.disk.remove(listFile)
	} else {
		err = k.disk.save(listFile, l)
	}
	if err == nil {
		k.saved = l
	}
	k.report(err)
}

func (k *Keeper) report(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	class := vault.ErrorClass(err)
	if class != "" && k.failing == "" {
		k.log.Error("the list of who is in the building cannot be written", "class", class, "error", err)
	}
	k.failing = class
}

// DiskError is the class of the last write's failure, empty when it worked.
func (k *Keeper) DiskError() string {
	if k == nil {
		return ""
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.failing
}

// tellRefused reports wrong PINs, those of a while together.
func (k *Keeper) tellRefused(after time.Duration) {
	now := k.cfg.Now()
	if now.Sub(k.toldAt).Abs() < after || k.refused.Load() == 0 {
		return
	}
	k.toldAt = now
	k.cfg.Journal.Enqueue(wire.Record{At: now, Presence: &wire.PresenceOpened{Refused: int(k.refused.Swap(0))}})
}

// tellOpened reports that somebody saw the list.
func (k *Keeper) tellOpened() {
	k.cfg.Journal.Enqueue(wire.Record{At: k.cfg.Now(), Presence: &wire.PresenceOpened{Opened: 1, Refused: int(k.refused.Swap(0))}})
}
