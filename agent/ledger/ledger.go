package ledger

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

var errTodo = errors.New("not written yet")

// Config says where a ledger lives.
type Config struct {
	Dir     string           // holds ledger.db; made if missing
	Keys    *seal.Keyring    // seals values at rest; see vault.Open
	Now     func() time.Time // the corrected clock
	Logger  *slog.Logger
	OnEnded func(Ended) // from Run, at a grant's not_after; must not block
}

// Ended is a grant whose access has ended, with the reason a login would get.
type Ended struct {
	Grant  wire.Grant
	Reason wire.RefusedReason // expired or revoked
}

// Set is the whole of what an agent should hold.
type Set struct {
	Position wire.Position
	Grants   []wire.Grant
	NASes    []wire.NAS
}

// Ledger is what this agent may accept.
type Ledger struct{}

// Open reads the ledger in cfg.Dir, or makes one.
func Open(cfg Config) (*Ledger, error) { return nil, errTodo }

// Close stops using the file.
func (l *Ledger) Close() error { return errTodo }

// Run ends grants at their not_after until ctx is done.
func (l *Ledger) Run(ctx context.Context) error { return errTodo }

// ClockChanged tells Run that Now has jumped.
func (l *Ledger) ClockChanged() {}

// Position returns the durable position; empty means that only a snapshot helps.
func (l *Ledger) Position() (pos wire.Position, empty bool) { return wire.Position{}, true }

// Epoch returns the last connection's epoch, 0 for none.
func (l *Ledger) Epoch() int64 { return 0 }

// SetEpoch makes epoch durable.
func (l *Ledger) SetEpoch(epoch int64) error { return errTodo }

// Apply takes entries in order and returns once they are on disk. On an error
// nothing may be acknowledged, but ended is valid all the same.
func (l *Ledger) Apply(entries []*wire.Entry) (ended []Ended, err error) { return nil, errTodo }

// Replace swaps in the whole set.
func (l *Ledger) Replace(set Set) (ended []Ended, err error) { return nil, errTodo }

// Lookup finds the grant a user name may use now. It must be accepted only when
// why is empty; with a reason, g may still be set, without a password, for its id.
func (l *Ledger) Lookup(username string) (g *wire.Grant, why wire.RefusedReason) {
	return nil, wire.RefusedUnknownUser
}

// Grant returns a grant by id, nil if the ledger has none.
func (l *Ledger) Grant(id string) *wire.Grant { return nil }

// NAS returns the NAS whose source network holds addr most specifically, or nil.
func (l *Ledger) NAS(addr netip.Addr) *wire.NAS { return nil }

// NASByID returns a NAS by id, or nil.
func (l *Ledger) NASByID(id visit.NASID) *wire.NAS { return nil }

// Stats is what the agent reports of its ledger.
type Stats struct {
	Grants, NASes int
	DiskError     string // class of the last failure to write, empty when the last write worked
}

// Stats returns the present figures.
func (l *Ledger) Stats() Stats { return Stats{} }
