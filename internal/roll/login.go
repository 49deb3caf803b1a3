package roll

import "slices"

// Logins is a zone's choice of what a second device does with the same code.
type Logins string

// The choices. LastLogin is the default of new zones: the manual of the original
// promises it, though the original's own default is MultipleLogins.
const (
	LastLogin      Logins = "last_login"  // the newcomer stays, the oldest goes
	FirstLogin     Logins = "first_login" // the newcomer is refused
	MultipleLogins Logins = "multiple"    // all stay
)

// Admit says whether a device may use an access that live devices use already, the
// oldest first, and which of them must go for it. devices is how many may use it at
// a time; 0 is one, or any number for MultipleLogins. A device that is among them
// just comes back.
func (l Logins) Admit(live []string, newcomer string, devices int) (cut []string, ok bool) {
	if l == MultipleLogins && devices == 0 || slices.Contains(live, newcomer) {
		return nil, true
	}
	excess := len(live) + 1 - max(1, devices)
	switch {
	case excess <= 0:
		return nil, true
	case l == LastLogin:
		return slices.Clone(live[:excess]), true
	}
	return nil, false
}
