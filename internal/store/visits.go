package store

import (
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// VisitOutcome is a visit as it is after a request.
type VisitOutcome struct {
	Visit visit.Visit
	Outcome
}

// RegisterOptions are the choices of a registration.
type RegisterOptions struct {
	CheckIn  bool           // a walk-in: the check-in is requested with it
	PersonID visit.PersonID // link to a known person; empty: a new one
}

// VisitChange names what to change; nil fields stay.
type VisitChange struct {
	FirstName, LastName, Email, Phone, Company *string // the visitor's
	HostName, HostEmail, Purpose               *string
	ExpectedArrival, ExpectedDeparture         *time.Time // only before the check-in
}
