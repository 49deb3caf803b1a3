package stack

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"
)

// Visit is what tests need of a visit's answers.
type Visit struct {
	ID       string     `json:"id"`
	Status   string     `json:"status"`
	Presence string     `json:"presence"`
	EndedAt  *time.Time `json:"ended_at"`
	EndedBy  string     `json:"ended_by"`
	SealedAt *time.Time `json:"sealed_at"`
	Departs  time.Time  `json:"expected_departure"`
}

// CheckedIn is the answer of a check-in.
type CheckedIn struct {
	Visit   Visit `json:"visit"`
	Voucher struct {
		Username   string    `json:"username"`
		Password   *string   `json:"password"`
		ValidUntil time.Time `json:"valid_until"`
	} `json:"voucher"`
	Network string `json:"network"`
}

// PasswordIn is the voucher's; the test fails when the answer has none.
func (c CheckedIn) PasswordIn(s *Stack) string {
	s.t.Helper()
	require.NotNil(s.t, c.Voucher.Password, "the answer holds no password")
	return *c.Voucher.Password
}

// Detail is what GET /visits/{id} answers.
type Detail struct {
	Visit   Visit `json:"visit"`
	Voucher *struct {
		Username  string     `json:"username"`
		RevokedAt *time.Time `json:"revoked_at"`
		RevokedBy string     `json:"revoked_by"`
	} `json:"voucher"`
	Sessions []struct {
		ID      string     `json:"id"`
		MAC     string     `json:"mac"`
		EndedAt *time.Time `json:"ended_at"`
	} `json:"sessions"`
	Terminations []Termination `json:"terminations"`
	Timeline     []struct {
		Kind  string         `json:"kind"`
		Actor string         `json:"actor"`
		Data  map[string]any `json:"data"`
	} `json:"timeline"`
}

// Termination is one result of ending one session.
type Termination struct {
	SessionID  string `json:"session_id"`
	Generation int    `json:"generation"`
	Attempt    int    `json:"attempt"`
	State      string `json:"state"`
	Reason     string `json:"reason"`
	Attempts   []struct {
		Method     string `json:"method"`
		Answer     string `json:"answer"`
		ErrorCause int    `json:"error_cause"`
		Tries      int    `json:"tries"`
	} `json:"attempts"`
}

// Kinds lists the timeline's events in order.
func (d Detail) Kinds() []string {
	kinds := make([]string, 0, len(d.Timeline))
	for _, e := range d.Timeline {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// NewSite makes a site.
func (s *Stack) NewSite(settings map[string]any) string {
	s.t.Helper()
	body := map[string]any{"name": "Test House", "timezone": "Europe/Berlin"}
	for k, v := range settings {
		body[k] = v
	}
	var site struct{ ID string }
	s.Call("POST", "/api/v1/sites", body, &site, 201)
	return site.ID
}

// NewNAS makes a NAS of the site that asks from source; its DAS listens on port.
func (s *Stack) NewNAS(site, source, secret string, port int, settings map[string]any) string {
	s.t.Helper()
	body := map[string]any{"name": "NAS " + source, "source": source, "secret": secret, "coa_port": port, "interim_seconds": 60}
	for k, v := range settings {
		body[k] = v
	}
	var nas struct{ ID string }
	s.Call("POST", "/api/v1/sites/"+site+"/nases", body, &nas, 201)
	return nas.ID
}

// WalkIn checks a visitor in who leaves after stay.
func (s *Stack) WalkIn(site string, stay time.Duration) CheckedIn {
	s.t.Helper()
	var answer CheckedIn
	s.Call("POST", "/api/v1/visits", WalkInBody(site, stay), &answer, 201)
	return answer
}

// WalkInBody is the body of a walk-in.
func WalkInBody(site string, stay time.Duration) map[string]any {
	return map[string]any{
		"site_id": site, "visitor": map[string]string{"first_name": "Ada", "last_name": "Canary-Lovelace", "email": "canary.ada@example.org"},
		"expected_departure": time.Now().Add(stay).UTC().Format(time.RFC3339Nano), "check_in": true,
	}
}

// Detail reads a visit.
func (s *Stack) Detail(id string) Detail {
	s.t.Helper()
	var d Detail
	s.Call("GET", "/api/v1/visits/"+id, nil, &d, 200)
	return d
}

// Act posts to one of a visit's actions and returns the visit.
func (s *Stack) Act(id, action string, in any) Visit {
	s.t.Helper()
	var answer struct{ Visit Visit }
	s.Call("POST", "/api/v1/visits/"+id+"/"+action, in, &answer, 200)
	return answer.Visit
}

// Sealed waits until the visit's record is closed and returns it.
func (s *Stack) Sealed(id string) Detail {
	s.t.Helper()
	var d Detail
	s.Eventually(fmt.Sprintf("visit %s sealed", id), func() bool {
		return s.try(0, "GET", "/api/v1/visits/"+id, nil, &d, "") == 200 && d.Visit.SealedAt != nil
	})
	return d
}

// AuditVerifies fails the test unless every chain verifies.
func (s *Stack) AuditVerifies() {
	s.t.Helper()
	var report struct {
		OK   bool  `json:"ok"`
		Rows int64 `json:"rows"`
	}
	s.Call("GET", "/api/v1/audit/verify", nil, &report, 200)
	require.True(s.t, report.OK, "the audit trail does not verify")
	require.Positive(s.t, report.Rows)
}
