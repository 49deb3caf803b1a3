// Package visit is Foyer's domain: what a visit, a person, a voucher, a site
// and a termination are, which changes each may undergo, and why a change is
// refused.
//
// The package is pure. It reads no clock and no random source, opens nothing
// and imports nothing of ours: instants and randomness are arguments. What it
// decides is therefore the same in a database transaction, in a workflow and in
// a test.
//
// # States of a visit
//
//	pre_registered ── check-in ──▶ checked_in ── check-out ──▶ checked_out
//	      │                            └── departure passes ─▶ expired
//	      ├── cancel ────────────────────────────────────────▶ cancelled
//	      └── departure passes without a check-in ───────────▶ no_show
//
// Every end state is final. Presence, where the person is, is a second and
// separate thing: expiry ends access but says nothing about the building.
package visit
