package api

import (
	"context"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// disconnects end single sessions of visits that go on.
type disconnects interface {
	DisconnectSession(ctx context.Context, by store.Caller, id visit.VisitID, session visit.SessionID) (store.Disconnection, error)
}

type disconnectInput struct {
	VisitPath
	Keyed
	Session visit.SessionID `path:"session" format:"uuid"`
}

type disconnectAnswer struct {
	Body struct {
		Visit      Visit           `json:"visit"`
		SessionID  visit.SessionID `json:"session_id"`
		Generation int             `json:"generation" doc:"By which the visit's terminations tell what came of it."`
		Changed    bool            `json:"changed" doc:"false: it was being disconnected already."`
	}
}

// disconnect has the site's agent end one session. It does not wait for that.
func (s *Server) disconnect(ctx context.Context, in *disconnectInput) (*disconnectAnswer, error) {
	out, err := s.Store.DisconnectSession(ctx, s.keyed(ctx, in.Key, 202, "disconnect", in.ID, in.Session), in.ID, in.Session)
	if err != nil {
		return nil, err
	}
	a := &disconnectAnswer{}
	a.Body.Visit, a.Body.SessionID = visitOf(out.Visit), out.SessionID
	a.Body.Generation, a.Body.Changed = out.Generation, !out.Unchanged
	return a, nil
}
