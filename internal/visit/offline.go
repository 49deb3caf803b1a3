package visit

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// OfflineList says whether and to whom a site's agents show who is in the building,
// for when nothing but the site's own network is left. Off unless staff switch it
// on. The PIN is not part of it: nobody reads that.
type OfflineList struct {
	Enabled   bool
	Networks  []netip.Prefix // whoever calls from elsewhere gets no answer
	Listen    string         // host:port; the host may be empty
	PINSet    bool
	UpdatedAt *time.Time // nil: never set
}

// DefaultOfflineListen is where agents serve the list unless a site says otherwise.
const DefaultOfflineListen = ":8444"

// OfflineKeptFor is how long an agent keeps the list after it last heard from the
// hub that it was right.
const OfflineKeptFor = 24 * time.Hour

const (
	maxOfflineNetworks = 32
	minPIN, maxPIN     = 8, 32
	// The widest networks that can still be somebody's management networks.
	minOfflineBits4, minOfflineBits6 = 8, 32
)

// Validate checks the settings as staff entered them.
func (l OfflineList) Validate() error {
	if err := checkListen(l.Listen); err != nil {
		return err
	}
	if len(l.Networks) > maxOfflineNetworks {
		return Invalid("networks", "At most %d networks.", maxOfflineNetworks)
	}
	for _, n := range l.Networks {
		least := minOfflineBits6
		if n.Addr().Is4() {
			least = minOfflineBits4
		}
		if !n.IsValid() || n != n.Masked() || n.Bits() < least {
			return Invalid("networks", "Each is a management network such as 10.1.0.0/24, and not most of the internet.")
		}
	}
	switch {
	case l.Enabled && len(l.Networks) == 0:
		return Invalid("networks", "Say from which networks the list may be opened.")
	case l.Enabled && !l.PINSet:
		return Invalid("pin", "Choose a PIN first.")
	}
	return nil
}

func checkListen(listen string) error {
	host, port, found := strings.Cut(listen, ":")
	if at := strings.LastIndex(listen, ":"); strings.HasPrefix(listen, "[") && at > 0 { // IPv6
		host, port = strings.TrimSuffix(listen[1:at], "]"), listen[at+1:]
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if !found || err != nil || number == 0 {
		return Invalid("listen", "This is not a place to listen at, such as :8444 or 10.1.0.5:8444.")
	}
	if _, err := netip.ParseAddr(host); host != "" && err != nil {
		return Invalid("listen", "The host is an address of the agent's machine, or empty for all of them.")
	}
	return nil
}

// CheckPIN refuses a PIN that is too short, no number, or the first that anybody
// would try.
func CheckPIN(pin string) error {
	if len(pin) < minPIN || len(pin) > maxPIN || strings.Trim(pin, "0123456789") != "" {
		return Invalid("pin", "A PIN has %d to %d digits.", minPIN, maxPIN)
	}
	steps := map[byte]bool{}
	for i := range len(pin) - 1 {
		steps[(pin[i+1]-pin[i]+10)%10] = true
	}
	digits := slices.Compact(slices.Sorted(slices.Values([]byte(pin))))
	if len(digits) < 3 || len(steps) == 1 {
		return Invalid("pin", "This PIN is guessed first. Take one without a pattern.")
	}
	return nil
}
