package activitiestest

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// AccessRow is an access as the desk keeps it.
type AccessRow struct {
	EndsAt     time.Time
	Ended      bool
	Reason     string
	Generation int
	Seals      []activities.SealAccessInput // one a generation, or something is wrong
	Sealed     bool
}

// AddAccess puts an access on the desk.
func (d *Desk) AddAccess(id roll.AccessID, row AccessRow) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.accesses == nil {
		d.accesses = map[roll.AccessID]*AccessRow{}
	}
	row.Generation = max(row.Generation, 1)
	d.accesses[id] = &row
}

// ChangeAccess edits an access as an agent's report or staff would.
func (d *Desk) ChangeAccess(id roll.AccessID, edit func(*AccessRow)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	edit(d.accesses[id])
}

// AccessRow returns a copy of the access's row.
func (d *Desk) AccessRow(id roll.AccessID) AccessRow {
	d.mu.Lock()
	defer d.mu.Unlock()
	return *d.accesses[id]
}

// enterAccess notes a step of an access.
func (d *Desk) enterAccess(step string) error {
	if err := d.failure(step); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps = append(d.steps, step)
	return nil
}

// EndAccess implements activities.AccessDesk.
func (d *Desk) EndAccess(_ context.Context, in activities.EndAccessInput) (activities.AccessWork, error) {
	if err := d.enterAccess("EndAccess"); err != nil {
		return activities.AccessWork{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	row, ok := d.accesses[in.AccessID]
	switch {
	case !ok:
		return activities.AccessWork{}, visit.Errorf(visit.KindNotFound, "access_not_found", "There is no such access.")
	case row.Ended:
	case in.Cancelled:
		row.Ended, row.Reason, row.EndsAt = true, "cancelled", d.Now()
	case !row.EndsAt.After(d.Now()):
		row.Ended, row.Reason = true, "time"
	}
	return activities.AccessWork{
		Ended: row.Ended, Reason: row.Reason, EndsAt: row.EndsAt, Sealed: row.Sealed, Generation: row.Generation,
	}, nil
}

// SealAccess implements activities.AccessDesk.
func (d *Desk) SealAccess(_ context.Context, in activities.SealAccessInput) (bool, error) {
	if err := d.enterAccess("SealAccess"); err != nil {
		return false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	row := d.accesses[in.AccessID]
	if row.Ended && !row.Sealed {
		row.Sealed, row.Seals = true, append(row.Seals, in)
	}
	return row.Sealed, nil
}
