package identity

import "time"

// RegistrationStatus is how somebody stands who is to prove an address, or whom a
// sponsor is to let in.
type RegistrationStatus string

// The statuses. The first five are stored; the clock alone makes one expired.
const (
	RegistrationWaiting   RegistrationStatus = "waiting"
	RegistrationApproved  RegistrationStatus = "approved" // proven, or the sponsor agreed: the device has only to go on
	RegistrationDenied    RegistrationStatus = "denied"
	RegistrationCancelled RegistrationStatus = "cancelled"
	RegistrationDone      RegistrationStatus = "done" // it led to an authentication
	RegistrationExpired   RegistrationStatus = "expired"
)

// Times and numbers of registrations. Pages and mails say them as they follow from
// here, and no text has any of its own.
const (
	CodeDigits = 6
	CodeFor    = 10 * time.Minute // from the last time it was sent
	CodeTries  = 5                // of one code
	// CodeMost is how long a code may be sent again; then one begins anew.
	CodeMost   = 30 * time.Minute
	CodeSends  = 4 // the first included
	CodeAgain  = time.Minute
	SponsorFor = 24 * time.Hour
	// SponsorSends and SponsorAgain keep a guest from filling somebody's mailbox.
	SponsorSends = 3
	SponsorAgain = 5 * time.Minute
	// ApprovedFor is how long who was approved may take to go on.
	ApprovedFor = 24 * time.Hour
)

// Sending is what the rules of sending again need to know.
type Sending struct {
	Method    Method
	Tries     int // of the present code
	Sends     int
	SentAt    time.Time
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Again says whether a code or a request may be sent again now, and if not, in how
// long: zero is never.
func (s Sending) Again(now time.Time) (ok bool, wait time.Duration) {
	most, pause := CodeSends, CodeAgain
	if s.Method == MethodSponsor {
		most, pause = SponsorSends, SponsorAgain
	}
	if s.Sends >= most || !now.Before(s.ExpiresAt) {
		return false, 0
	}
	if left := s.SentAt.Add(pause).Sub(now); left > 0 {
		return false, left
	}
	return true, 0
}

// GoodUntil is when what is sent now stops being good.
func (s Sending) GoodUntil(now time.Time) time.Time {
	if s.Method == MethodSponsor {
		return s.CreatedAt.Add(SponsorFor)
	}
	until, most := now.Add(CodeFor), s.CreatedAt.Add(CodeMost)
	if most.Before(until) {
		return most
	}
	return until
}

// StatusNow is a stored status by the clock: who waits, and who was approved and did
// not go on, has until an instant.
func (s RegistrationStatus) StatusNow(expiresAt, now time.Time) RegistrationStatus {
	if (s == RegistrationWaiting || s == RegistrationApproved) && !now.Before(expiresAt) {
		return RegistrationExpired
	}
	return s
}
