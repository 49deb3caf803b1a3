package portal

import (
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

const (
	captivePurpose = "captive portal device"
	captiveSum     = 16
)

// CaptiveKey is what stands behind /portal/{id}/capport/ in the address that DHCP option
// 114 gives to one device: which device it is, and that we said so. It is no secret to
// who has it, and lets nobody in.
func CaptiveKey(keys *seal.Keyring, portal identity.PortalID, mac string) string {
	digits := strings.ReplaceAll(mac, ":", "")
	return digits + hex.EncodeToString(keys.MAC(captivePurpose, []byte(string(portal)+" "+mac))[:captiveSum])
}

// captiveMAC reads a key; empty if it is none of this portal's.
func (q *request) captiveMAC(key string) string {
	if len(key) != 12+2*captiveSum {
		return ""
	}
	mac, ok := visit.ParseMAC(key[:12])
	sum, err := hex.DecodeString(key[12:])
	if !ok || err != nil {
		return ""
	}
	for _, want := range q.Keys.MACs(captivePurpose, []byte(string(q.portal.ID)+" "+mac)) {
		if hmac.Equal(sum, want[:captiveSum]) {
			return mac
		}
	}
	return ""
}

// capport is the captive portal API (RFC 8908). A device that is not known is told that
// it is held back: to take it for free would leave its guest without a way in.
func (q *request) capport(key string) {
	document, err := q.captive(q.captiveMAC(key))
	if err != nil {
		q.fail(err)
		return
	}
	body, err := json.Marshal(document)
	if err != nil {
		q.fail(err)
		return
	}
	q.Metrics.shown("capport")
	h := q.w.Header()
	h.Set("Content-Type", gate.CaptiveMediaType)
	h.Set("Cache-Control", gate.CaptiveCacheControl)
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = q.w.Write(body)
}

func (q *request) captive(mac string) (gate.Captive, error) {
	address, err := url.Parse(q.PublicURL + q.path())
	if err != nil {
		return gate.Captive{}, err
	}
	online, err := q.onlineDevice(mac)
	if err != nil || online == nil {
		return gate.Held(address, nil), err
	}
	return gate.Free(online.Until.Sub(q.Now()), online.More, address, nil), nil
}

// onlineDevice is the device that asks: the key's, or the one that a session of the
// portal's network has at the sender's address. Nil: not online, or not known.
func (q *request) onlineDevice(mac string) (*store.Online, error) {
	if mac == "" {
		return q.onlineSender()
	}
	s, err := q.Store.Stands(q.r.Context(), q.portal, store.Seen{MAC: mac})
	if err != nil {
		return nil, err
	}
	if s.Live == nil { // a visitor, or a roll code
		return q.Store.OnlineDevice(q.r.Context(), q.portal, mac)
	}
	account, err := q.Store.GuestAccount(q.r.Context(), s.Live.AccountID)
	return &store.Online{Until: s.Live.ExpiresAt, More: account.EndsAt.After(s.Live.ExpiresAt)}, err
}

// onlineSender: a network's devices of IPv6 share an address, as limits see it, and no
// session has it.
func (q *request) onlineSender() (*store.Online, error) {
	ip, err := netip.ParseAddr(q.address)
	if err != nil {
		return nil, nil //nolint:nilerr // nobody is known by it
	}
	return q.Store.OnlineAt(q.r.Context(), q.portal, ip)
}
