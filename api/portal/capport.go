package portal

import (
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
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
// it is held back.
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
	if err != nil || mac == "" {
		return gate.Held(address, nil), err
	}
	s, err := q.Store.Stands(q.r.Context(), q.portal, store.Seen{MAC: mac})
	if err != nil || s.Live == nil {
		return gate.Held(address, nil), err
	}
	account, err := q.Store.GuestAccount(q.r.Context(), s.Live.AccountID)
	return gate.Free(s.Live.Left(q.Now()), err == nil && account.EndsAt.After(s.Live.ExpiresAt), address, nil), err
}
