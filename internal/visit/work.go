package visit

import "time"

// Work is what a visit's workflow must know of it, and no more: ids, instants
// and statuses, because all of it is written into the workflow's history. Fields
// are only ever added.
type Work struct {
	VisitID           VisitID   `json:"visit_id"`
	SiteID            SiteID    `json:"site_id"`
	Status            Status    `json:"status"`
	ExpectedDeparture time.Time `json:"expected_departure"`

	CheckInRequested    bool       `json:"check_in_requested"`
	CheckOutRequestedAt *time.Time `json:"check_out_requested_at,omitempty"`
	EndedAt             *time.Time `json:"ended_at,omitempty"`
	Sealed              bool       `json:"sealed"`

	Generation   int           `json:"generation"`    // of terminations, from 1
	TerminateFor time.Duration `json:"terminate_for"` // the site's limit on retries
	CRM          string        `json:"crm,omitempty"` // kind of the site's CRM; empty: none configured
}

// NeverCheckedIn reports whether the visit ended without a voucher, so that
// there is nothing to revoke, to end or to seal.
func (w Work) NeverCheckedIn() bool { return w.Status == Cancelled || w.Status == NoShow }
