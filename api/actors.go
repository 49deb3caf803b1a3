package api

import (
	"context"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/visit"
)

// actors are what those who did something are called.
type actors interface {
	ActorNames(ctx context.Context, actors []string) (map[string]string, error)
}

// Actor is who did something, for people to read.
type Actor struct {
	Kind ActorKind `json:"kind" enum:"user,token,kiosk,agent,visitor,host,operator,system" doc:"visitor, host: who holds a signed link; operator: at the server's shell or in the Temporal UI; system: Foyer by itself."`
	ID   string    `json:"id" doc:"Of a user, token, kiosk or agent; of others which part: guest, timer, sweeper, temporal."`
	Name *string   `json:"name" nullable:"true" doc:"What they are called now; null where they have no name, or it was erased."`
}

// ActorKind is what sort of actor it is.
type ActorKind string

// The kinds that are not a principal's.
const (
	actorVisitor ActorKind = "visitor"
	actorHost    ActorKind = "host"
	actorSystem  ActorKind = ActorKind(auth.KindSystem)
)

// actorOf reads an actor as events and audit rows have it.
func actorOf(actor string, names map[string]string) Actor {
	kind, id, _ := strings.Cut(actor, ":")
	out := Actor{Kind: ActorKind(kind), ID: id}
	switch {
	case actor == visit.ActorTimer:
		out = Actor{Kind: actorSystem, ID: visit.ActorTimer}
	case kind == string(auth.KindLink) && id == "host":
		out.Kind = actorHost
	case kind == string(auth.KindLink):
		out.Kind = actorVisitor
	}
	if name, ok := names[actor]; ok {
		out.Name = &name
	}
	return out
}

// names returns what actors are called. That it could not be found out is no reason
// to withhold what they did.
func (s *Server) names(ctx context.Context, actors ...string) map[string]string {
	names, err := s.Store.ActorNames(ctx, slices.Compact(slices.Sorted(slices.Values(actors))))
	if err != nil {
		s.Logger.WarnContext(ctx, "actors' names not found", "error", err)
	}
	return names
}
