package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/api/portal"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Store is the database as this package uses it, one small interface a file.
type Store interface {
	Identities
	logins
	own
	resets
	users
	signOns
	kiosks
	siteRules
	kioskUse
	tokens
	visits
	visitChanges
	disconnects
	access
	board
	batches
	rollCalls
	offlineLists
	sites
	mails
	agents
	nases
	zones
	rolls
	portal.Store // the pages of captive portals
	zonePeers
	nasTests
	openTerminations
	trail
	actors
	webhooks
	deliveries
	people
	erasures
	retention
	lawful
	crmAccounts
	crmVisits
	profiles
	templates
	portals
	accounts
	authentications
}

// Workflows tells a visit's workflow what was committed. Every method returns a
// visit.KindUnavailable error when Temporal does not answer in time; the caller
// then acts by itself and the sweeper brings the workflow after.
type Workflows interface {
	CheckIn(ctx context.Context, id visit.VisitID, site visit.SiteID, departure time.Time) error
	CheckOut(ctx context.Context, id visit.VisitID, site visit.SiteID) error
	DepartureChanged(ctx context.Context, id visit.VisitID, departure time.Time) error
	// RetryTermination says false where no workflow runs.
	RetryTermination(ctx context.Context, id visit.VisitID, generation int) (bool, error)
	// StartErase says false where the workflow runs already.
	StartErase(ctx context.Context, id visit.ErasureID) (bool, error)
	// SyncCRM hands the visit to its site's CRM now, beside its workflow.
	SyncCRM(ctx context.Context, id visit.VisitID, site visit.SiteID) error
}

// access is what the API falls back to, and where credentials come from.
type access interface {
	IssueVoucher(ctx context.Context, id visit.VisitID, by store.Taker) (store.Issued, error)
	RevokeVoucher(ctx context.Context, id visit.VisitID, in store.RevokeInput) (store.Revoked, error)
	Credentials(ctx context.Context, id visit.VisitID) (visit.Credentials, visit.Voucher, error)
	HandOut(ctx context.Context, by store.Caller, id visit.VisitID, how visit.Disclosed) (visit.Credentials, visit.Voucher, error)
	Reveal(ctx context.Context, by store.Caller, id visit.VisitID) (visit.Credentials, visit.Voucher, error)
}
