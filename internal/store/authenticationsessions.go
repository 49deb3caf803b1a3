package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/roll"
)

// authenticationUse is what the sessions of an authentication come to.
type authenticationUse struct {
	AccessID     roll.AccessID `db:"access_id"`
	Online       bool          `db:"online"`
	InputOctets  int64         `db:"input_octets"`
	OutputOctets int64         `db:"output_octets"`
}

// authenticationUses are read for a page of the list after it: the planner has no part
// of the list to move sessions into. A sum stays in 64 bits whatever was reported.
const authenticationUses = `select access_id, bool_or(ended_at is null) as online,
		least(sum(input_octets), 1::bigint << 62)::bigint as input_octets, least(sum(output_octets), 1::bigint << 62)::bigint as output_octets
	from sessions where access_id = any(@ids::uuid[]) group by access_id`

// addUse says of each item whether its device is connected, and its traffic.
func addUse(ctx context.Context, q db, items []AuthenticationItem) error {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.ID
	}
	rows, err := all[authenticationUse](ctx, q, authenticationUses, pgx.NamedArgs{"ids": ids})
	if err != nil {
		return err
	}
	uses := make(map[string]authenticationUse, len(rows))
	for _, row := range rows {
		uses[string(row.AccessID)] = row
	}
	for i := range items {
		use := uses[items[i].ID]
		items[i].Online, items[i].InputOctets, items[i].OutputOctets = use.Online, use.InputOctets, use.OutputOctets
	}
	return nil
}
