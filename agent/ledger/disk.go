package ledger

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// The file's buckets. Grants and NASes live in a bucket each per generation, of
// which the head names the one that counts; others are left over from a snapshot
// that was not finished.
var (
	bucketHead   = []byte("head")
	bucketFormer = []byte("former")
	keyHead      = []byte("head")
)

const (
	bucketHeld   = "held"
	bucketSpent  = "spent"
	prefixGrants = "grants."
	prefixNASes  = "nases."
	portion      = 1000 // objects a transaction
)

// Head is the file's root. It has no secrets and is not sealed.
type head struct {
	Generation uint64         `json:"generation"`
	Position   *wire.Position `json:"position,omitempty"` // nil: empty
	Epoch      int64          `json:"epoch"`
}

// Content is all there is in a file.
type content struct {
	head     head
	grants   map[string]*holding
	nases    map[visit.NASID]*wire.NAS
	former   []*past
	ratchets map[visit.NASID]bool // all true
	spent    []*spent
}

// Disk is the ledger's file. One goroutine uses it at a time.
type disk struct {
	db   *vault.DB
	head head
	past int // entries in bucketFormer
}

func (c *content) load(db *vault.DB, tx *bbolt.Tx) error {
	*c = content{grants: map[string]*holding{}, nases: map[visit.NASID]*wire.NAS{}}
	if bucket := tx.Bucket(bucketHead); bucket != nil {
		if err := json.Unmarshal(bucket.Get(keyHead), &c.head); err != nil {
			return fmt.Errorf("%w: head", vault.ErrBroken)
		}
	}
	if err := each(db, tx, grantsBucket(c.head.Generation), func(g *wire.Grant) { c.grants[g.ID] = newHolding(*g) }); err != nil {
		return err
	}
	if err := each(db, tx, nasesBucket(c.head.Generation), func(n *wire.NAS) { c.nases[n.ID] = n }); err != nil {
		return err
	}
	if err := c.loadRatchets(db, tx); err != nil {
		return err
	}
	if err := each(db, tx, bucketHeld, c.take); err != nil {
		return err
	}
	if err := each(db, tx, bucketSpent, func(s *spent) { c.spent = append(c.spent, s) }); err != nil {
		return err
	}
	return each(db, tx, string(bucketFormer), func(p *past) { c.former = append(c.former, p) })
}

func grantsBucket(generation uint64) string { return fmt.Sprintf("%s%d", prefixGrants, generation) }
func nasesBucket(generation uint64) string  { return fmt.Sprintf("%s%d", prefixNASes, generation) }

func each[V any](db *vault.DB, tx *bbolt.Tx, name string, take func(*V)) error {
	bucket := tx.Bucket([]byte(name))
	if bucket == nil {
		return nil
	}
	return bucket.ForEach(func(key, blob []byte) error {
		v := new(V)
		if err := db.Decode(name, key, blob, v); err != nil {
			return err
		}
		take(v)
		return nil
	})
}

