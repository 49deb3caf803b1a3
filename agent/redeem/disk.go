package redeem

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/wire"
)

// The file's buckets.
const (
	bucketHead       = "head"
	bucketZones      = "zones"
	bucketRolls      = "rolls"
	bucketCodes      = "codes"
	bucketUsages     = "usages"
	bucketRecords    = "records"
	bucketUnreported = "unreported"
)

var keyHead = []byte("head")

// load reads the file; see vault.OpenDB.
func (s *state) load(db *vault.DB, tx *bbolt.Tx) error {
	*s = state{
		zones: map[string]*zone{}, rolls: map[roll.ID]*generation{}, records: map[roll.Ticket]roll.Record{},
		unreported: map[string]wire.RollUse{},
	}
	if bucket := tx.Bucket([]byte(bucketHead)); bucket != nil {
		if err := json.Unmarshal(bucket.Get(keyHead), &s.head); err != nil {
			return fmt.Errorf("%w: head", vault.ErrBroken)
		}
	}
	for _, read := range []func() error{
		func() error {
			return each(db, tx, bucketZones, func(_ string, z wire.Zone) { s.zones[z.ID] = &zone{Zone: z} })
		},
		func() error {
			return each(db, tx, bucketRolls, func(_ string, r wire.Roll) { s.generation(r.ID).Roll = r })
		},
		func() error {
			return each(db, tx, bucketCodes, func(_ string, c wire.RollCodes) { s.generation(c.RollID).Hashes = c.Hashes })
		},
		func() error {
			return each(db, tx, bucketUsages, func(_ string, u wire.RollUsage) {
				g := s.generation(u.RollID)
				g.Over, g.Sold = u.Over, u.Sold
			})
		},
		func() error {
			return each(db, tx, bucketRecords, func(_ string, e wire.RollEntry) {
				t, record := recordOf(e)
				s.records[t] = record
			})
		},
		func() error {
			return each(db, tx, bucketUnreported, func(key string, use wire.RollUse) { s.unreported[key] = use })
		},
	} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func each[V any](db *vault.DB, tx *bbolt.Tx, name string, take func(string, V)) error {
	bucket := tx.Bucket([]byte(name))
	if bucket == nil {
		return nil
	}
	return bucket.ForEach(func(key, blob []byte) error {
		var v V
		if err := db.Decode(name, key, blob, &v); err != nil {
			return err
		}
		take(string(key), v)
		return nil
	})
}

// commit writes a change, all or nothing, and returns once it is on disk.
func (b *Book) commit(c *change) error {
	records := make(map[string]*wire.RollEntry, len(c.records))
	for t, record := range c.records {
		records[ticketKey(t)] = nil
		if record != nil {
			entry := entryOf(t, *record)
			records[ticketKey(t)] = &entry
		}
	}
	err := b.db.Update(func(tx *bbolt.Tx) error {
		if c.head != nil {
			if err := putHead(tx, *c.head); err != nil {
				return err
			}
		}
		for _, write := range []func() error{
			func() error { return writeAll(b.db, tx, bucketZones, c.zones) },
			func() error { return writeAll(b.db, tx, bucketRolls, c.rolls) },
			func() error { return writeAll(b.db, tx, bucketCodes, c.codes) },
			func() error { return writeAll(b.db, tx, bucketUsages, c.usages) },
			func() error { return writeAll(b.db, tx, bucketRecords, records) },
			func() error { return writeAll(b.db, tx, bucketUnreported, c.unreported) },
		} {
			if err := write(); err != nil {
				return err
			}
		}
		return nil
	})
	b.class.Store(new(vault.ErrorClass(err)))
	if err != nil {
		return fmt.Errorf("redeem: %w", err)
	}
	return nil
}

func ticketKey(t roll.Ticket) string {
	return string(binary.BigEndian.AppendUint32([]byte(t.Roll+"/"), t.Number))
}

func putHead(tx *bbolt.Tx, h head) error {
	raw, err := json.Marshal(h)
	if err != nil {
		return err
	}
	bucket, err := tx.CreateBucketIfNotExists([]byte(bucketHead))
	if err != nil {
		return err
	}
	return bucket.Put(keyHead, raw)
}

func writeAll[K ~string, V any](db *vault.DB, tx *bbolt.Tx, name string, objects map[K]*V) error {
	if len(objects) == 0 {
		return nil
	}
	bucket, err := tx.CreateBucketIfNotExists([]byte(name))
	if err != nil {
		return err
	}
	for id, v := range objects {
		if v == nil {
			err = bucket.Delete([]byte(id))
		} else {
			err = db.Put(bucket, name, []byte(id), v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reported forgets that a use is still to be told.
func (b *Book) reported(key string) error {
	c := newChange()
	c.unreported[key] = nil
	if err := b.commit(c); err != nil {
		return err
	}
	b.state.note(c.unreported)
	delete(b.told, key)
	return nil
}
