package store

import (
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// Tab is one of the three lists of visits.
type Tab string

// The tabs. On site is everyone in or unconfirmed; a visit that expired is also
// among the completed ones.
const (
	TabExpected  Tab = "expected"
	TabOnSite    Tab = "on_site"
	TabCompleted Tab = "completed"
)

// VisitFilter chooses visits. SiteID may be empty: all of the scope.
type VisitFilter struct {
	SiteID visit.SiteID
	Tab    Tab    // empty: all, newest first
	Query  string // part of a name, e-mail, host or company, in any case
	Page
}

// VisitPage is a part of a list.
type VisitPage struct {
	Items []visit.Visit
	Next  string // cursor; empty at the end
}

// Counts are the numbers on the tabs.
type Counts struct{ Expected, OnSite, Completed int }

// EvacuationEntry is one person who may be in the building.
type EvacuationEntry struct {
	Visit        visit.Visit
	OverdueSince *time.Time // expired and nobody has confirmed that they left
	LastSeenAt   *time.Time // last WiFi activity
}