// sweepGenerations removes the buckets of every generation but one.
func sweepGenerations(tx *bbolt.Tx, keep uint64) error {
	var stale [][]byte
	err := tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
		s := string(name)
		if (strings.HasPrefix(s, prefixGrants) || strings.HasPrefix(s, prefixNASes)) &&
			s != grantsBucket(keep) && s != nasesBucket(keep) {
			stale = append(stale, []byte(s))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range stale {
		if err := tx.DeleteBucket(name); err != nil {
			return err
		}
	}
	return nil
}

// A change is what one transaction does to the current generation: each object's
// new form, nil for none.
type change struct {
	grants   map[string]*wire.Grant
	nases    map[visit.NASID]*wire.NAS
	former   []*past
	ratchets map[visit.NASID]bool // true: it signs, false: forget that it does
	clear    bool                 // no grant stays but those in grants
	held     map[string]*held     // see HoldDevice
	spent    map[string]*spent    // by their keys
	gone     []string             // grants of which nothing is to be kept
}

// commit writes c and makes next the head, all or nothing, and returns once it is
// on disk.
func (d *disk) commit(c change, next head) error {
	past := d.past
	err := d.db.Update(func(tx *bbolt.Tx) (err error) {
		if err := d.write(tx, next.Generation, c); err != nil {
			return err
		}
		if past, err = d.remember(tx, c); err != nil {
			return err
		}
		if err := d.ratchet(tx, c.ratchets); err != nil {
			return err
		}
		if err := d.keep(tx, c); err != nil {
			return err
		}
		return putHead(tx, next)
	})
	if err == nil {
		d.head, d.past = next, past
	}
	return err
}

func putHead(tx *bbolt.Tx, h head) error {
	raw, err := json.Marshal(h)
	if err != nil {
		return err
	}
	bucket, err := tx.CreateBucketIfNotExists(bucketHead)
	if err != nil {
		return err
	}
	return bucket.Put(keyHead, raw)
}

func (d *disk) write(tx *bbolt.Tx, generation uint64, c change) error {
	if name := []byte(grantsBucket(generation)); c.clear && tx.Bucket(name) != nil {
		if err := tx.DeleteBucket(name); err != nil {
			return err
		}
	}
	if err := writeAll(d.db, tx, grantsBucket(generation), c.grants); err != nil {
		return err
	}
	return writeAll(d.db, tx, nasesBucket(generation), c.nases)
}

func writeAll[K ~string, V any](db *vault.DB, tx *bbolt.Tx, name string, objects map[K]*V) error {
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

// remember adds past grants and drops the oldest beyond rememberMax. It returns
// how many there are.
func (d *disk) remember(tx *bbolt.Tx, c change) (int, error) {
	bucket, err := tx.CreateBucketIfNotExists(bucketFormer)
	if err != nil {
		return 0, err
	}
	count := d.past
	for _, p := range c.former {
		seq, err := bucket.NextSequence()
		if err != nil {
			return 0, err
		}
		if err := d.db.Put(bucket, string(bucketFormer), binary.BigEndian.AppendUint64(nil, seq), p); err != nil {
			return 0, err
		}
		count++
	}
	cursor := bucket.Cursor()
	for key, _ := cursor.First(); key != nil && count > rememberMax; key, _ = cursor.First() {
		if err := cursor.Delete(); err != nil {
			return 0, err
		}
		count--
	}
	return count, nil
}

// forget drops past grants that ended before an instant.
func (d *disk) forget(before time.Time) error {
	count := d.past
	err := d.db.Update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketFormer)
		if bucket == nil {
			return nil
		}
		cursor := bucket.Cursor()
		for key, blob := cursor.First(); key != nil; key, blob = cursor.First() {
			var p past
			if err := d.db.Decode(string(bucketFormer), key, blob, &p); err != nil {
				return err
			}
			if !p.EndedAt.Before(before) {
				return nil
			}
			if err := cursor.Delete(); err != nil {
				return err
			}
			count--
		}
		return nil
	})
	if err == nil {
		d.past = count
	}
	return err
}

// stage writes a whole set as the next generation, in portions, without anything
// referring to it yet.
func (d *disk) stage(grants map[string]*wire.Grant, nases map[visit.NASID]*wire.NAS) (generation uint64, err error) {
	generation = d.head.Generation + 1
	err = d.db.Update(func(tx *bbolt.Tx) error { return sweepGenerations(tx, d.head.Generation) })
	if err != nil {
		return 0, err
	}
	write := func(c change) error {
		return d.db.Update(func(tx *bbolt.Tx) error { return d.write(tx, generation, c) })
	}
	if err := write(change{nases: nases}); err != nil {
		return 0, err
	}
	part := make(map[string]*wire.Grant, portion)
	for id, g := range grants {
		part[id] = g
		if len(part) == portion {
			if err := write(change{grants: part}); err != nil {
				return 0, err
			}
			clear(part)
		}
	}
	return generation, write(change{grants: part})
}

// sweep drops what is left of earlier generations. A failure costs space only,
// until the next start or snapshot.
func (d *disk) sweep() error {
	return d.db.Update(func(tx *bbolt.Tx) error { return sweepGenerations(tx, d.head.Generation) })
}
