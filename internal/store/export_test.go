package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// ListStatement shows a test the statement of a list, to ask the planner about it.
func ListStatement(scope Scope, filter VisitFilter) (string, pgx.NamedArgs, error) {
	statement, args, _, err := listStatement(scope, filter)
	return statement, args, err
}

// NewestMigration is what Ready insists on.
var NewestMigration = newestMigration

// Backend is the server's process that serves the pool's next connection.
func (s *Store) Backend(ctx context.Context) (pid uint32, err error) {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Release()
	return c.Conn().PgConn().PID(), nil
}

// BreakCommit runs f in a writing transaction whose connection is gone when it
// commits.
func (s *Store) BreakCommit(ctx context.Context, f func(context.Context, func(sql string) error) error) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := f(ctx, func(sql string) error { _, err := t.Exec(ctx, sql); return err }); err != nil {
			return err
		}
		return t.Conn().PgConn().Conn().Close()
	})
}

// PurgeStatement shows a test what a purge of a class runs.
func PurgeStatement(class visit.Class) string {
	switch class { //nolint:exhaustive // the others are one statement each
	case visit.ClassAccounts:
		return accountsDue
	case visit.ClassAuthentications:
		return authenticationsDue
	}
	return purges[class]
}

// AuditStatement shows a test the statement of the trail's list.
func AuditStatement(scope Scope, filter AuditFilter) (string, pgx.NamedArgs, error) {
	return auditStatement(scope, filter)
}

// AccountsStatement shows a test the statement of the accounts' list.
func AccountsStatement(scope Scope, filter AccountFilter) (string, pgx.NamedArgs, error) {
	return accountsStatement(scope, filter, time.Now())
}

// AuthenticationsStatement shows a test the statement of the authentications' list.
func AuthenticationsStatement(scope Scope, filter AuthenticationFilter) (string, pgx.NamedArgs, error) {
	return authenticationsStatement(scope, filter, time.Now())
}

// DecisionsStatement shows a test the statement of the decisions' list.
func DecisionsStatement(scope Scope, filter DecisionFilter) (string, pgx.NamedArgs, error) {
	return decisionsStatement(scope, filter)
}

// GreenStatement shows a test how green authentications are counted, and
// StaleStatement how accounts of changed profiles are found.
const (
	GreenStatement = greenCount
	StaleStatement = staleAccounts
	// AuthenticationUses is how sessions of a page of authentications are summed up.
	AuthenticationUses = authenticationUses
)

// LeavingSoonStatement shows a test how departures that are near are found.
const LeavingSoonStatement = leavingSoon

// RollCallListStatement shows a test how the list of a roll call is read.
const RollCallListStatement = rollCallList

// SeriesListStatement shows a test how a series is read.
const SeriesListStatement = seriesList

// LastVisitsStatement shows a test how people's last visits are found.
const LastVisitsStatement = lastVisits

// DeviceLoggedIn is what an agent's report of a device login does.
func (s *Store) DeviceLoggedIn(ctx context.Context, site visit.SiteID, l wire.DeviceLogin) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error { return t.deviceLogin(ctx, site, l) })
}
