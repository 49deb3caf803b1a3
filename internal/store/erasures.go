package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Erasure is the erasure of one person.
type Erasure struct {
	ID          visit.ErasureID
	PersonID    visit.PersonID
	RequestedBy string
	RequestedAt time.Time
	ErasedAt    *time.Time // here
	EndedAt     *time.Time // everywhere
	State       ErasureState
	Reason      string // why attention is needed, a code
	Counts      map[string]int
	InCRM       int // contacts still to be erased there
}

// ErasureState is how far an erasure is.
type ErasureState string

// The states of an erasure. Pending and needing attention are about the CRM: here
// a person is gone when the erasure exists.
const (
	ErasurePending   ErasureState = "pending"
	ErasureDone      ErasureState = "done"
	ErasureAttention ErasureState = "needs_attention"
)

// CRMContact is what a CRM holds of a person, by its ids.
type CRMContact struct {
	AccountID  visit.CRMAccountID `json:"account_id"`
	ContactRef string             `json:"contact_ref"`
	VisitRefs  []string           `json:"visit_refs"`
}

// ErasurePage is a part of the list, the newest first.
type ErasurePage struct {
	Items []Erasure
	Next  string
}

type erasureRow struct {
	ID          visit.ErasureID `db:"id"`
	PersonID    visit.PersonID  `db:"person_id"`
	RequestedBy string          `db:"requested_by"`
	RequestedAt time.Time       `db:"requested_at"`
	ErasedAt    *time.Time      `db:"erased_at"`
	EndedAt     *time.Time      `db:"ended_at"`
	State       ErasureState    `db:"state"`
	Reason      string          `db:"reason"`
	Counts      []byte          `db:"counts"`
	CRM         []byte          `db:"crm"`
}

const erasureColumns = `v.id, v.person_id, v.requested_by, v.requested_at, v.erased_at, v.ended_at, v.state, v.reason, v.counts, v.crm`

// erasureInScope: who erased a person saw all of their sites.
const erasureInScope = `(@all or v.sites <@ @sites::uuid[])`

func (r erasureRow) erasure() (Erasure, error) {
	e := Erasure{
		ID: r.ID, PersonID: r.PersonID, RequestedBy: r.RequestedBy, RequestedAt: r.RequestedAt,
		ErasedAt: r.ErasedAt, EndedAt: r.EndedAt, State: r.State, Reason: r.Reason, Counts: map[string]int{},
	}
	if err := json.Unmarshal(r.Counts, &e.Counts); err != nil {
		return e, err
	}
	contacts, err := r.contacts()
	e.InCRM = contactsIn(contacts)
	return e, err
}

func (r erasureRow) contacts() (contacts []CRMContact, err error) {
	return contacts, json.Unmarshal(r.CRM, &contacts)
}

// Erasure returns an erasure, or ErrErasureNotFound.
func (s *Store) Erasure(ctx context.Context, scope Scope, id visit.ErasureID) (erasure Erasure, err error) {
	err = s.query(ctx, func(ctx context.Context, q db) error {
		row, err := findErasure(ctx, q, scope, id, "")
		if err != nil {
			return err
		}
		erasure, err = row.erasure()
		return err
	})
	return erasure, err
}

func findErasure(ctx context.Context, q db, scope Scope, id visit.ErasureID, lock string) (erasureRow, error) {
	find := `select ` + erasureColumns + ` from erasures v where v.id = @id and ` + erasureInScope + lock
	return one[erasureRow](ctx, q, visit.ErrErasureNotFound, find, scope.args(pgx.NamedArgs{"id": id}))
}

// Erasures returns erasures, the newest first.
func (s *Store) Erasures(ctx context.Context, scope Scope, page Page) (ErasurePage, error) {
	out := ErasurePage{Items: []Erasure{}}
	after, err := parseCursor(page.Cursor, byID)
	if err != nil {
		return out, err
	}
	err = s.query(ctx, func(ctx context.Context, q db) error {
		const list = `select ` + erasureColumns + ` from erasures v where ` + erasureInScope + ` and (@id::uuid is null or v.id < @id)
			order by v.id desc limit @limit`
		rows, err := all[erasureRow](ctx, q, list, scope.args(pgx.NamedArgs{"id": after.ID, "limit": page.limit() + 1}))
		if err != nil {
			return err
		}
		rows, out.Next = cut(rows, page.limit(), func(r erasureRow) cursor { return cursor{ID: new(string(r.ID))} })
		for _, row := range rows {
			erasure, err := row.erasure()
			if err != nil {
				return err
			}
			out.Items = append(out.Items, erasure)
		}
		return nil
	})
	return out, err
}

