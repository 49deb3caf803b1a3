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
	typeDetail = "detail"
	typeBeat   = "beat"
	typeResync = "resync"
)

// message is what a screen is sent. Every one has the cursor, so that a client that
// does not know its type loses nothing by taking it for another.
type message struct {
	Type    string        `json:"type"`
	Cursor  string        `json:"cursor"`
	Now     *time.Time    `json:"now,omitempty"`
	Event   *thin         `json:"event,omitempty"`
	SiteID  visit.SiteID  `json:"site_id,omitempty"`
	VisitID visit.VisitID `json:"visit_id,omitempty"`
	Beat    int           `json:"beat,omitempty"` // seconds; of hello and resync
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

func eventMessage(e store.ChainEvent) message {
	call, _ := e.Data["roll_call_id"].(string)
	return message{Type: typeEvent, Event: &thin{e.ID, e.Kind, e.SiteID, e.VisitID, e.AgentID, call, e.At}}
}

// frame is a message that many connections send.
type frame struct {
	cursor  string
	message *websocket.PreparedMessage
}

func (m message) prepared() (frame, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return frame{}, err
	}
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, text)
	return frame{m.Cursor, prepared}, err
}
