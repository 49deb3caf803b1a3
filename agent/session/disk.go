package session

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	bucketSessions = "sessions"
	bucketResets   = "resets"

	linger    = 200 * time.Millisecond // lets changes gather; the journal has them
	retryFor  = time.Second            // after a failed write
	portion   = 2000                   // sessions a transaction
	sweepFor  = time.Minute            // between sweeps
	endedFor  = 24 * time.Hour         // an ended session is remembered, for late repeats
	silentFor = 7 * 24 * time.Hour     // an open one is believed
)

// Open reads the table in cfg.Dir, or makes an empty one, and starts its writer,
// which ends with Close.
func Open(cfg Config) (*Table, error) {
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	cfg.Max = cmp.Or(cfg.Max, defaultMax)
	cfg.Keys = cfg.Keys.Derive("session")
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	t := &Table{cfg: cfg, wake: make(chan struct{}, 1), closed: make(chan struct{})}
	db, moved, err := vault.OpenDB(filepath.Join(cfg.Dir, "sessions.db"), cfg.Keys, t.load)
	if moved != nil {
		cfg.Logger.Error("the table of sessions is unreadable and was moved aside; it starts empty", "error", moved)
	}
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	t.db = db
	t.done.Go(t.write)
	return t, nil
}

// Close tries once to write what is not yet on disk and ends the writer.
func (t *Table) Close() error {
	t.stop.Do(func() { close(t.closed) })
	t.done.Wait()
	return t.db.Close()
}

func (t *Table) load(db *vault.DB, tx *bbolt.Tx) error {
	t.clear()
	err := each(tx, bucketSessions, func(key, blob []byte) error {
		r := &record{}
		if err := db.Decode(bucketSessions, key, blob, &r.state); err != nil {
			return err
		}
		t.add(r)
		return nil
	})
	if err != nil {
		return err
	}
	return each(tx, bucketResets, func(key, blob []byte) error {
		var resets []reset
		err := db.Decode(bucketResets, key, blob, &resets)
		t.resets[visit.NASID(key)] = resets
		return err
	})
}

// clear makes the table an empty one.
func (t *Table) clear() {
	t.byID, t.resets = map[slot][]*record{}, map[visit.NASID][]reset{}
	t.byNAS, t.byGrant = map[visit.NASID]map[*record]struct{}{}, map[string]map[*record]struct{}{}
	t.byDevice, t.watchers = map[nasDevice]*record{}, map[slot]chan struct{}{}
	t.dirty, t.dirtyNAS, t.count = map[*record]struct{}{}, map[visit.NASID]struct{}{}, 0
}

func each(tx *bbolt.Tx, name string, take func(key, blob []byte) error) error {
	if bucket := tx.Bucket([]byte(name)); bucket != nil {
		return bucket.ForEach(take)
	}
	return nil
}

// write is the writer's goroutine: it saves what has changed and sweeps.
func (t *Table) write() {
	sweep := time.NewTicker(sweepFor)
	defer sweep.Stop()
	for {
		select {
		case <-t.closed:
			_ = t.save()
			return
		case <-sweep.C:
			t.sweep()
			continue
		case <-t.wake:
		}
		t.pause(linger)
		if err := t.save(); err != nil {
			t.pause(retryFor)
			t.poke()
		}
	}
}

func (t *Table) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.closed:
	}
}

// save writes all changes. What fails is tried again with what has changed since.
func (t *Table) save() error {
	for {
		c := t.take()
		if len(c.records) == 0 && len(c.resets) == 0 {
			return nil
		}
		err := t.db.Update(func(tx *bbolt.Tx) error { return t.put(tx, c) })
		t.report(err)
		if err != nil {
			t.giveBack(c)
			return err
		}
	}
}

// A change is a portion of what is to be written, copied.
type change struct {
	records []saved
	resets  map[visit.NASID][]reset
}

type saved struct {
	record *record // read under mu only
	key    wire.SessionKey
	state  *state // nil: to be deleted
}

func (t *Table) take() change {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := change{resets: map[visit.NASID][]reset{}}
	for r := range t.dirty {
		switch {
		case !r.gone:
			c.records = append(c.records, saved{r, r.Session.Key, new(r.state)})
		case t.byKey(r.Session.Key) == nil: // it did not come back meanwhile
			c.records = append(c.records, saved{r, r.Session.Key, nil})
		}
		delete(t.dirty, r)
		if len(c.records) == portion {
			break
		}
	}
	for nas := range t.dirtyNAS {
		c.resets[nas] = t.resets[nas]
	}
	clear(t.dirtyNAS)
	return c
}

func (t *Table) giveBack(c change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range c.records {
		t.dirty[s.record] = struct{}{}
	}
	for nas := range c.resets {
		t.dirtyNAS[nas] = struct{}{}
	}
}

func (t *Table) put(tx *bbolt.Tx, c change) error {
	sessions, err := tx.CreateBucketIfNotExists([]byte(bucketSessions))
	if err != nil {
		return err
	}
	for _, s := range c.records {
		if key := t.diskKey(s.key); s.state == nil {
			err = sessions.Delete(key)
		} else {
			err = t.db.Put(sessions, bucketSessions, key, s.state)
		}
		if err != nil {
			return err
		}
	}
	resets, err := tx.CreateBucketIfNotExists([]byte(bucketResets))
	if err != nil {
		return err
	}
	for nas, list := range c.resets {
		if err := t.db.Put(resets, bucketResets, []byte(nas), list); err != nil {
			return err
		}
	}
	return nil
}

// diskKey hides what an Acct-Session-Id may contain, such as a MAC address.
func (t *Table) diskKey(k wire.SessionKey) []byte {
	name := fmt.Appendf(nil, "%s\x00%s\x00", k.NASID, k.AcctSessionID)
	name = binary.BigEndian.AppendUint64(name, uint64(k.StartedAt.UnixMicro()))
	return t.cfg.Keys.MAC("key", name)[:16]
}

func (t *Table) report(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	class := vault.ErrorClass(err)
	if class != "" && t.stats.DiskError == "" {
		t.cfg.Logger.Error("the table of sessions cannot be written; a restart would lose the latest", "class", class, "error", err)
	}
	if class == "" && t.stats.DiskError != "" {
		t.cfg.Logger.Info("the table of sessions can be written again")
	}
	t.stats.DiskError = class
}
