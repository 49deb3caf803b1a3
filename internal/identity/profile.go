package identity

import (
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// ProfileID is a UUID.
type ProfileID string

// Profile says how long accounts are good.
type Profile struct {
	ID       ProfileID
	Name     string
	Validity Validity
	Devices  int // that may be online at a time; 0 no limit
}

// Kind is how a validity is counted.
type Kind string

// The kinds of validity.
const (
	Hours Kind = "hours" // from the start on, to the same fraction of a second
	// Days are calendar days where the guest is: the day of the start is the first of
	// them, and the end is the midnight behind the last.
	Days  Kind = "days"
	Until Kind = "until" // one instant for all
)

// Validity is how long an account is good.
type Validity struct {
	Kind  Kind
	Value int       // hours or days
	Until time.Time // of kind until
}

// The longest validities: five years.
const (
	maxDays  = 5 * 366
	maxHours = maxDays * 24
)

// Validate checks a profile as staff entered it.
func (p Profile) Validate() error {
	if !named(p.Name) {
		return visit.Invalid("name", "A profile needs a name of at most 200 characters.")
	}
	if p.Devices < 0 || p.Devices > 1000 {
		return visit.Invalid("devices", "0 for no limit, or at most 1000.")
	}
	return p.Validity.validate()
}

func (v Validity) validate() error {
	switch {
	case v.Kind == Hours && (v.Value < 1 || v.Value > maxHours):
		return visit.Invalid("validity.value", "1 to %d hours.", maxHours)
	case v.Kind == Days && (v.Value < 1 || v.Value > maxDays):
		return visit.Invalid("validity.value", "1 to %d days.", maxDays)
	case v.Kind == Until && v.Until.IsZero():
		return visit.Invalid("validity.until", "Say until when.")
	case v.Kind != Hours && v.Kind != Days && v.Kind != Until:
		return visit.Invalid("validity.kind", "hours, days or until.")
	}
	return nil
}

// End is when an account ends that starts at an instant, exclusive. Zone is that of the
// place: midnight is its own, also where a day there has 23 or 25 hours.
func (v Validity) End(start time.Time, zone *time.Location) time.Time {
	switch v.Kind {
	case Hours:
		return start.Add(time.Duration(v.Value) * time.Hour)
	case Days:
		y, m, d := start.In(zone).Date()
		return midnight(y, m, d+v.Value, zone).UTC()
	}
	return v.Until
}

// midnight is the first instant of a day. Where clocks are put on at midnight there is
// no such time, and time.Date returns one as much before as they are put on.
func midnight(y int, m time.Month, d int, zone *time.Location) time.Time {
	first := time.Date(y, m, d, 0, 0, 0, 0, zone)
	if first.Hour() == 0 {
		return first
	}
	_, before := first.Zone()
	_, after := first.Add(12 * time.Hour).Zone()
	return first.Add(time.Duration(after-before) * time.Second)
}

// Nominal is the time that the validity stands for: days as days. A lifetime must not
// be longer (see Template.Fits). Zero of kind until, against which nothing is held.
func (v Validity) Nominal() time.Duration {
	switch v.Kind {
	case Hours:
		return time.Duration(v.Value) * time.Hour
	case Days:
		return time.Duration(v.Value) * 24 * time.Hour
	}
	return 0
}
