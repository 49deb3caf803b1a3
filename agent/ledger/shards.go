package ledger

import (
	"hash/maphash"
	"maps"
	"sync/atomic"
)

const shardCount = 1 << 10

// Shards is a hash table that is read without locks while one goroutine writes.
// Each part is a map that nobody changes after it was published.
type shards[V any] struct {
	seed  maphash.Seed
	parts [shardCount]atomic.Pointer[map[string]V]
}

func newShards[V any]() *shards[V] { return &shards[V]{seed: maphash.MakeSeed()} }

func (s *shards[V]) part(key string) *atomic.Pointer[map[string]V] {
	return &s.parts[maphash.String(s.seed, key)%shardCount]
}

func (s *shards[V]) get(key string) (v V) {
	if m := s.part(key).Load(); m != nil {
		v = (*m)[key]
	}
	return v
}

// Change publishes a copy of key's part in which edit has been at work.
func (s *shards[V]) change(key string, edit func(map[string]V)) {
	part := s.part(key)
	next := make(map[string]V)
	if m := part.Load(); m != nil {
		next = maps.Clone(*m)
	}
	edit(next)
	part.Store(&next)
}

func (s *shards[V]) put(key string, v V) { s.change(key, func(m map[string]V) { m[key] = v }) }

func (s *shards[V]) remove(key string) { s.change(key, func(m map[string]V) { delete(m, key) }) }

// Fill is put without the copy, for a table that nobody reads yet.
func (s *shards[V]) fill(key string, v V) {
	part := s.part(key)
	if part.Load() == nil {
		part.Store(&map[string]V{})
	}
	(*part.Load())[key] = v
}
