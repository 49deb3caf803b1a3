package store

import "github.com/foyerhq/foyer/internal/visit"

// TerminationRequest is one attempt of the activity that ends a visit's sessions.
type TerminationRequest struct {
	VisitID    visit.VisitID
	Generation int
	Attempt    int
	WorkflowID string
	RunID      string
	ActivityID string
}

// Completion is a stored result on its way to the activity that waits for it.
type Completion struct {
	TerminationRequest
	Result visit.TerminationResult
	Final  bool // done; only a result of the current attempt that is not final fails the activity
}

// Retried is the outcome of RetryTermination.
type Retried struct {
	Visit      visit.Visit
	Generation int
	Sealed     bool // no workflow is left: the command was started here
	Outcome
}
