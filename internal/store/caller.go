package store

import (
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// Scope is the set of sites that a caller may see, and whether all visits there.
// What lies outside is not found, as if it did not exist. The zero Scope sees
// nothing.
type Scope struct {
	All   bool
	Sites []visit.SiteID
	// Host, when set, leaves the visits whose host has this e-mail address, in
	// whatever case. It is personal data.
	Host string
}

var errInvitesOthers = visit.Invalid("host.email", "You invite visitors to yourself.")

// invites makes a host of a visit fit for the scope: hosts invite to themselves.
func (s Scope) invites(h *visit.Host) error {
	switch {
	case s.Host == "":
	case h.Email == "":
		h.Email = s.Host
	case !strings.EqualFold(strings.TrimSpace(h.Email), s.Host):
		return errInvitesOthers
	}
	return nil
}

// Everything is the scope of the system itself.
var Everything = Scope{All: true}

// Caller is who asks for a change.
type Caller struct {
	Actor       string // "user:<id>", "token:<id>", "system:…": goes into events and audit
	Scope       Scope
	Idempotency *Idempotency // nil: the request carries no key
}

// Idempotency makes a repeated request answer as the first did. Keys live for
// 24 hours and belong to their actor.
type Idempotency struct {
	Key         string // hex of a keyed hash of the header's value, at most 64 octets
	RequestHash []byte // keyed hash of method, path and body
	Status      int    // HTTP status to remember; zero: 201 for a new visit, else 200
}

// Outcome says how a request related to earlier ones.
type Outcome struct {
	// Replayed: this Idempotency-Key was used before; nothing was changed now.
	Replayed       bool
	PreviousStatus int       // what the first request answered
	FirstAt        time.Time // when the first request came; now unless Replayed
	// Unchanged: the request, or the first one when Replayed, found its wish
	// already fulfilled (checked in twice, checked out twice).
	Unchanged bool
}

// Page asks for a part of a list, after the cursor that the part before gave.
type Page struct {
	Cursor string
	Limit  int // 1 to 200; zero: 50
}

const (
	defaultLimit = 50
	maxLimit     = 200
)

func (p Page) limit() int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, maxLimit)
}
