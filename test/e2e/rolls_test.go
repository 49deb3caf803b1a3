package e2e

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

// codesOf makes a zone to which the rig's NAS leads, with a roll, and returns the
// zone's place in the API and the codes.
func (r *rig) codesOf(kind string, stay time.Duration) (zone string, codes []string) {
	r.t.Helper()
	list := "/api/v1/sites/" + r.site + "/zones"
	body := map[string]any{"name": kind, "kind": kind, "ways": []map[string]any{{"nas_id": r.nasID}}}
	if kind == "compatible" {
		var keys struct {
			Pair string `json:"pair"`
		}
		r.Call("POST", list+"/keys", map[string]any{"key_bits": 64}, &keys, 200)
		body["series"] = map[string]any{"pair": keys.Pair}
	}
	var made struct {
		ID string `json:"id"`
	}
	r.Call("POST", list, body, &made, 201)
	zone = list + "/" + made.ID
	return zone, r.roll(zone, 1, stay)
}

// roll makes one of five codes.
func (r *rig) roll(zone string, number int, stay time.Duration) (codes []string) {
	r.t.Helper()
	var roll struct {
		ID string `json:"id"`
	}
	r.Call("POST", zone+"/rolls", map[string]any{"number": number, "count": 5, "seconds": int(stay.Seconds()), "sold_only": false}, &roll, 201)
	var printed struct {
		Codes []struct {
			Code string `json:"code"`
		} `json:"codes"`
	}
	r.Call("GET", zone+"/rolls/"+roll.ID+"/codes", nil, &printed, 200)
	for _, c := range printed.Codes {
		codes = append(codes, c.Code)
	}
	require.Len(r.t, codes, 5)
	return codes
}

// enter is a login by code of a device of the rig's.
func (r *rig) enter(code string, device byte) (mac string, result nas.LoginResult) {
	r.t.Helper()
	mac = fmt.Sprintf("02-00-00-00-01-%02X", device)
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	result, err := r.nas.Login(ctx, nas.Guest{MAC: mac, IP: netip.AddrFrom4([4]byte{10, 9, 1, device}), Username: code, Password: code, Method: nas.PAP})
	require.NoError(r.t, err)
	return mac, result
}

// lets waits until a code is accepted: an agent hears of a roll a moment after it was
// made.
func (r *rig) lets(code string, device byte) (mac string) {
	r.t.Helper()
	r.Eventually("let in by code", func() bool {
		var result nas.LoginResult
		mac, result = r.enter(code, device)
		return result.Accepted
	})
	return mac
}

type activeCode struct {
	AccessID string    `json:"access_id"`
	Sessions int       `json:"sessions"`
	EndsAt   time.Time `json:"ends_at"`
}

func (r *rig) active(zone string) []activeCode {
	r.t.Helper()
	var list struct {
		Items []activeCode `json:"items"`
	}
	r.Call("GET", zone+"/active", nil, &list, 200)
	return list.Items
}

// A code is used, shared, used on while the server is away, and expired.
func TestRollCodes(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"long", "compatible"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
			zone, codes := r.codesOf(kind, time.Hour)

			t.Log("first use, and another device in its place")
			phone := r.lets(codes[0], 1)
			r.Eventually("the server knows", func() bool { return len(r.active(zone)) == 1 })
			r.Eventually("and who is online", func() bool { return r.active(zone)[0].Sessions == 1 })
			ends := r.active(zone)[0].EndsAt
			require.WithinDuration(t, time.Now().Add(time.Hour), ends, time.Minute)
			laptop := r.lets(codes[0], 2)
			r.offline(phone)
			_, online := r.nas.Session(laptop)
			require.True(t, online)

			t.Log("without the server: other codes are good, and used ones stay used")
			r.APIs[0].Kill9()
			r.Workers[0].Kill9()
			tablet := r.lets(codes[1], 3)
			r.agent.Kill9()
			r.agent.Start()
			r.lets(codes[1], 3)
			_, refused := r.enter("2345678abc", 4)
			require.False(t, refused.Accepted)

			t.Log("and the server hears of it")
			r.Workers[0].Start()
			r.APIs[0].Start()
			r.Ready()
			r.Connected(r.agent)
			r.Eventually("both are known", func() bool { return len(r.active(zone)) == 2 })
			require.Equal(t, ends, r.active(zone)[0].EndsAt, "the clock went on")

			t.Log("expired: cut at once, and over")
			r.Call("POST", zone+"/expire", map[string]any{"codes": codes[1] + "\n" + codes[2]}, nil, 200)
			r.offline(tablet)
			for _, code := range codes[1:3] {
				_, result := r.enter(code, 5)
				require.False(t, result.Accepted)
			}
			require.Len(t, r.active(zone), 1)
			r.AuditVerifies()
		})
	}
}

// The time of a code runs out: the site ends the session, and the workflow of the
// access tells how.
func TestRollCodeRunsOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{Options: stack.Options{NoFsync: true}})
	zone, codes := r.codesOf("long", 15*time.Second)
	away := r.NewAgent(r.site)
	away.Start()
	r.Connected(away)
	away.Kill9()
	mac := r.lets(codes[0], 1)
	r.Eventually("the server knows", func() bool { return len(r.active(zone)) == 1 })
	access := r.active(zone)[0].AccessID
	r.offline(mac)
	_, result := r.enter(codes[0], 1)
	require.False(t, result.Accepted)
	r.Eventually("sealed", func() bool { return strings.Contains(stack.Text(r.WorkflowHistory("access-"+access)), "SealAccess") })
	order(t, r.WorkflowHistory("access-"+access), "access-changed", "EndAccess", "TIMER_STARTED", "EndAccess", "TerminateSessions", "SealAccess")
	require.Empty(t, r.active(zone))

	t.Log("an agent that was away all the time takes the code for no fresh one")
	away.Start()
	r.Connected(away)
	there := *r
	there.nas = newNAS(t, away, true)
	there.lets(r.roll(zone, 2, time.Minute)[0], 2) // it has heard of all that was before
	_, result = there.enter(codes[0], 3)
	require.False(t, result.Accepted)
	r.AuditVerifies()
}
