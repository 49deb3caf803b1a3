package visit

import (
	"cmp"
	"slices"
	"time"
)

// Identifiers of roll calls and of the marks made in them. A mark's is drawn where
// it is made, so that it can be sent again.
type (
	RollCallID string
	MarkID     string
)

// RollCallKind says whether it is for real.
type RollCallKind string

// The kinds of roll call.
const (
	Drill RollCallKind = "drill"
	Real  RollCallKind = "real"
)

// MergeMarksWithin is how long after a roll call's end marks that were made before
// it are still taken: by tablets that were offline.
const MergeMarksWithin = 24 * time.Hour

// RollCall is one evacuation, or the practice of one: a list of people that was
// frozen at its start and grows by who arrives until its end.
type RollCall struct {
	ID        RollCallID
	SiteID    SiteID
	Kind      RollCallKind
	StartedAt time.Time
	StartedBy string // actor
	EndedAt   *time.Time
	EndedBy   string // actor
}

// Open reports whether the roll call goes on.
func (r RollCall) Open() bool { return r.EndedAt == nil }

// Takes says whether a mark that was made at an instant may still be added at now.
func (r RollCall) Takes(markedAt, now time.Time) bool {
	return r.EndedAt == nil || !markedAt.After(*r.EndedAt) && now.Sub(*r.EndedAt) <= MergeMarksWithin
}

// Mark is what somebody says of a person on the list.
type Mark string

// The marks that people make. MarkNone and MarkUnclear are only ever concluded.
const (
	MarkNone    Mark = "unmarked"
	MarkSafe    Mark = "safe"     // seen at the assembly point
	MarkMissing Mark = "missing"  // looked for, not seen
	MarkNotHere Mark = "not_here" // was not in the building
	MarkUnclear Mark = "unclear"  // people say different things
)

// Valid reports whether m can be made, rather than concluded.
func (m Mark) Valid() bool { return m == MarkSafe || m == MarkMissing || m == MarkNotHere }

// RollMark is one mark of one person on the list.
type RollMark struct {
	ID         MarkID
	VisitID    VisitID
	Mark       Mark
	By         string    // actor
	At         time.Time // by the clock of where it was made, never after ReceivedAt
	ReceivedAt time.Time
}

// MergeMarks joins two sets of marks: each id once, in order of id. It is
// commutative, associative and idempotent, so that it does not matter in which
// order, and how often, tablets that were offline hand in theirs. An id stands for
// one mark; of two different ones under it, which is a mistake of who drew it, the
// same one is kept whatever the order.
func MergeMarks(a, b []RollMark) []RollMark {
	all := slices.Concat(a, b)
	slices.SortFunc(all, compareMarks)
	return slices.CompactFunc(all, func(a, b RollMark) bool { return a.ID == b.ID })
}

func compareMarks(a, b RollMark) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), a.At.Compare(b.At), cmp.Compare(a.VisitID, b.VisitID),
		cmp.Compare(a.Mark, b.Mark), cmp.Compare(a.By, b.By), a.ReceivedAt.Compare(b.ReceivedAt))
}

// Conclude says what a person's marks amount to, whatever their order. Of each
// who marked the latest mark counts: people may correct themselves. Where these
// differ it is unclear; and so is what one person says twice at the same instant in
// different ways. Nobody is safe by majority.
func Conclude(marks []RollMark) Mark {
	latest := map[string]RollMark{}
	for _, m := range marks {
		was, ok := latest[m.By]
		switch {
		case !ok || m.At.After(was.At):
			latest[m.By] = m
		case m.At.Equal(was.At) && m.Mark != was.Mark:
			was.Mark = MarkUnclear
			latest[m.By] = was
		}
	}
	conclusion := MarkNone
	for _, m := range latest {
		switch {
		case conclusion == MarkNone:
			conclusion = m.Mark
		case conclusion != m.Mark:
			return MarkUnclear
		}
	}
	return conclusion
}

// Refusals of roll calls.
var (
	ErrRollCallNotFound = Errorf(KindNotFound, "roll_call_not_found", "There is no such roll call.")
	ErrEraseRollCall    = Errorf(KindConflict, "person_in_roll_call", "The person is on the list of a roll call that goes on. End it first.")
)
