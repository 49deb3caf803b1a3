package live

import (
	"encoding/json"
	"time"

	"github.com/gorilla/websocket"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// The types of message.
const (
	typeHello  = "hello"
	typeEvent  = "event"
	typeResync = "resync"
)

type message struct {
	Type   string     `json:"type"`
	Cursor string     `json:"cursor"`
	Now    *time.Time `json:"now,omitempty"`
	Event  *thin      `json:"event,omitempty"`
}

// thin is an event without its data, but for the id of the roll call it is about.
type thin struct {
	ID         visit.EventID   `json:"id"`
	Kind       visit.EventKind `json:"kind"`
	SiteID     visit.SiteID    `json:"site_id,omitempty"`
	VisitID    visit.VisitID   `json:"visit_id,omitempty"`
	AgentID    visit.AgentID   `json:"agent_id,omitempty"`
	RollCallID string          `json:"roll_call_id,omitempty"`
	At         time.Time       `json:"at"`
}

func eventMessage(e store.ChainEvent, cursor string) message {
	call, _ := e.Data["roll_call_id"].(string)
	return message{Type: typeEvent, Cursor: cursor, Event: &thin{e.ID, e.Kind, e.SiteID, e.VisitID, e.AgentID, call, e.At}}
}

// prepared is a frame that many connections send.
func (m message) prepared() (*websocket.PreparedMessage, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return websocket.NewPreparedMessage(websocket.TextMessage, text)
}
