package radius

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/internal/wire"
)

// Bounds of the remembered answers. RFC 5080 2.2.2 asks for five to thirty seconds.
const (
	answerLife    = 10 * time.Second
	answersPerNAS = 64 * 256 // 64 ports of 256 Identifiers
	answersInAll  = 128 * 1024
)

// answers remembers one NAS's recent requests and what was answered, so that a
// retransmission gets the same octets and is not executed again (RFC 5080 2.2.2).
// When its share or the whole is full, the oldest is forgotten first.
type answers struct {
	limit   int           // of this NAS
	inAll   *atomic.Int64 // entries of all NASes
	maximum int64         // of inAll; a NAS without any may exceed it by one

	mu     sync.Mutex // guards all below
	index  map[answerKey]*entry
	oldest *entry // in the order of their end
	newest *entry
	spare  *entry // to be used again
	count  int    // entries between oldest and newest
	serial uint64
}

// answerKey says where a request came from. With the Request Authenticator it is
// RFC 5080's whole key; the same key with another one is a new request, which
// takes the old one's place.
type answerKey struct {
	source     netip.AddrPort
	port       port
	code       code
	identifier byte
}

type entry struct {
	key           answerKey
	authenticator [16]byte
	serial        uint64 // tells this use of the entry from later ones
	until         time.Time
	answered      bool
	octets        []byte
	accepted      accepted
	next          *entry
}

// accepted is what an Access-Accept stands on; empty for other answers.
type accepted struct {
	grantID, username string
	kind              wire.GrantKind
	until             time.Time // the grant's end when it was accepted
}

// stands reports whether an Access-Accept may be repeated at now: its grant is
// there and has not been shortened. Otherwise a retransmission after a revoke
// would bring back what the revoke ended.
func (a accepted) stands(grants Grants, now time.Time) bool {
	if a.grantID == "" {
		return true
	}
	if a.kind == wire.GrantRoll || a.kind == wire.GrantPortal { // its name may change, or is nobody's
		g := grants.Grant(a.grantID)
		return g != nil && now.Before(g.NotAfter) && !g.NotAfter.Before(a.until)
	}
	g, why := grants.Lookup(a.username)
	return why == "" && g.ID == a.grantID && now.Before(g.NotAfter) && !g.NotAfter.Before(a.until)
}

// remembered is a request's place among the answers.
type remembered struct {
	entry    *entry
	serial   uint64
	accepted accepted // what this request's Access-Accept stands on
}

// seen is what is known of a request.
type seen byte

const (
	seenNever    seen = iota // execute it
	seenWorking              // a duplicate is being executed: drop quietly
	seenAnswered             // the answer is in the request
)

// begin looks for a request and remembers it when it is new. The answer to a
// repeated one is copied into r.answer, what it stands on into r.remember.
func (l *answers) begin(r *request) seen {
	key := answerKey{r.source, r.socket.port, r.packet.code(), r.packet.identifier()}
	authenticator := [16]byte(r.packet.authenticator())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(r.at)
	if e := l.index[key]; e != nil && e.authenticator == authenticator {
		if !e.answered {
			return seenWorking
		}
		r.remember = remembered{e, e.serial, e.accepted}
		r.out.buf = append(r.out.buf[:0], e.octets...)
		r.answer = r.out.buf
		return seenAnswered
	}
	e := l.take()
	l.serial++
	e.key, e.authenticator, e.serial = key, authenticator, l.serial
	e.until, e.answered, e.accepted = r.at.Add(answerLife), false, accepted{}
	l.index[key] = e
	l.append(e)
	r.remember = remembered{entry: e, serial: e.serial}
	return seenNever
}

// finish keeps r.answer for repetitions, or forgets the request if it got none,
// so that its retransmission is executed.
func (l *answers) finish(r *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := r.remember.entry
	if e == nil || e.serial != r.remember.serial {
		return // forgotten meanwhile for lack of room
	}
	if r.answer == nil {
		l.drop(e)
		return
	}
	e.answered = true
	e.accepted = r.remember.accepted
	e.octets = append(e.octets[:0], r.answer...)
}

// forget makes the next begin of a remembered request execute it anew.
func (l *answers) forget(r *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := r.remember.entry; e.serial == r.remember.serial {
		l.drop(e)
	}
}

// prune forgets what has expired and gives unused memory back. It reports whether
// nothing is left.
func (l *answers) prune(now time.Time) (empty bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(now)
	for ; l.spare != nil; l.spare = l.spare.next {
		l.inAll.Add(-1)
	}
	return l.count == 0
}

func (l *answers) expire(now time.Time) {
	for l.oldest != nil && !l.oldest.until.After(now) {
		l.evict()
	}
}

// take returns an entry to fill: a spare one, a new one, or the oldest.
func (l *answers) take() *entry {
	if l.spare == nil && l.count > 0 && (l.count >= l.limit || l.inAll.Load() >= l.maximum) {
		l.evict()
	}
	if e := l.spare; e != nil {
		l.spare, e.next = e.next, nil
		return e
	}
	l.inAll.Add(1)
	return new(entry)
}

func (l *answers) append(e *entry) {
	if l.newest == nil {
		l.oldest = e
	} else {
		l.newest.next = e
	}
	l.newest = e
	l.count++
}

// evict moves the oldest entry to the spares.
func (l *answers) evict() {
	e := l.oldest
	l.drop(e)
	l.oldest = e.next
	if l.oldest == nil {
		l.newest = nil
	}
	l.count--
	e.serial = 0
	e.next, l.spare = l.spare, e
}

// drop takes e out of the index; it stays in line until it is the oldest.
func (l *answers) drop(e *entry) {
	if l.index[e.key] == e {
		delete(l.index, e.key)
	}
}

// grantOf returns what an Access-Accept for g stands on.
func grantOf(g *wire.Grant) accepted {
	return accepted{grantID: g.ID, username: g.Username, kind: g.Kind, until: g.NotAfter}
}
