package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Session is a device's connection as staff see it. It is personal data.
type Session struct {
	ID             visit.SessionID
	AgentID        visit.AgentID // that last reported it
	NASID          visit.NASID
	NASName        string
	VisitID        visit.VisitID
	VoucherID      visit.VoucherID
	AcctSessionID  string // empty: known from an Access-Accept only
	Username       string
	MAC            string
	IP             string
	CalledStation  string
	InputOctets    int64
	OutputOctets   int64
	StartedAt      time.Time
	LastSeenAt     time.Time
	ExpiresAt      *time.Time // by the Session-Timeout sent
	EndedAt        *time.Time
	TerminateCause string
}

// Termination is one result that came in for one session.
type Termination struct {
	ID         string
	Generation int // zero: the agent acted by itself
	Attempt    int
	AgentID    visit.AgentID
	visit.SessionTermination
}

// VisitDetail is everything staff see of one visit, without the password. Lists
// end with the newest; of very long ones the newest part is shown.
type VisitDetail struct {
	Visit        visit.Visit
	Voucher      *visit.Voucher // the current or last one
	Sessions     []Session
	Terminations []Termination
	Timeline     []visit.Event
	Deliveries   []DeliveryRecord // mails and webhooks that its events gave rise to
	CRM          *visit.CRMSync   // what became of it in the site's CRM; nil: nothing yet
	Retry        *Retry           // of ending its sessions; nil: none is scheduled
	Openings     []Opening        // gates that were opened for it without RADIUS
}

const detailLimit = 500

// Detail returns a visit with what belongs to it, as of one state of the
// database, or ErrVisitNotFound.
func (s *Store) Detail(ctx context.Context, scope Scope, id visit.VisitID) (VisitDetail, error) {
	var detail VisitDetail
	err := s.view(ctx, func(ctx context.Context, q pgx.Tx) error {
		row, err := findVisit(ctx, q, scope, id)
		if err != nil {
			return err
		}
		detail.Visit = row.visit()
		voucher, err := latestVoucher(ctx, q, id)
		if err == nil {
			detail.Voucher = new(voucher.voucher())
		} else if !errors.Is(err, visit.ErrNotCheckedIn) {
			return err
		}
		if detail.Sessions, err = sessionsOf(ctx, q, id); err != nil {
			return err
		}
		if detail.Terminations, err = terminationsOf(ctx, q, id); err != nil {
			return err
		}
		if detail.Retry, err = s.nextRetry(ctx, q, row); err != nil {
			return err
		}
		if detail.Timeline, err = timeline(ctx, q, id); err != nil {
			return err
		}
		if detail.Deliveries, err = deliveriesOf(ctx, q, id); err != nil {
			return err
		}
		if detail.Openings, err = openingsOf(ctx, q, "visit_id", string(id)); err != nil {
			return err
		}
		sync, err := findCRMSync(ctx, q, id)
		if err == nil && sync != nil {
			detail.CRM = new(sync.sync())
		}
		return err
	})
	return detail, err
}

func sessionsOf(ctx context.Context, q db, id visit.VisitID) ([]Session, error) {
	return sessionsBy(ctx, q, "visit_id", string(id))
}

// sessionsBy are those of a visit or an access: column says which.
func sessionsBy(ctx context.Context, q db, column, id string) ([]Session, error) {
	type namedRow struct {
		sessionRow
		NASName string `db:"nas_name"`
	}
	list := `select * from (
			select ` + sessionColumns + `, n.name as nas_name from sessions v join nases n on n.id = v.nas_id
			where v.` + column + ` = @of order by v.started_at desc, v.id desc limit @limit) newest
		order by started_at, id`
	rows, err := all[namedRow](ctx, q, list, pgx.NamedArgs{"of": id, "limit": detailLimit})
	sessions := make([]Session, len(rows))
	for i, r := range rows {
		sessions[i] = Session{
			ID: r.ID, AgentID: r.AgentID, NASID: r.NASID, NASName: r.NASName, VisitID: value(r.VisitID), VoucherID: value(r.VoucherID),
			AcctSessionID: r.AcctSessionID, Username: r.Username, MAC: r.MAC, IP: r.IP, CalledStation: r.CalledStation,
			InputOctets: r.InputOctets, OutputOctets: r.OutputOctets, StartedAt: r.StartedAt, LastSeenAt: r.LastSeenAt,
			ExpiresAt: r.ExpiresAt, EndedAt: r.EndedAt, TerminateCause: r.TerminateCause,
		}
	}
	return sessions, err
}

type terminationRow struct {
	ID           string                  `db:"id"`
	Generation   *int                    `db:"generation"`
	Attempt      *int                    `db:"attempt"`
	AgentID      visit.AgentID           `db:"agent_id"`
	SessionID    *visit.SessionID        `db:"session_id"`
	NASID        *visit.NASID            `db:"nas_id"`
	State        visit.TerminationState  `db:"state"`
	Reason       visit.TerminationReason `db:"reason"`
	Until        *time.Time              `db:"until"`
	NoAccounting bool                    `db:"no_accounting"`
	Attempts     []byte                  `db:"attempts"`
	At           time.Time               `db:"at"`
}

func terminationsOf(ctx context.Context, q db, id visit.VisitID) ([]Termination, error) {
	return terminationsBy(ctx, q, "visit_id", string(id))
}

func terminationsBy(ctx context.Context, q db, column, id string) ([]Termination, error) {
	list := `select * from (
			select id, generation, attempt, agent_id, session_id, nas_id, state, reason, until, no_accounting, attempts, at
			from terminations where ` + column + ` = @of order by at desc, id desc limit @limit) newest
		order by at, id`
	rows, err := all[terminationRow](ctx, q, list, pgx.NamedArgs{"of": id, "limit": detailLimit})
	if err != nil {
		return nil, err
	}
	terminations := make([]Termination, len(rows))
	for i, r := range rows {
		terminations[i] = Termination{
			ID: r.ID, Generation: value(r.Generation), Attempt: value(r.Attempt), AgentID: r.AgentID,
			SessionTermination: visit.SessionTermination{
				SessionID: value(r.SessionID), NASID: value(r.NASID), State: r.State, Reason: r.Reason,
				Until: r.Until, At: r.At, NoAccounting: r.NoAccounting,
			},
		}
		if err := json.Unmarshal(r.Attempts, &terminations[i].Attempts); err != nil {
			return nil, err
		}
	}
	return terminations, nil
}

func timeline(ctx context.Context, q db, id visit.VisitID) ([]visit.Event, error) {
	const list = `select * from (
			select ` + eventColumns + ` from events v where v.visit_id = @visit order by v.at desc, v.seq desc limit @limit) newest
		order by seq`
	rows, err := all[eventRow](ctx, q, list, pgx.NamedArgs{"visit": id, "limit": detailLimit})
	if err != nil {
		return nil, err
	}
	return plainEvents(rows)
}
