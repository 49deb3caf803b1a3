package store

import (
	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/visit"
)

// AuditFilter chooses audit rows. Chain is a site's id or audit.Deployment;
// empty: all chains of the scope.
type AuditFilter struct {
	Chain   string
	VisitID visit.VisitID
	Page
}

// AuditPage is a part of the list, newest first.
type AuditPage struct {
	Items []audit.Row
	Next  string
}
