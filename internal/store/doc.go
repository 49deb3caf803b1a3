// Package store is Foyer's database: Postgres through pgx, in plain SQL. What it
// holds is the truth; workflows, hubs and screens follow it.
//
// # A change
//
// Every exported method owns its transaction, fixes the time once for it, and
// hands unexported methods of [tx] one statement each. A change of a visit runs
//
//	idempotency key → visit's row lock → decision by package visit → rows → flush
//
// where flush writes what the transaction recorded: events, their audit rows, the
// steps of the site's ledger. It locks the site's head last and so holds it to the
// commit. That makes the order of revisions and of audit rows the order of
// commits, and a rollback leaves no gap.
//
// Rows are locked in one order: idempotency key, person, visit (a readmission's new
// one before its old one; several by id), voucher, session, NAS, command, agent, site heads by id,
// deployment head. (Claiming commands takes the agent first, and skips commands
// that are locked.) Locks are "no key update": rows of other transactions may refer
// to a locked row meanwhile, which the heads' waiting transactions rely on.
//
// # Invariants
//
//   - one live voucher a visit, one terminal event a visit, one audit row an
//     event: unique indexes
//   - presence and instants fit the status: CHECK constraints
//   - nothing an agent reports is stored under an epoch that is not its current
//     one: fence
//   - who may be in a building is never purged, and a purged visit has no person and
//     no name: CHECK constraints
//   - one delivery of an event to a target, but for replays: a unique index; the
//     relay's cursor moves in the transaction that makes them
//   - what was erased stays erased: no step of a hand-over to a CRM changes the row
//   - events, audit, idempotency, commands and deliveries hold ids, kinds, field
//     names, instants and hashes only
//   - passwords, shared secrets, passphrases, webhooks' secrets and CRMs'
//     credentials are sealed with the deployment key, each for its own place
//   - every column is classified, as personal or not: a test
//
// # Failures
//
// Refusals are [visit.Error] values; constraints become refusals in one map. A
// server or connection that does not answer is KindUnavailable; so is a connection
// lost in COMMIT, after which the same request with the same Idempotency-Key finds
// out what happened. Deadlocks and serialization failures are run again. Errors
// quote neither statements nor values.
//
// NOTIFY only wakes: it is sent after the commit, coalesced, and may be lost.
package store
