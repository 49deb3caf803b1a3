package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// SamePerson says that a visitor is an account's guest: the visitor's visits become the
// guest's, and the visitor's own record goes. Each visit keeps what was said at the
// desk. It returns ErrAccountNotFound, visit.ErrPersonNotFound, and
// visit.ErrPersonElsewhere where the caller does not see all of the visits.
func (s *Store) SamePerson(ctx context.Context, by Caller, account, visitor visit.PersonID) (Account, error) {
	return s.onAccount(ctx, by, account, func(ctx context.Context, t *tx, row accountRow) error {
		if visitor == account {
			return nil
		}
		whole, err := t.whole(ctx, by.Scope, visitor)
		if err != nil {
			return err
		}
		known, err := scalars[bool](ctx, t, `select true from accounts where person_id = @id`, pgx.NamedArgs{"id": visitor})
		if err != nil || len(known) > 0 {
			return orElse(err, errAccountExists)
		}
		args := pgx.NamedArgs{"visitor": visitor, "account": account, "now": t.now}
		if _, err := t.Exec(ctx, `update visits set person_id = @account, updated_at = @now where person_id = @visitor`, args); err != nil {
			return err
		}
		const agreed = `insert into consents (person_id, text_id, agreed_at) select @account, text_id, agreed_at from consents where person_id = @visitor on conflict do nothing`
		if _, err := t.Exec(ctx, agreed, args); err != nil {
			return err
		}
		// A guest who was not asked for a name has the visitor's.
		const names = `update people p set first_name = v.first_name, last_name = v.last_name, company = case p.company when '' then v.company else p.company end, updated_at = @now
			from people v where v.id = @visitor and p.id = @account and p.first_name = '' and p.last_name = ''`
		if _, err := t.Exec(ctx, names, args); err != nil {
			return err
		}
		if _, err := t.Exec(ctx, `delete from people where id = @visitor`, args); err != nil {
			return err
		}
		t.audit(row.SiteID, by.Actor, "account.same_person", accountPlace(account), map[string]any{"person_id": string(visitor), "visits": len(whole.visits)})
		return nil
	})
}
