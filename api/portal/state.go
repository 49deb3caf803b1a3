package portal

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// state is what pages hand on to each other, sealed: what the NAS said of the device,
// and what it was let in for since. So nothing is stored for who only looks, and a
// server that starts again goes on where it was.
type state struct {
	Portal   identity.PortalID `json:"p"`
	At       int64             `json:"t"` // when the device came, Unix seconds
	Arrival  gate.Arrival      `json:"a,omitzero"`
	Language string            `json:"l,omitempty"`
	Access   roll.AccessID     `json:"x,omitempty"` // that this browser was given
	Visit    visit.VisitID     `json:"v,omitempty"` // whose credentials were used
	Link     string            `json:"k,omitempty"` // that stands for a visit's password once
	Until    int64             `json:"u,omitempty"` // of a visit or a roll code: when that ends, Unix seconds
	Leave    string            `json:"o,omitempty"` // where the NAS logs the device off
	Spent    bool              `json:"d,omitempty"` // the NAS has taken the arrival's login already
}

const (
	// stateFor is how long a page may be looked at before it is sent: an address that a
	// device was redirected with does not open a gate later.
	stateFor = 30 * time.Minute
	maxState = 8 << 10
	// onlineFor is how long the page of a device that is online is good for.
	onlineFor = 31 * 24 * time.Hour

	statePurpose = "portal state"
)

// What a sealed text is for. One of one page is none of another.
const (
	forLogin  = "login"
	forOnline = "online"
)

var stateText = base64.RawURLEncoding

// seal returns the state as a page holds it.
func (q *request) seal(s state, purpose string) (string, error) {
	if q.preview {
		return "preview", nil
	}
	plain, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	sealed, err := q.Keys.Derive(statePurpose).Seal(plain, purpose+":"+string(q.portal.ID))
	return stateText.EncodeToString(sealed), err
}

// unseal reads a state of this portal; not ok for anything else, and for one that is
// too old.
func (q *request) unseal(text, purpose string, within time.Duration) (s state, ok bool) {
	if text == "" || len(text) > maxState {
		return s, false
	}
	sealed, err := stateText.DecodeString(text)
	if err != nil {
		return s, false
	}
	plain, err := q.Keys.Derive(statePurpose).Open(sealed, purpose+":"+string(q.portal.ID))
	if err != nil || json.Unmarshal(plain, &s) != nil || s.Portal != q.portal.ID {
		return state{}, false
	}
	age := q.Now().Sub(time.Unix(s.At, 0))
	return s, age >= -time.Minute && age <= within
}

// take makes a state that was sent the request's.
func (q *request) take(s state) {
	q.state = s
	if s.Language != "" {
		q.p.Language = s.Language
	}
}
