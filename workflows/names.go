package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// The registered names. They are written into histories; signals and updates are
// spoken by [Client] alone.
const (
	nameVisit     = "Visit"
	nameAccess    = "Access"
	namePurge     = "Purge"
	nameErase     = "Erase"
	nameDelivery  = "Delivery"
	nameSyncVisit = "SyncVisit"

	updateCheckIn = "check-in" // also its id: one check-in a visit

	signalCheckOut         = "check-out"
	signalDepartureChanged = "departure-changed"
	signalRetryTermination = "retry-termination"
	signalAccessChanged    = "access-changed"
)

// The search attributes of a visit, by which operators list workflows.
var (
	siteID      = temporal.NewSearchAttributeKeyKeyword("SiteId")
	visitStatus = temporal.NewSearchAttributeKeyKeyword("VisitStatus")
	departsAt   = temporal.NewSearchAttributeKeyTime("DepartsAt")
)

const (
	visitPrefix  = "visit-"
	accessPrefix = "access-"
)

// VisitWorkflowID is the id of a visit's workflow: one workflow a visit.
func VisitWorkflowID(id visit.VisitID) string { return visitPrefix + string(id) }

// AccessWorkflowID is the id of an access's workflow.
func AccessWorkflowID(id roll.AccessID) string { return accessPrefix + string(id) }

// Register makes the workflows known to a worker.
func Register(registry worker.WorkflowRegistry) {
	registry.RegisterWorkflowWithOptions(Visit, workflow.RegisterOptions{Name: nameVisit})
	registry.RegisterWorkflowWithOptions(Access, workflow.RegisterOptions{Name: nameAccess})
	registry.RegisterWorkflowWithOptions(Purge, workflow.RegisterOptions{Name: namePurge})
	registry.RegisterWorkflowWithOptions(Erase, workflow.RegisterOptions{Name: nameErase})
	registry.RegisterWorkflowWithOptions(Delivery, workflow.RegisterOptions{Name: nameDelivery})
	registry.RegisterWorkflowWithOptions(SyncVisit, workflow.RegisterOptions{Name: nameSyncVisit})
}
