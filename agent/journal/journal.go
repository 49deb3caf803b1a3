package journal

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	defaultMaxBytes = 64 << 20
	maxQueued       = 4096
	maxUnawaited    = maxQueued / 4 // Enqueue leaves room for those who wait
)

// The errors of Append beside those of the disk.
var (
	ErrFull     = visit.Errorf(visit.KindLimited, "journal_busy", "More records wait for the disk than it takes.")
	ErrClosed   = visit.Errorf(visit.KindUnavailable, "journal_closed", "The journal is closed.")
	ErrTooLarge = visit.Errorf(visit.KindInvalid, "record_too_large", "The record is too large for the journal.")
)

// Config says where a journal lives and how large it may grow. Dir and Keys are
// required.
type Config struct {
	Dir      string // made if missing
	Keys     *seal.Keyring
	MaxBytes int64 // zero: 64 MiB
	Logger   *slog.Logger
	Rand     io.Reader // for the journal's id; nil: crypto/rand

	disk disk
}

// Journal is the agent's reports until the hub has stored them. It is safe for
// concurrent use.
type Journal struct {
	cfg    Config
	id     string
	notify chan struct{} // capacity 1
	wake   chan struct{} // capacity 1: the queue is no longer empty, or closed
	done   sync.WaitGroup
	next   uint64 // sequence of the next record; the writer's own

	mu     sync.Mutex // guards the queue
	queue  *batch
	closed bool

	seg      sync.Mutex // guards what is on disk; held over compaction
	segments []*segment // the last one may be open
	acked    uint64
	identity identity
	stats    Stats
}

// A batch is written and synced as one. Done is closed, by the writer, once err
// and the entries' sequences are final.
type batch struct {
	entries []*entry
	done    chan struct{}
	err     error
}

type entry struct {
	text    []byte
	key     key
	awaited bool
	seq     uint64 // set by the writer
}

func newBatch() *batch { return &batch{done: make(chan struct{})} }

// Open reads the journal in cfg.Dir, or makes one with a new id, and starts its
// writer, which ends with Close.
func Open(cfg Config) (*Journal, error) {
	cfg.MaxBytes = cmp.Or(cfg.MaxBytes, defaultMaxBytes)
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.disk == nil {
		cfg.disk = osDisk{}
	}
	cfg.Keys = cfg.Keys.Derive("journal")
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	who, err := identify(cfg.Dir, cfg.disk, cfg.Rand)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	found, err := survey(cfg.Dir, cfg.disk)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return start(cfg, who, found), nil
}

func start(cfg Config, who identity, found layout) *Journal {
	j := &Journal{
		cfg: cfg, id: who.ID, identity: who,
		notify: make(chan struct{}, 1), wake: make(chan struct{}, 1), queue: newBatch(),
		segments: found.segments, next: found.next,
		stats: Stats{Dropped: who.Dropped, Damaged: found.damaged},
	}
	if found.damaged > 0 {
		cfg.Logger.Error("parts of the journal are damaged and were skipped", "stretches", found.damaged)
	}
	if j.backlog() > 0 {
		poke(j.notify)
	}
	j.done.Go(j.write)
	return j
}

// Close writes what was handed over and ends the writer.
func (j *Journal) Close() error {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	poke(j.wake)
	j.done.Wait()
	return nil
}

// ID is random per journal directory.
func (j *Journal) ID() string { return j.id }

// Append returns rec's sequence once it is on disk. After an error, of the disk,
// of ctx, ErrFull, ErrClosed or ErrTooLarge, rec must be taken as not stored, and
// no NAS be answered on its account; it may be stored nevertheless.
func (j *Journal) Append(ctx context.Context, rec wire.Record) (seq uint64, err error) {
	e, err := j.entry(rec)
	if err != nil {
		return 0, err
	}
	e.awaited = true
	b, err := j.hand(e, maxQueued)
	if err != nil {
		return 0, err
	}
	select {
	case <-b.done:
		return e.seq, b.err
	case <-ctx.Done():
		return 0, fmt.Errorf("journal: waiting for the disk: %w", context.Cause(ctx))
	}
}

// Enqueue hands rec over and does not wait. A record that finds no room, or that
// the disk does not take, is dropped and counted.
func (j *Journal) Enqueue(rec wire.Record) {
	e, err := j.entry(rec)
	if err == nil {
		_, err = j.hand(e, maxUnawaited)
	}
	if err != nil {
		j.seg.Lock()
		defer j.seg.Unlock()
		j.stats.Unqueued++
	}
}

func (j *Journal) entry(rec wire.Record) (*entry, error) {
	rec.Sequence = 0 // the frame has it
	text, err := json.Marshal(rec)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if len(text)+seal.Overhead > maxPayload {
		return nil, ErrTooLarge
	}
	return &entry{text: text, key: j.sessionKey(rec)}, nil
}

// sessionKey is zero for all but Interim-Updates. It is a keyed hash, so that the
// file does not tell who is online.
func (j *Journal) sessionKey(rec wire.Record) (k key) {
	if rec.Accounting == nil || rec.Accounting.Status != wire.AccountingInterim {
		return k
	}
	s := rec.Accounting.Session.Key
	name := fmt.Appendf(nil, "%s\x00%s\x00%d", s.NASID, s.AcctSessionID, s.StartedAt.UnixNano())
	return key(j.cfg.Keys.MAC("session", name)[:keySize])
}

// hand puts e into the batch that is written next.
func (j *Journal) hand(e *entry, limit int) (*batch, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.closed:
		return nil, ErrClosed
	case len(j.queue.entries) >= limit:
		return nil, ErrFull
	}
	j.queue.entries = append(j.queue.entries, e)
	poke(j.wake)
	return j.queue, nil
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it will look anyway
	}
}

// Notify is signalled when there are new durable records, and at the start if
// there are old ones. It serves one reader; signals that were not read coalesce.
func (j *Journal) Notify() <-chan struct{} { return j.notify }

// Stats is what the agent reports of its journal.
type Stats struct {
	Backlog   int    // records on disk, not yet acknowledged
	Bytes     int64  // on disk
	Dropped   int64  // records dropped for lack of room, since the journal was made
	Unqueued  int64  // records Enqueue could not hand over or the disk did not take, since the start
	Compacted int64  // Interim-Updates removed because a later one is there, since the start
	Damaged   int64  // stretches and records that could not be read, since the start
	DiskError string // class of the last write's failure: "no_space", "read_only", "io"; empty when it worked
}

// Stats returns the present figures.
func (j *Journal) Stats() Stats {
	j.seg.Lock()
	defer j.seg.Unlock()
	s := j.stats
	s.Backlog, s.Bytes = j.backlog(), j.bytes()
	return s
}

func (j *Journal) backlog() (n int) {
	for _, s := range j.segments {
		n += s.pending(j.acked)
	}
	return n
}

func (j *Journal) bytes() (n int64) {
	for _, s := range j.segments {
		n += s.size
	}
	return n
}

// report notes how writing went. Seg must be held.
func (j *Journal) report(err error) {
	class := vault.ErrorClass(err)
	if class != "" && j.stats.DiskError == "" {
		j.cfg.Logger.Error("the journal cannot be written; accounting is not answered until it can", "class", class, "error", err)
	}
	if class == "" && j.stats.DiskError != "" {
		j.cfg.Logger.Info("the journal can be written again")
	}
	j.stats.DiskError = class
}
