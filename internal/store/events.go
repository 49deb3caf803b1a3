package store

import "github.com/foyerhq/foyer/internal/visit"

// EventFilter chooses events; empty fields choose all.
type EventFilter struct {
	SiteID  visit.SiteID
	VisitID visit.VisitID
	Kinds   []visit.EventKind
	Page
}

// EventPage is a part of the list, newest first.
type EventPage struct {
	Items []visit.Event
	Next  string
}

// ChainEvent is an event with its place, which is in commit order.
type ChainEvent struct {
	visit.Event
	Chain string
	Seq   int64
}
