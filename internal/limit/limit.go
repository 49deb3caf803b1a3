// Package limit slows callers down, in bounded memory: a [Limiter] those who call
// us, a [Gate] ourselves where we call others.
//
// A key of a limiter is whatever a limit is per: a principal, an address (see
// [Address]), a site. Each key may make Burst calls at once and Rate per second after
// that. State is this process's own; what must hold over replicas, such as the lockout
// of a name, is kept in Postgres instead.
//
// # When there are more keys than room
//
// The bucket unused for longest makes room, if it has filled up again meanwhile:
// forgetting a full bucket changes nothing. If not even that one is full, as when
// somebody calls from very many addresses, the new key is charged to one bucket
// shared by all keys without room. Callers that are known are then served as
// before, new ones share one caller's rate, and no flood makes the limiter forget
// whom it holds back.
package limit

import (
	"container/list"
	"net/netip"
	"sync"
	"time"
)

// Config is a limit.
type Config struct {
	Rate  float64 // calls per second and key, above 0
	Burst int     // calls at once, at least 1
	Keys  int     // buckets to keep, at least 1; each takes about 200 bytes and its key
}

// Limiter holds the buckets. It is safe for concurrent use.
type Limiter struct {
	config Config
	now    func() time.Time

	mu       sync.Mutex               // guards all below
	buckets  map[string]*list.Element // of *bucket
	recent   *list.List               // the bucket used last in front
	overflow bucket
}

type bucket struct {
	key    string
	tokens float64
	at     time.Time // when tokens was right
}

// New returns a limiter. now is the clock: time.Now, or a test's.
func New(config Config, now func() time.Time) *Limiter {
	config.Burst, config.Keys = max(config.Burst, 1), max(config.Keys, 1)
	return &Limiter{
		config: config, now: now,
		buckets:  map[string]*list.Element{},
		recent:   list.New(),
		overflow: bucket{tokens: float64(config.Burst), at: now()},
	}
}

// Allow takes a token of the key's bucket. If there is none, it takes nothing and
// returns how long the caller should wait before the next try, for Retry-After.
func (l *Limiter) Allow(key string) (ok bool, retryFor time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.bucket(key, now)
	b.refill(now, l.config.Rate, l.config.Burst)
	if b.tokens >= 1 {
		b.tokens--
		return true, 0
	}
	return false, time.Duration((1 - b.tokens) / l.config.Rate * float64(time.Second))
}

// Len is the number of keys held.
func (l *Limiter) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.recent.Len()
}

// bucket finds or makes the key's bucket, or returns the shared one.
func (l *Limiter) bucket(key string, now time.Time) *bucket {
	if element, ok := l.buckets[key]; ok {
		l.recent.MoveToFront(element)
		return valueOf(element)
	}
	if l.recent.Len() >= l.config.Keys && !l.makeRoom(now) {
		return &l.overflow
	}
	b := &bucket{key: key, tokens: float64(l.config.Burst), at: now}
	l.buckets[key] = l.recent.PushFront(b)
	return b
}

// makeRoom drops the bucket unused for longest, if it is full again.
func (l *Limiter) makeRoom(now time.Time) bool {
	oldest := l.recent.Back()
	b := valueOf(oldest)
	b.refill(now, l.config.Rate, l.config.Burst)
	if b.tokens < float64(l.config.Burst) {
		return false
	}
	delete(l.buckets, b.key)
	l.recent.Remove(oldest)
	return true
}

func (b *bucket) refill(now time.Time, rate float64, burst int) {
	// A clock set back gives nothing and takes nothing.
	since := max(now.Sub(b.at), 0)
	b.tokens = min(b.tokens+since.Seconds()*rate, float64(burst))
	b.at = now
}

func valueOf(element *list.Element) *bucket {
	b, _ := element.Value.(*bucket) // nothing else is ever put in
	return b
}

// Address is the key for callers without a name. An IPv6 caller owns a /64 at
// least, so that is one key; an IPv4 address counts by itself, also when it comes
// mapped into IPv6.
func Address(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		prefix, err := addr.Prefix(64)
		if err == nil { // 64 is always a valid length for IPv6
			return prefix.String()
		}
	}
	return addr.String()
}
