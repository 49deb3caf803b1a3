package identity

import (
	"strconv"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// Authentication is one login of one device: green until it ends, grey from then on.
type Authentication struct {
	ID        string // of the access, a UUID
	AccountID visit.PersonID
	Name      string // what stands in logs for the guest: a pseudonym in the shape of an address
	MAC       string
	StartedAt time.Time
	ExpiresAt time.Time
	EndedAt   *time.Time
	Reason    Reason
	Status    Status
	Renewal   bool // the account had expired and was proven anew
	Click     bool // the guest did something for it, if only on Continue
	By        Recognition
}

// Green reports whether the authentication is good.
func (a Authentication) Green(now time.Time) bool {
	return a.EndedAt == nil && !now.Before(a.StartedAt) && now.Before(a.ExpiresAt)
}

// Left is the time that a NAS may be told: whole seconds, none of them too many.
func (a Authentication) Left(now time.Time) time.Duration {
	if !a.Green(now) {
		return 0
	}
	return a.ExpiresAt.Sub(now).Truncate(time.Second)
}

// Status is how the guest was known when they logged in.
type Status string

// The statuses.
const (
	LoggedIn      Status = "logged_in"      // the first login, or the first after the account had expired
	Returning     Status = "returning"      // a valid account, by typing its login again
	ReturningAuto Status = "returning_auto" // a valid account, recognised: nothing was typed
)

// Reason is why an authentication is grey.
type Reason string

// The reasons.
const (
	EndLifetime    Reason = "lifetime"     // its own time is over
	EndIdentity    Reason = "identity_end" // the account's is
	EndLogout      Reason = "logout"
	EndRevoked     Reason = "revoked" // by staff, or the account was blocked or erased
	EndNASStop     Reason = "nas_stop"
	EndIdle        Reason = "idle"
	EndReplaced    Reason = "replaced" // the device logged in again
	EndCancelled   Reason = "cancelled"
	EndDeviceLimit Reason = "device_limit"
)

// Recognition is what a device was known by.
type Recognition string

// What devices are recognised by. Never by an address alone: DHCP gives it to the next.
const (
	ByNothing Recognition = ""
	ByCookie  Recognition = "cookie"
	ByMAC     Recognition = "mac"      // before the portal
	ByMACAuth Recognition = "mac_auth" // by the NAS, without a portal
)

// Refusals of a grant.
var (
	ErrNotActive   = visit.Errorf(visit.KindConflict, "account_not_active", "This account is not valid now.")
	ErrDeviceLimit = visit.Errorf(visit.KindConflict, "device_limit", "Too many devices use this account.")
)

// Expiry is when an authentication ends that is granted now, and why it will: after
// the lifetime, or with the account if that comes first. It returns ErrNotActive.
func Expiry(now time.Time, account Account, lifetime time.Duration) (time.Time, Reason, error) {
	if account.Lifecycle(now) != Active || lifetime < time.Second || account.EndsAt.Sub(now) < time.Second {
		return time.Time{}, "", ErrNotActive
	}
	ends, reason := Clamp(now, account.EndsAt, lifetime)
	return ends, reason, nil
}

// Clamp is the rule itself: the lifetime, or the account's end if that comes first.
func Clamp(from, accountEnds time.Time, lifetime time.Duration) (time.Time, Reason) {
	if ends := from.Add(lifetime); ends.Before(accountEnds) {
		return ends, EndLifetime
	}
	return accountEnds, EndIdentity
}

// Entered is what a login came from.
type Entered struct {
	New      bool        // there was no account
	Was      Lifecycle   // of the account, before
	By       Recognition // ByNothing: it was typed
	Clicked  bool
	PriorUse bool // the account was logged in with before
}

// StatusOf tells how the guest was known: an expired account that is proven anew is a
// first login again, which renewal tells from a new guest's.
func StatusOf(e Entered) (status Status, renewal bool) {
	switch {
	case !e.New && e.Was == Expired:
		return LoggedIn, true
	case e.New || !e.PriorUse:
		return LoggedIn, false
	case e.By != ByNothing:
		return ReturningAuto, false
	}
	return Returning, false
}

// NoDomain is what names end with in a deployment that has no domain (RFC 2606 2).
const NoDomain = "guest.invalid"

// TokenName is an authentication's name: what the NAS, its logs and proxies see in the
// guest's place. It is no secret and opens nothing.
func TokenName(number int64, domain string) string {
	return "user" + strconv.FormatInt(number, 10) + "@" + domain
}

// Private reports whether a MAC address, as visit.ParseMAC spells it, is one that the
// device made up (the locally administered bit, IEEE 802): it says little for long.
func Private(mac string) bool {
	if len(mac) < 2 {
		return false
	}
	switch mac[1] {
	case '2', '6', 'a', 'e':
		return true
	}
	return false
}
