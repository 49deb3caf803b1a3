package nas

import (
	"context"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"layeh.com/radius"
)

// EventKind says what happened.
type EventKind string

// The kinds. Names are interface of the control API.
const (
	EventSent     EventKind = "sent"     // a datagram left, retransmissions included
	EventReceived EventKind = "received" // a valid packet came
	EventDropped  EventKind = "dropped"  // a packet came and got no answer; see Note
	EventInvalid  EventKind = "invalid"  // an answer failed its checks; see Note
	EventLost     EventKind = "lost"     // an accounting record was given up
	EventOnline   EventKind = "online"   // a session opened
	EventOffline  EventKind = "offline"  // a session ended; Note is the cause
)

// Event is one line of the NAS's log. It holds guests' addresses and names,
// but no password, secret or challenge response.
type Event struct {
	Seq           uint64            `json:"seq"` // from 1, without gaps
	At            time.Time         `json:"at"`
	Kind          EventKind         `json:"kind"`
	Packet        string            `json:"packet,omitempty"` // as in the RFCs: "Access-Request"
	Identifier    int               `json:"identifier"`
	Authenticator string            `json:"authenticator,omitempty"` // hex; a retransmission repeats it
	Peer          string            `json:"peer,omitempty"`
	AcctSessionID string            `json:"acct_session_id,omitempty"`
	Facts         map[string]string `json:"facts,omitempty"` // attributes by dictionary name
	Note          string            `json:"note,omitempty"`
}

// maxEvents bounds the log; the oldest go first.
const maxEvents = 4096

// journal is the bounded log. Its methods are safe for concurrent use.
type journal struct {
	now func() time.Time

	mu      sync.Mutex // guards the fields below
	seq     uint64
	events  []Event
	changed chan struct{} // closed and replaced by add
}

func newJournal(now func() time.Time) *journal {
	return &journal{now: now, changed: make(chan struct{})}
}

func (j *journal) add(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	e.Seq, e.At = j.seq, j.now()
	if len(j.events) == maxEvents {
		j.events = slices.Delete(j.events, 0, maxEvents/4) // a quarter at a time, not one copy per event
	}
	j.events = append(j.events, e)
	close(j.changed)
	j.changed = make(chan struct{})
}

// packet logs a datagram. b need not be valid.
func (j *journal) packet(kind EventKind, peer string, b []byte, note string) {
	e := Event{Kind: kind, Peer: peer, Note: note}
	if trimmed, err := trim(b); err == nil {
		e.Packet = codeName(radius.Code(b[0]))
		e.Identifier = int(b[1])
		e.Authenticator = hex.EncodeToString(b[4:headerLen])
		e.Facts = decodeFacts(trimmed)
		e.AcctSessionID = e.Facts["Acct-Session-Id"]
	}
	j.add(e)
}

// after returns the events with a higher sequence number, and a channel that
// closes when there are more.
func (j *journal) after(seq uint64) ([]Event, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.IndexFunc(j.events, func(e Event) bool { return e.Seq > seq })
	if i < 0 {
		return nil, j.changed
	}
	return slices.Clone(j.events[i:]), j.changed
}

// Events returns what is in the log after the given sequence number, oldest
// first; 0 asks for all of it.
func (n *NAS) Events(after uint64) []Event {
	events, _ := n.journal.after(after)
	return events
}

// WaitEvent returns the first event after the given sequence number that
// matches, waiting for it if need be. It fails only when ctx ends.
func (n *NAS) WaitEvent(ctx context.Context, after uint64, match func(Event) bool) (Event, error) {
	for {
		events, more := n.journal.after(after)
		if i := slices.IndexFunc(events, match); i >= 0 {
			return events[i], nil
		}
		if len(events) > 0 {
			after = events[len(events)-1].Seq
		}
		select {
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		case <-more:
		}
	}
}