// PendingErasures returns erasures that a workflow has to be at, the oldest first.
func (s *Store) PendingErasures(ctx context.Context, limit int) ([]visit.ErasureID, error) {
	var ids []visit.ErasureID
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const list = `select id from erasures where state = 'pending' order by requested_at limit @limit`
		ids, err = scalars[visit.ErasureID](ctx, q, list, pgx.NamedArgs{"limit": limit})
		return err
	})
	return ids, err
}

// ContactsToErase returns what is still to be erased in CRMs, none where the
// erasure is over.
func (s *Store) ContactsToErase(ctx context.Context, id visit.ErasureID) ([]CRMContact, error) {
	var contacts []CRMContact
	err := s.query(ctx, func(ctx context.Context, q db) error {
		row, err := findErasure(ctx, q, Everything, id, "")
		if err != nil {
			return err
		}
		contacts, err = row.contacts()
		return err
	})
	return contacts, err
}

// ContactErased forgets a contact that a CRM has erased.
func (s *Store) ContactErased(ctx context.Context, id visit.ErasureID, done CRMContact) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := findErasure(ctx, t, Everything, id, " for no key update")
		if err != nil {
			return err
		}
		contacts, err := row.contacts()
		if err != nil {
			return err
		}
		contacts = slices.DeleteFunc(contacts, func(c CRMContact) bool {
			return c.AccountID == done.AccountID && c.ContactRef == done.ContactRef && slices.Equal(c.VisitRefs, done.VisitRefs)
		})
		_, err = t.Exec(ctx, `update erasures set crm = @crm where id = @id`, pgx.NamedArgs{"id": id, "crm": contacts})
		return err
	})
}

// EndErasure says how the CRM's part came out: an empty reason is done, if nothing
// is left there; else somebody has to look. Once is enough.
func (s *Store) EndErasure(ctx context.Context, id visit.ErasureID, reason string) (ErasureState, error) {
	var state ErasureState
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := findErasure(ctx, t, Everything, id, " for no key update")
		if state = row.State; err != nil || row.State != ErasurePending {
			return err
		}
		contacts, err := row.contacts()
		if err != nil {
			return err
		}
		ended := &t.now
		if state = ErasureDone; reason != "" || len(contacts) > 0 {
			state, ended = ErasureAttention, nil
			if reason = code(reason); reason == "" {
				reason = "incomplete"
			}
		}
		const update = `update erasures set state = @state, reason = @reason, ended_at = @ended where id = @id`
		if _, err := t.Exec(ctx, update, pgx.NamedArgs{"id": id, "state": state, "reason": reason, "ended": ended}); err != nil {
			return err
		}
		t.audit("", actorErasure, "erasure."+string(state), "erasure:"+string(id), map[string]any{"reason": reason})
		return nil
	})
	return state, err
}

const actorErasure = "system:workflow"

// RetryErasure puts an erasure that needed attention back to work. It returns
// ErrErasureNotFound; one that is done or under way is returned as it is.
func (s *Store) RetryErasure(ctx context.Context, by Caller, id visit.ErasureID) (Erasure, error) {
	var erasure Erasure
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := findErasure(ctx, t, by.Scope, id, " for no key update")
		if err != nil {
			return err
		}
		if row.State == ErasureAttention {
			row.State, row.Reason = ErasurePending, ""
			if _, err := t.Exec(ctx, `update erasures set state = 'pending', reason = '' where id = @id`, pgx.NamedArgs{"id": id}); err != nil {
				return err
			}
			t.audit("", by.Actor, "erasure.retried", "erasure:"+string(id), nil)
		}
		erasure, err = row.erasure()
		return err
	})
	return erasure, err
}
