package gate

import (
	"net/url"
	"time"
)

// Captive is the document of the captive portal API (RFC 8908, section 5): what a device
// asks to learn whether it is held back, by whom, and for how long it is not. It finds
// the API by DHCP or router advertisements (RFC 8910).
type Captive struct {
	Captive          bool   `json:"captive"`
	UserPortalURL    string `json:"user-portal-url,omitempty"`
	VenueInfoURL     string `json:"venue-info-url,omitempty"`
	CanExtendSession *bool  `json:"can-extend-session,omitempty"`
	SecondsRemaining *int64 `json:"seconds-remaining,omitempty"`
}

// The headers of an answer. It is about one device, so nobody else may keep it (RFC
// 8908, section 4); no-store says so to the device too, whose state may change at once.
const (
	CaptiveMediaType    = "application/captive+json"
	CaptiveCacheControl = "private, no-store"
)

// Held is the document for a device that has to go to the portal, and for one that is
// not known: to take an unknown device for free would leave its guest without a way in.
// Portal and venue must be https; a venue may be nil.
func Held(portal, venue *url.URL) Captive {
	return Captive{Captive: true, UserPortalURL: secure(portal), VenueInfoURL: secure(venue)}
}

// Free is the document for a device that is online for so long. Extendable says that its
// guest may renew at the portal before the time is over; a system then offers that. A
// device without time left is held.
func Free(left time.Duration, extendable bool, portal, venue *url.URL) Captive {
	seconds := int64(left / time.Second)
	if seconds < 1 {
		return Held(portal, venue)
	}
	return Captive{
		UserPortalURL:    secure(portal),
		VenueInfoURL:     secure(venue),
		CanExtendSession: new(extendable),
		SecondsRemaining: new(seconds),
	}
}

// secure leaves an address out that is not https: RFC 8908 forbids it, and devices then
// refuse the whole document.
func secure(u *url.URL) string {
	if u == nil || u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return u.String()
}
