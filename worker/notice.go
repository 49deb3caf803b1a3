package worker

import (
	"encoding/json"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// largestNotice is what receivers may count on: Standard Webhooks asks for less than
// 20 kB.
const largestNotice = 20_000

// noticeBody is what an endpoint receives. Names are interface; fields are added.
type noticeBody struct {
	Type      visit.EventKind `json:"type"`
	Timestamp time.Time       `json:"timestamp"` // of the event, not of the attempt
	Data      noticeData      `json:"data"`
}

// noticeData holds ids, kinds, instants and numbers; Visit only where the endpoint
// is to have it. Credentials are never in it.
type noticeData struct {
	EventID visit.EventID  `json:"event_id"`
	SiteID  visit.SiteID   `json:"site_id,omitempty"`
	VisitID visit.VisitID  `json:"visit_id,omitempty"`
	AgentID visit.AgentID  `json:"agent_id,omitempty"`
	Actor   string         `json:"actor"`
	Details map[string]any `json:"details,omitempty"`
	Visit   *noticeVisit   `json:"visit,omitempty"`
}

// noticeVisit is the visit as it is when it is sent. Visitor and Host are missing
// once they were purged.
type noticeVisit struct {
	Status            visit.Status   `json:"status"`
	Presence          visit.Presence `json:"presence,omitempty"`
	ExpectedArrival   time.Time      `json:"expected_arrival"`
	ExpectedDeparture time.Time      `json:"expected_departure"`
	CheckedInAt       *time.Time     `json:"checked_in_at,omitempty"`
	EndedAt           *time.Time     `json:"ended_at,omitempty"`
	PurgedAt          *time.Time     `json:"purged_at,omitempty"`
	Purpose           string         `json:"purpose,omitempty"`
	Visitor           *visit.Visitor `json:"visitor,omitempty"`
	Host              *visit.Host    `json:"host,omitempty"`
}

// notice composes the body for an event, with the visit if there is one. What would
// make it too large is left out: the receiver has the ids to ask by.
func notice(e visit.Event, about *visit.Visit) ([]byte, error) {
	n := noticeBody{Type: e.Kind, Timestamp: e.At.UTC(), Data: noticeData{
		EventID: e.ID, SiteID: e.SiteID, VisitID: e.VisitID, AgentID: e.AgentID, Actor: e.Actor, Details: e.Data,
	}}
	if about != nil {
		n.Data.Visit = snapshot(*about)
	}
	body, err := json.Marshal(n)
	if len(body) > largestNotice {
		n.Data.Details, n.Data.Visit = nil, nil
		body, err = json.Marshal(n)
	}
	return body, err
}

func snapshot(v visit.Visit) *noticeVisit {
	n := &noticeVisit{
		Status: v.Status, Presence: v.Presence, ExpectedArrival: v.ExpectedArrival, ExpectedDeparture: v.ExpectedDeparture,
		CheckedInAt: v.CheckedInAt, EndedAt: v.EndedAt, PurgedAt: v.PurgedAt,
	}
	if v.PurgedAt == nil {
		n.Purpose, n.Visitor, n.Host = v.Purpose, &v.Visitor, &v.Host
	}
	return n
}
