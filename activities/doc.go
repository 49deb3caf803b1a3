// Package activities holds the side effects of workflows: one struct per
// counterpart, each over a small interface that says what it needs.
//
// # Rules
//
// Every activity may run twice, because Temporal repeats what it has not heard
// the end of: each is idempotent by the ids in its input. Inputs and results are
// written into the workflow's history, so they hold ids, instants, statuses and
// counts only, never personal data or secrets, and their fields are only added.
//
// Activities return the domain's errors as they are. [Failure] turns them into
// what Temporal repeats or not, at one place, when the worker's interceptor passes
// them on; only a kind and a code reach the history.
//
// Names are unique over all structs, because the SDK resolves a method reference
// by the bare name of the method; they are registered as the constants of names.go.
package activities
