package ledger

import (
	"slices"
	"strings"
	"sync/atomic"
)

// An index finds holdings by one of their keys, without a lock. Holdings whose key is
// empty are not in it.
type index struct {
	key   func(*holding) string
	table atomic.Pointer[shards[[]*holding]]
}

func (x *index) get(key string) []*holding { return x.table.Load().get(key) }

// made returns a table of holdings that nobody reads yet.
func (x *index) made(holdings map[string]*holding) *shards[[]*holding] {
	table := newShards[[]*holding]()
	for _, h := range holdings {
		if key := x.key(h); key != "" {
			table.fill(key, withHolding(table.get(key), h))
		}
	}
	return table
}

// put puts h in the place of old, nil for none. No reader finds a key of both empty
// in between. Ledger.mu must be held, as in all that changes an index.
func (x *index) put(old, h *holding) {
	key, table := x.key(h), x.table.Load()
	if old != nil && x.key(old) != key {
		x.remove(old)
	}
	if key != "" {
		table.put(key, withHolding(table.get(key), h))
	}
}

func (x *index) remove(h *holding) {
	key, table := x.key(h), x.table.Load()
	if key == "" {
		return
	}
	left := slices.DeleteFunc(slices.Clone(table.get(key)), func(o *holding) bool { return o == h })
	if len(left) == 0 {
		table.remove(key)
		return
	}
	table.put(key, left)
}

// withHolding returns list with h instead of what has its id. Two grants with one
// name are an accident; sorted by id, they are the same accident everywhere.
func withHolding(list []*holding, h *holding) []*holding {
	next := make([]*holding, 0, len(list)+1)
	for _, o := range list {
		if o.grant.ID != h.grant.ID {
			next = append(next, o)
		}
	}
	next = append(next, h)
	slices.SortFunc(next, func(a, b *holding) int { return strings.Compare(a.grant.ID, b.grant.ID) })
	return next
}
