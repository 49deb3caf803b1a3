package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/visit"
)

// Contact is an account of whose address it is to be found out whether it can be one.
// It holds the domain alone.
type Contact struct {
	Account visit.PersonID
	Domain  string // in lower case; empty where the login is no address
	Proven  bool
	MadeAt  time.Time
}

// ContactsDue returns the accounts that are to be looked at now, those first that have
// waited longest.
func (s *Store) ContactsDue(ctx context.Context, limit int) (due []Contact, err error) {
	type row struct {
		ID        visit.PersonID
		Login     string
		Proven    bool
		CreatedAt time.Time
	}
	const find = `select person_id as id, login, proven_at is not null as proven, created_at from accounts
		where contact_due_at is not null and contact_due_at <= @now order by contact_due_at, person_id limit @limit`
	err = s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[row](ctx, q, find, pgx.NamedArgs{"now": s.now(), "limit": limit})
		due = make([]Contact, len(rows))
		for i, r := range rows {
			due[i] = Contact{Account: r.ID, Domain: identity.MailDomain(r.Login), Proven: r.Proven, MadeAt: r.CreatedAt}
		}
		return err
	})
	return due, err
}

// JudgeContact keeps what was found out, and when to look again: the zero time is
// never. An account that was settled meanwhile, by its guest's proof or because it was
// erased, stays as it is.
func (s *Store) JudgeContact(ctx context.Context, id visit.PersonID, status identity.ContactStatus, again time.Time) error {
	var due *time.Time
	if !again.IsZero() {
		due = &again
	}
	const save = `update accounts set contact_status = @status, contact_checked_at = @now, contact_due_at = @due
		where person_id = @id and contact_due_at is not null and erased_at is null`
	return s.once(ctx, func(ctx context.Context, q db) error {
		_, err := exec(ctx, q, save, pgx.NamedArgs{"id": id, "status": status, "now": s.now(), "due": due})
		return err
	})
}
