package presence

import (
	"net/netip"
	"sync"
	"time"
)

const (
	firstWait  = time.Second // after a source's first wrong PIN, then doubling
	longestFor = 5 * time.Minute
	forgetFor  = time.Hour // without a try
	maxSources = 1024
	// Wrong PINs from anywhere: one is forgotten each minute, and beyond allFree of
	// them everybody waits, at most allLongest. Who guesses from many addresses gets two
	// tries a minute, which is fifty years for half of all eight-digit PINs; who has the
	// PIN waits half a minute at most.
	allFree    = 10
	allForget  = time.Minute
	allLongest = 30 * time.Second
)

// brake makes tries at the PIN wait for each other. Its memory is bounded: sources
// beyond maxSources share one place.
type brake struct {
	now     func() time.Time
	mu      sync.Mutex // guards all below
	sources map[netip.Prefix]*tries
	all     tries
}

// tries are the wrong ones, and those under way.
type tries struct {
	failed int
	last   time.Time
	until  time.Time // no other one before
}

func newBrake(now func() time.Time) *brake {
	return &brake{now: now, sources: map[netip.Prefix]*tries{}}
}

// enter begins a try, which counts as a wrong one until pass says otherwise, or says
// how long to wait before one.
func (b *brake) enter(source netip.Prefix) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.all.forget(now)
	if wait := b.all.wait(now, allLongest); wait > 0 {
		return wait
	}
	own := b.of(source, now)
	if wait := own.wait(now, longestFor); wait > 0 {
		return wait
	}
	own.count(now, doubling(own.failed, longestFor))
	b.all.count(now, 0)
	if over := b.all.failed - allFree; over > 0 {
		b.all.until = now.Add(doubling(over-1, allLongest))
	}
	return 0
}

// pass says that the try was right: its source begins anew, and nobody waits for it.
func (b *brake) pass(source netip.Prefix) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sources, source)
	b.all.failed = max(0, b.all.failed-1)
	b.all.until = time.Time{}
}

// of returns the tries of a source. Where there is no room, sources that were quiet
// for long are forgotten; where that is not enough, the new one shares a place.
func (b *brake) of(source netip.Prefix, now time.Time) *tries {
	t := b.sources[source]
	if t == nil && len(b.sources) >= maxSources {
		for other, t := range b.sources {
			if now.Sub(t.last).Abs() >= forgetFor {
				delete(b.sources, other)
			}
		}
	}
	if t == nil && len(b.sources) >= maxSources {
		source = netip.Prefix{}
		t = b.sources[source]
	}
	if t == nil || now.Sub(t.last).Abs() >= forgetFor {
		t = &tries{}
		b.sources[source] = t
	}
	return t
}

func (t *tries) count(now time.Time, wait time.Duration) {
	t.failed, t.last, t.until = t.failed+1, now, now.Add(wait)
}

// wait is never longer than most, also after the clock was set back.
func (t *tries) wait(now time.Time, most time.Duration) time.Duration {
	return min(t.until.Sub(now), most)
}

// forget takes one off for each allForget that has passed.
func (t *tries) forget(now time.Time) {
	if gone := int(now.Sub(t.last) / allForget); gone > 0 {
		t.failed, t.last = max(0, t.failed-gone), now
	}
}

// doubling is firstWait after none, twice as long after each, at most most.
func doubling(failed int, most time.Duration) time.Duration {
	return min(firstWait<<min(failed, 20), most)
}

// sourceOf is what a try is counted for: an IPv4 address, or the /64 that an IPv6 host
// may choose its address from.
func sourceOf(address netip.Addr) netip.Prefix {
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(address.WithZone(""), bits).Masked()
}
