// Package audit is the hash chain that makes tampering with the audit trail
// visible. It is pure: rows come from and go to the caller, instants are
// arguments.
//
// There is one chain per site and one for the deployment itself. Rows of a chain
// are numbered from 1 without gaps. A row's hash is
//
//	SHA-256(canonical JSON of {v, chain, seq, at, actor, action, event_id, object, body, prev_hash})
//
// where canonical JSON is RFC 8785, v is 1, at is RFC 3339 in UTC with exactly
// six decimals (what Postgres keeps), and prev_hash is the previous row's hash in
// lower-case hex, empty for row 1. Integers stay within 2^53-1, beyond which
// RFC 8785 would round them and two rows could share a document.
//
// Rows hold ids, kinds, field names, instants and keyed hashes, never personal
// data: erasing a person leaves the chain verifiable. Append enforces the part of
// that a machine can see.
//
// # What is found, and by what
//
//   - a changed row: its own hash no longer fits
//   - a deleted, inserted or moved row: the numbering breaks, or the next row's
//     prev_hash does
//   - rows cut off the end: the recorded head, or a signed checkpoint, points
//     behind the last row
//   - a chain rewritten with fresh hashes: a checkpoint's hash no longer fits
//
// Someone who can write the database can rewrite everything after the last
// checkpoint, its head included; a checkpoint can only be forged with its Ed25519
// key, which is not in the database. Checkpoints can be deleted too, so copies
// belong elsewhere (each is logged as it is made).
package audit
