package session

import (
	"cmp"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/wire"
)

// state is what is known of one session. Its zero times mean never.
type state struct {
	Session   wire.Session     `json:"session"`
	SeenAt    time.Time        `json:"seen_at"`
	InterimAt time.Time        `json:"interim_at,omitzero"`
	AddressAt time.Time        `json:"address_at,omitzero"` // when the NAS gave Session.IP
	StoppedAt time.Time        `json:"stopped_at,omitzero"`
	Cause     string           `json:"cause,omitempty"`     // of the Stop
	ResetAt   time.Time        `json:"reset_at,omitzero"`   // the NAS's first reset after SeenAt
	ResetOff  bool             `json:"reset_off,omitempty"` // that was an Accounting-Off
	ClosedAt  time.Time        `json:"closed_at,omitzero"`  // when the hub said that it is over
	Input     uint64           `json:"input,omitempty"`
	Output    uint64           `json:"output,omitempty"`
	Seconds   uint32           `json:"seconds,omitempty"`
	Remote    bool             `json:"remote,omitempty"`   // known from the hub only
	Replaced  *wire.SessionKey `json:"replaced,omitempty"` // the session that took a login's place
}

// implied reports whether s is a login without accounting.
func (s *state) implied() bool { return s.Session.Key.AcctSessionID == "" }

// endedAt returns when s ended, zero if it has not. A Stop knows best.
func (s *state) endedAt() time.Time {
	switch {
	case !s.StoppedAt.IsZero():
		return s.StoppedAt
	case !s.ResetAt.IsZero():
		return s.ResetAt
	}
	return s.ClosedAt
}

// until returns when a login without accounting is over at the latest.
func (s *state) until() time.Time {
	if s.Session.ExpiresAt != nil {
		return s.Session.ExpiresAt.Add(impliedGrace)
	}
	return s.Session.Key.StartedAt.Add(impliedFor)
}

// open reports whether the device may be online.
func (s *state) open(now time.Time) bool {
	return s.Replaced == nil && s.endedAt().IsZero() && (!s.implied() || now.Before(s.until()))
}

// account returns s after Start, Interim or Stop a, given its NAS's resets. The
// result is the same whatever the order and number of such calls.
func (s state) account(a wire.Accounting, resets []reset) state {
	s.Remote = false
	s.Input, s.Output = max(s.Input, a.InputOctets), max(s.Output, a.OutputOctets)
	s.Seconds = max(s.Seconds, a.SessionSeconds)
	s.describe(a)
	s.SeenAt = later(s.SeenAt, a.EventAt)
	switch a.Status {
	case wire.AccountingInterim:
		s.InterimAt = later(s.InterimAt, a.EventAt)
	case wire.AccountingStop:
		s.stop(a)
	}
	s.heed(resets)
	return s
}

// stop keeps the earliest Stop; a repeat may come with a later time.
func (s *state) stop(a wire.Accounting) {
	if s.StoppedAt.IsZero() || a.EventAt.Before(s.StoppedAt) {
		s.StoppedAt, s.Cause = a.EventAt, a.TerminateCause
	}
}

// describe fills in what was not known. Only an address may change.
func (s *state) describe(a wire.Accounting) {
	if a.Session.IP != "" && (s.Session.IP == "" || a.EventAt.After(s.AddressAt)) {
		s.Session.IP, s.AddressAt = a.Session.IP, a.EventAt
	}
	s.Session = complete(s.Session, a.Session)
}

// complete returns s with the blanks filled in from other. The key stays, and the
// address: it has its own time, see describe.
func complete(s, other wire.Session) wire.Session {
	s.ID = cmp.Or(s.ID, other.ID)
	s.GrantID = cmp.Or(s.GrantID, other.GrantID)
	s.VisitID = cmp.Or(s.VisitID, other.VisitID)
	s.Username = cmp.Or(s.Username, other.Username)
	s.MAC = cmp.Or(s.MAC, other.MAC)
	s.MACSpelt = cmp.Or(s.MACSpelt, other.MACSpelt)
	s.NASAddress = cmp.Or(s.NASAddress, other.NASAddress)
	s.NASIP = cmp.Or(s.NASIP, other.NASIP)
	s.NASIdentifier = cmp.Or(s.NASIdentifier, other.NASIdentifier)
	s.CalledStation = cmp.Or(s.CalledStation, other.CalledStation)
	s.ExpiresAt = cmp.Or(s.ExpiresAt, other.ExpiresAt)
	return s
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// A sender is the device that accounting comes from: access points of one network
// may be one NAS to us.
type sender struct {
	Address    string `json:"address,omitempty"`
	Identifier string `json:"identifier,omitempty"` // NAS-Identifier, which many may share
}

func senderOf(s wire.Session) sender { return sender{s.NASAddress, s.NASIdentifier} }

// differs reports whether d and other are two devices, by what is known of both.
func (d sender) differs(other sender) bool {
	if d.Address != "" && other.Address != "" {
		return d.Address != other.Address
	}
	return d.Identifier != "" && other.Identifier != "" && d.Identifier != other.Identifier
}

// A reset is an Accounting-On or -Off. What its sender had before is over. An Off
// may share its second with the last sign of life. An On, after which sessions
// begin, does not count for those: NASes tell time, and by how much a repeat is
// late, in whole seconds, so that it may seem up to onSlack later than it was.
type reset struct {
	sender

	At  time.Time `json:"at"`
	Off bool      `json:"off,omitempty"`
}

const onSlack = time.Second

func (r reset) ends(seenAt time.Time) bool {
	if r.Off {
		return !seenAt.After(r.At)
	}
	return seenAt.Before(r.At.Add(-onSlack))
}

// before reports whether r comes first: of one instant an Off, which ends more.
func (r reset) before(other reset) bool {
	return r.At.Before(other.At) || r.At.Equal(other.At) && r.Off && !other.Off
}

// heed notes the first reset that ends s, and reports whether that is news.
func (s *state) heed(resets []reset) bool {
	first := s.firstAfter(resets)
	news := !first.At.Equal(s.ResetAt) || first.Off != s.ResetOff
	s.ResetAt, s.ResetOff = first.At, first.Off
	return news
}

// firstAfter returns the first reset that ends s, or none. The one that s knows may
// no longer be listed; life shown since may have spared s from it.
func (s *state) firstAfter(resets []reset) (first reset) {
	if known := (reset{At: s.ResetAt, Off: s.ResetOff}); known.ends(s.SeenAt) {
		first = known
	}
	from := senderOf(s.Session)
	for _, r := range resets {
		if r.ends(s.SeenAt) && (first.At.IsZero() || r.before(first)) && !r.differs(from) {
			first = r
		}
	}
	return first
}

// withReset returns resets with r, in order: the latest maxResets of its sender,
// the latest maxAllResets of all.
func withReset(resets []reset, r reset) []reset {
	if slices.Contains(resets, r) {
		return resets
	}
	next := append(slices.Clone(resets), r)
	slices.SortFunc(next, func(a, b reset) int { return a.At.Compare(b.At) })
	own := func(o reset) bool { return o.sender == r.sender }
	if count(next, own) > maxResets {
		oldest := slices.IndexFunc(next, own)
		next = slices.Delete(next, oldest, oldest+1)
	}
	return next[max(0, len(next)-maxAllResets):]
}

func count(resets []reset, which func(reset) bool) (n int) {
	for _, r := range resets {
		if which(r) {
			n++
		}
	}
	return n
}
