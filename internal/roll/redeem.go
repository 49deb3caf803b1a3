package roll

import (
	"errors"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// State is what a code is worth at the moment.
type State string

// The states.
const (
	Ready    State = "ready"    // not used yet; its time would start now
	Active   State = "active"   // in use, with time left
	Expired  State = "expired"  // used up, expired by staff, or past its last first use
	Invalid  State = "invalid"  // no code, unknown, retired, not sold, too early
	Repeated State = "repeated" // entered before in the same text; it counts once
)

// Reasons besides ErrCode… why a code is not accepted, for staff. Guests see one
// of the zone's two texts: the one for expired codes, or that for all the others.
var (
	ErrCodeRetired  = refusal("roll_code_retired", "Its roll was changed or deleted, which ended all its codes. Sell another one.")
	ErrCodeUnsold   = refusal("roll_code_unsold", "It was never marked as sold. Mark it, if it was.")
	ErrCodeTooEarly = refusal("roll_code_too_early", "It cannot be used yet. It can from its roll's first day on.")
	ErrCodeTooLate  = refusal("roll_code_too_late", "It was not used in time. Sell another one.")
	ErrCodeUsedUp   = refusal("roll_code_used_up", "Its time has run out. Sell another one.")
	ErrCodeExpired  = refusal("roll_code_expired", "Its time is used up, or staff expired it. Sell another one.")
)

// Finding explains one code.
type Finding struct {
	Claim
	State State
	// EndsAt is the end of the access it is part of, for an active one.
	EndsAt time.Time
	// Why says what is wrong, for expired and invalid ones.
	Why *visit.Error
}

// Decision is what codes come to that were entered together. Nothing has happened
// yet: deciding is also testing.
type Decision struct {
	Findings []Finding // one per code, in order
	// Refused is Expired or Invalid when a single code is, and empty otherwise.
	// Then no code is used: whoever mistypes the second keeps the first.
	Refused State
	// Holder has the access until EndsAt.
	Holder Ticket
	EndsAt time.Time
	// Entries must be merged, and be durable, before the guest is let in.
	Entries []Entry
}

// Decide says what the claims come to at an instant. Fresh codes add up: their
// time goes to the first code that is in use already, else to the first one. A
// code that is in use brings what is left of it, once, however often it is
// entered; two that run separately go on separately, and the first is logged in.
func Decide(u *Usage, claims []Claim, now time.Time) Decision {
	now = now.UTC().Truncate(time.Second)
	d := Decision{Findings: make([]Finding, len(claims))}
	seen := map[Ticket]bool{}
	for i, claim := range claims {
		d.Findings[i] = judge(u, claim, now)
		if claim.Err == nil && seen[claim.Ticket()] {
			d.Findings[i] = Finding{Claim: claim, State: Repeated}
		}
		seen[claim.Ticket()] = claim.Err == nil
	}
	if d.Refused = refused(d.Findings); d.Refused != "" {
		return d
	}
	d.Holder = holder(u, d.Findings)
	for _, f := range d.Findings {
		if f.State == Ready {
			d.Entries = append(d.Entries, Entry{f.Ticket(), Record{At: now, Holder: d.Holder, For: f.Of.For}})
		}
	}
	d.EndsAt = u.endsAt(d.Holder, d.Entries)
	return d
}

// refused is Expired only when nothing worse is the matter.
func refused(findings []Finding) State {
	has := func(s State) bool {
		return slices.ContainsFunc(findings, func(f Finding) bool { return f.State == s })
	}
	switch {
	case len(findings) == 0 || has(Invalid):
		return Invalid
	case has(Expired):
		return Expired
	}
	return ""
}

// holder is whose access fresh codes are added to.
func holder(u *Usage, findings []Finding) Ticket {
	i := slices.IndexFunc(findings, func(f Finding) bool { return f.State == Active })
	if i < 0 {
		return findings[0].Ticket()
	}
	return u.Of(findings[i].Ticket()).Holder
}

// judge looks at one code alone.
func judge(u *Usage, claim Claim, now time.Time) Finding {
	finding := func(s State, why *visit.Error) Finding { return Finding{Claim: claim, State: s, Why: why} }
	if claim.Err != nil {
		return finding(Invalid, asRefusal(claim.Err))
	}
	r, record := claim.Of, u.Of(claim.Ticket())
	switch {
	case r.Retired && (!r.RunsOn || !record.Used()):
		return finding(Invalid, ErrCodeRetired)
	case record.Over:
		return finding(Expired, ErrCodeExpired)
	case record.Used():
		ends := u.EndsAt(record.Holder)
		if !ends.After(now) {
			return finding(Expired, ErrCodeUsedUp)
		}
		return Finding{Claim: claim, State: Active, EndsAt: ends}
	case r.SoldOnly && !record.Sold:
		return finding(Invalid, ErrCodeUnsold)
	case now.Before(r.NotBefore):
		return finding(Invalid, ErrCodeTooEarly)
	case !r.FirstUseBy.IsZero() && !now.Before(r.FirstUseBy):
		return finding(Expired, ErrCodeTooLate)
	}
	return finding(Ready, nil)
}

// asRefusal is a claim's error, which is ours but for a caller's mistake.
func asRefusal(err error) *visit.Error {
	if e, ok := errors.AsType[*visit.Error](err); ok {
		return e
	}
	return ErrCodeUnknown
}
