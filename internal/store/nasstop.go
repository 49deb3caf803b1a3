package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
)

// leaves are the causes of a Stop (RFC 2866 5.10) that say something of the guest: they
// ended it, or did nothing for long. The others are the network's, a lost carrier too:
// whoever was only out of reach comes back to what they had.
var leaves = map[string]identity.Reason{"user-request": identity.EndNASStop, "idle-timeout": identity.EndIdle}

// endsSoon is how near its end an authentication is left to the clock: agents cut what is
// over by their own clocks, and a NAS may call that what it likes.
const endsSoon = 5 * time.Second

// left ends the authentication of a session that its NAS has just stopped because the
// guest left, where it was the last one. One that we had ended, or asked to, was not left
// by anybody. Where devices come in by their address alone nobody leaves like this: they
// would be back without a click, and many a NAS says so of a phone that sleeps.
func (r *report) left(ctx context.Context, row *sessionRow) error {
	why, ok := leaves[row.TerminateCause]
	if !ok || row.AccessID == nil {
		return nil
	}
	of, err := r.lockAuthentication(ctx, *row.AccessID)
	if errors.Is(err, ErrAuthenticationNotFound) {
		return nil // of a roll code
	}
	if err != nil || of.EndedAt != nil || of.EndsAt.Sub(r.now) < endsSoon {
		return err
	}
	const stays = `select exists (select from sessions v where v.access_id = @access and v.ended_at is null and v.last_seen_at > @since)
		or exists (select from terminations where session_id = @session)
		or exists (select from portals p join templates t on t.id = p.template_id where p.id = @portal and @mac <> '' and ` + byMAC + `)`
	stay, err := scalars[bool](ctx, r, stays, pgx.NamedArgs{
		"access": row.AccessID, "session": row.ID, "portal": of.PortalID, "mac": of.MAC, "since": r.now.Add(-openFor),
	})
	if err != nil || stay[0] {
		return err
	}
	return r.endAuthentication(ctx, of, why, "agent:"+string(r.agent))
}
