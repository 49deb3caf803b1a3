package session

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/wire"
)

var errTodo = errors.New("not written yet")

// Config says where the table of sessions lives.
type Config struct {
	Dir    string
	Keys   *seal.Keyring
	Now    func() time.Time
	Logger *slog.Logger
	Max    int // sessions remembered; zero: 200,000
}

// Change says what a piece of accounting did to the table.
type Change string

// The changes.
const (
	Unchanged Change = "unchanged"
	Started   Change = "started"
	Updated   Change = "updated"
	Closed    Change = "closed" // of one session or, for on and off, of at least one
)

// Table is the sessions at this site's NASes.
type Table struct{}

// Open reads the table in cfg.Dir, or makes one.
func Open(cfg Config) (*Table, error) { return nil, errTodo }

// Close writes what is not yet on disk and stops.
func (t *Table) Close() error { return errTodo }

// Resolve returns a as the journal should have it: with the key under which the
// table knows the session, and grant, visit, user and MAC where the NAS left them
// out. It changes nothing.
func (t *Table) Resolve(a wire.Accounting) wire.Accounting { return a }

// Account applies what a NAS said, in any order and any number of times.
func (t *Table) Account(a wire.Accounting) Change { return Unchanged }

// ByGrant returns the open sessions of a grant, oldest first.
func (t *Table) ByGrant(grantID string) []wire.Session { return nil }

// Devices counts a grant's devices that are online, without exceptMAC.
func (t *Table) Devices(grantID, exceptMAC string) int { return 0 }

// Status is what is known of one session.
type Status struct {
	Session    wire.Session
	Known      bool
	SeenAt     time.Time // last sign of life by the NAS's word
	InterimAt  time.Time // last Interim-Update, zero for none
	EndedAt    time.Time // zero while open
	Stopped    bool      // ended by its own Accounting-Stop
	ReplacedBy *wire.SessionKey
}

// Watch returns a session's status and a channel that is closed at its next
// change. Nothing has to be given back.
func (t *Table) Watch(key wire.SessionKey) (Status, <-chan struct{}) { return Status{}, nil }

// Wait returns once the session has ended, or has shown life after after.
func (t *Table) Wait(ctx context.Context, key wire.SessionKey, after time.Time) (Status, error) {
	return Status{}, errTodo
}

// Remote takes the hub's word on sessions that other agents reported.
func (t *Table) Remote(open []wire.Session, closed []wire.SessionKey) {}

// Stats is what the agent reports of its sessions.
type Stats struct {
	Open      int
	Dropped   int64 // forgotten for lack of room, since the start
	DiskError string
}

// Stats returns the present figures.
func (t *Table) Stats() Stats { return Stats{} }
