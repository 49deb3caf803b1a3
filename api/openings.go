package api

import (
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// Opening is a gate that a portal opened without RADIUS, and what came of shutting it.
type Opening struct {
	PortalID  string     `json:"portal_id"`
	Portal    string     `json:"portal" doc:"The portal's name."`
	OpenedAt  time.Time  `json:"opened_at"`
	Until     time.Time  `json:"until" doc:"When the device shuts it by itself."`
	ShutAt    *time.Time `json:"shut_at" nullable:"true"`
	State     string     `json:"state" enum:"open,shutting,shut,over,at_next_check,failed,never_opened,reopened" doc:"at_next_check: devices of this vendor cannot be told, the gate stays open until then. failed: the network's controller did not do it, and is not asked again before next_try_at, if at all. reopened: opened anew for the same device."`
	Tries     int        `json:"tries" doc:"Of shutting it."`
	NextTryAt *time.Time `json:"next_try_at" nullable:"true"`
}

// openingOf tells how a gate stands at an instant.
func openingOf(o store.Opening, now time.Time) Opening {
	state := o.Failure
	switch {
	case state == store.ShutNeverOpened, state == store.ShutReopened:
	case o.ShutAt != nil:
		state = "shut"
	case !now.Before(o.Until):
		state = "over"
	case state != "":
	case o.NextTryAt != nil:
		state = "shutting"
	default:
		state = "open"
	}
	return Opening{
		PortalID: string(o.PortalID), Portal: o.Portal, OpenedAt: o.OpenedAt, Until: o.Until,
		ShutAt: o.ShutAt, State: state, Tries: o.Tries, NextTryAt: o.NextTryAt,
	}
}

func openingsOf(openings []store.Opening, now time.Time) []Opening {
	return each(openings, func(o store.Opening) Opening { return openingOf(o, now) })
}
