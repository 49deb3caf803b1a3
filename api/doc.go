// Package api serves Foyer's HTTP interface: JSON under /api/v1, operators'
// endpoints, and the dashboards' live WebSocket.
//
// Every route stands in routes.go with the one permission it needs. A request
// becomes a [auth.Principal] from its bearer token or login cookie, and each
// query takes the principal's sites, so that what lies elsewhere does not
// exist for it. Errors are RFC 9457 problems made in problem.go, the only
// place that knows HTTP statuses; internals are logged and never shown.
//
// # Store, then start
//
// A change to a visit is committed before its workflow is told. When Temporal
// has not answered within two seconds the API runs the same idempotent store
// method itself: check-in always answers with credentials and check-out always
// revokes. The answer is rendered from the row, never from what a workflow
// said.
package api
