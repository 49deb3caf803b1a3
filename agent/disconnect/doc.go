// Package disconnect ends live sessions: all of a grant that is no more, or single
// ones.
//
// # The ladder
//
// [Ladder.End] starts one climb per grant. A climb asks each session's NAS by
// the NAS's [Driver], weighs what accounting says, and appends what it found to
// the journal as a wire.Termination:
//
//	Stop known ─────────────────────────────────────────▶ confirmed
//	Session-Timeout passed, and no news since ──────────▶ left_to_timeout
//	ask ─┬─ ACK ─┬─ Stop within ConfirmFor ─────────────▶ confirmed
//	     │       ├─ NAS without accounting ─────────────▶ accepted (done)
//	     │       ├─ accounting goes on ─────────────────▶ unconfirmed, still_online
//	     │       └─ neither ────────────────────────────▶ unconfirmed, no_stop
//	     ├─ NAK 503 ─┬─ old or no news of the session ──▶ absent
//	     │           └─ else ───────────────────────────▶ unconfirmed, context_not_found
//	     ├─ other NAK: next shape, or ──────────────────▶ failed or unconfirmed, with its reason
//	     └─ silence ────────────────────────────────────▶ unconfirmed, no_answer
//
// A climb that is not done stays and watches: a Stop that comes later, or
// silence for one and a half interim intervals after an ACK, makes it confirmed
// and is journalled with the last command it answered.
//
// # Who asks
//
// The agent itself (a revoke, an expiry, a snapshot without the grant, news of a
// session whose grant is gone) or the server, by command. There is one climb per
// grant: a command joins the attempt that is under way, or wakes a climb that is
// resting for a fresh attempt, and is answered by that attempt's outcome, even
// when there was nothing to end. A climb that the agent began repeats by itself,
// from 10 s to 5 min apart and for an hour, because the server may be out of
// reach; one begun by command leaves repeating to the server's workflow.
//
// The server may also ask for single sessions of a grant that is good
// ([Ladder.Cut]): staff cut one device off, which may log in again. The grant's climb
// then has these as its only targets, asks for each once a command, and watches. When
// the grant ends meanwhile, the same climb takes in all of its sessions, so that no
// NAS is asked twice at a time about one session and no answer is taken for proof of
// another's request; the single commands are answered with their own sessions alone.
//
// The agent itself asks for single sessions where another device took their place
// ([Ladder.Oust]). That it repeats, until it is done, the device logs in again, or the
// hour is over.
//
// # Bounds
//
// At most MaxClimbs climbs are under way; MaxWaiting more wait in order, and
// what exceeds both is refused and counted: the server's workflow asks again.
// Requests to one NAS are paced and limited in number, and wait for that NAS
// only: a dead one delays no other. Nothing here is waited for by the ledger's
// acknowledgements: End returns at once. [Ladder.Stop] waits for every goroutine.
package disconnect
