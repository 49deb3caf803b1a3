package store

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// actorNames are what actors are called now. Who was erased has no name.
const actorNames = `
	select 'user:' || id as actor, coalesce(nullif(name, ''), email) as name
		from users where id = any(@user::uuid[]) and (name <> '' or email <> 'erased-' || id || '@invalid')
	union all select 'token:' || id, name from tokens where id = any(@token::uuid[]) and name <> ''
	union all select 'kiosk:' || id, name from kiosks where id = any(@kiosk::uuid[]) and name <> ''
	union all select 'agent:' || id, name from agents where id = any(@agent::uuid[]) and name <> ''`

// ActorNames returns what the actors of events and audit rows are called, as far as
// they have a name: those are looked up when somebody reads, and stored nowhere else.
// The result is personal data of staff. Whoever may see what an actor did may see who
// it was, wherever the actor belongs.
func (s *Store) ActorNames(ctx context.Context, actors []string) (map[string]string, error) {
	args := pgx.NamedArgs{}
	ids := map[string][]string{"user": {}, "token": {}, "kiosk": {}, "agent": {}}
	wanted := false
	for _, actor := range slices.Compact(slices.Sorted(slices.Values(actors))) {
		kind, id, _ := strings.Cut(actor, ":")
		if _, named := ids[kind]; named && uuid.Validate(id) == nil {
			ids[kind], wanted = append(ids[kind], id), true
		}
	}
	names := map[string]string{}
	if !wanted {
		return names, nil
	}
	for kind, list := range ids {
		args[kind] = list
	}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		type row struct{ Actor, Name string }
		rows, err := all[row](ctx, q, actorNames, args)
		for _, r := range rows {
			names[r.Actor] = r.Name
		}
		return err
	})
	return names, err
}
