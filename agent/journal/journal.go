package journal

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/wire"
)

var errTodo = errors.New("not written yet")

// Config says where a journal lives and how large it may grow.
type Config struct {
	Dir      string // made if missing
	Keys     *seal.Keyring
	MaxBytes int64 // zero: 64 MiB
	Logger   *slog.Logger
	Rand     io.Reader // for the journal's id; zero: crypto/rand
}

// Journal is the agent's reports until the hub has stored them.
type Journal struct{}

// Open reads the journal in cfg.Dir, or makes one with a new id.
func Open(cfg Config) (*Journal, error) { return nil, errTodo }

// Close waits for what was handed over and stops.
func (j *Journal) Close() error { return errTodo }

// ID is random per journal directory.
func (j *Journal) ID() string { return "" }

// Append returns once rec is on disk, with its sequence. After an error the
// record must be taken as not stored: no answer to the NAS.
func (j *Journal) Append(ctx context.Context, rec wire.Record) (seq uint64, err error) {
	return 0, errTodo
}

// Enqueue hands rec over without waiting; a full queue drops and counts it.
func (j *Journal) Enqueue(rec wire.Record) {}

// Pending returns durable records with sequences from from on, oldest first,
// of about maxBytes of JSON altogether but at least one if there is any.
func (j *Journal) Pending(from uint64, maxBytes int) ([]wire.Record, error) { return nil, errTodo }

// Ack says that the hub has stored everything up to seq.
func (j *Journal) Ack(seq uint64) error { return errTodo }

// Notify is signalled when new records have become durable. One reader.
func (j *Journal) Notify() <-chan struct{} { return nil }

// Stats is what the agent reports of its journal.
type Stats struct {
	Backlog   int // records not yet acknowledged
	Bytes     int64
	Dropped   int64 // since the journal was made
	Compacted int64 // interim records replaced by later ones, since the start
	Damaged   int64 // stretches skipped for a bad checksum, since the start
	DiskError string
}

// Stats returns the present figures.
func (j *Journal) Stats() Stats { return Stats{} }
