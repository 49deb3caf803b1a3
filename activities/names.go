package activities

import (
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"
)

// The registered names. They are written into histories and equal the methods'
// names: renaming a method must not rename an activity under way.
const (
	nameIssueVoucher      = "IssueVoucher"
	nameRevokeVoucher     = "RevokeVoucher"
	nameTerminateSessions = "TerminateSessions"
	nameFailTermination   = "FailTermination"
	nameSyncCRM           = "SyncCRM"
	nameFailCRM           = "FailCRM"
	nameSealAudit         = "SealAudit"
	nameBeginPurge        = "BeginPurge"
	namePurgeClass        = "PurgeClass"
	nameRewriteTables     = "RewriteTables"
	nameEndPurge          = "EndPurge"
	nameEraseFromCRM      = "EraseFromCRM"
	nameEndErasure        = "EndErasure"
	nameDeliver           = "Deliver"
	nameFailDelivery      = "FailDelivery"
	nameEndAccess         = "EndAccess"
	nameSealAccess        = "SealAccess"
)

// Set is every activity there is.
type Set struct {
	Vouchers     *Vouchers
	Terminations *Terminations
	CRM          *CRM
	Records      *Records
	Purges       *Purges
	Erasures     *Erasures
	Deliveries   *Deliveries
	Accesses     *Accesses
}

// named is an activity under its registered name.
type named struct {
	name string
	run  any
}

func (s Set) list() []named {
	return []named{
		{nameIssueVoucher, s.Vouchers.IssueVoucher},
		{nameRevokeVoucher, s.Vouchers.RevokeVoucher},
		{nameTerminateSessions, s.Terminations.TerminateSessions},
		{nameFailTermination, s.Terminations.FailTermination},
		{nameSyncCRM, s.CRM.SyncCRM},
		{nameFailCRM, s.CRM.FailCRM},
		{nameSealAudit, s.Records.SealAudit},
		{nameBeginPurge, s.Purges.BeginPurge},
		{namePurgeClass, s.Purges.PurgeClass},
		{nameRewriteTables, s.Purges.RewriteTables},
		{nameEndPurge, s.Purges.EndPurge},
		{nameEraseFromCRM, s.Erasures.EraseFromCRM},
		{nameEndErasure, s.Erasures.EndErasure},
		{nameDeliver, s.Deliveries.Deliver},
		{nameFailDelivery, s.Deliveries.FailDelivery},
		{nameEndAccess, s.Accesses.EndAccess},
		{nameSealAccess, s.Accesses.SealAccess},
	}
}

// Register makes the activities known to a worker.
func (s Set) Register(registry worker.ActivityRegistry) {
	for _, a := range s.list() {
		registry.RegisterActivityWithOptions(a.run, activity.RegisterOptions{Name: a.name})
	}
}
