// Package nas is a simulated NAS: the access point, controller or firewall
// that Foyer's agent answers. It is the Foyer project's own program, written
// from the RFCs, and no vendor's: what it proves is that the agent keeps to
// the protocol, not that it agrees with a particular device. It shares no code
// with agent/radius on purpose, so that one mistake cannot hide in both.
//
// It serves the end-to-end tests, the demo site of `foyer up`, and as the
// command `foyer nas-sim` anybody who wants to see a guest come and go.
//
// # What it does
//
//   - Login sends an Access-Request (PAP, CHAP, MS-CHAP, MS-CHAPv2) and
//     retransmits it; it refuses an answer without a valid Response
//     Authenticator, or whose Message-Authenticator is missing, wrong, or not
//     the first attribute. An Accept opens a session.
//   - A session sends Accounting Start, Interim-Update and Stop, and enforces
//     Session-Timeout. With Termination-Action RADIUS-Request it authenticates
//     the guest again instead: an Accept prolongs the session under the same
//     Acct-Session-Id, a Reject or silence ends it.
//   - Its Dynamic Authorization Server (RFC 5176) answers Disconnect-Requests,
//     honestly or as a Script of Behaviours says.
//   - Every packet in and out is an Event, in a bounded log, for assertions.
//
// # Life of a session
//
//	Login ─Accept─▶ online ─┬─ Logout ────────────── Stop, User-Request
//	                  ▲  │  ├─ Session-Timeout ───── Stop, Session-Timeout
//	         Accept ──┘  │  ├─ Disconnect-Request ── Stop, Admin-Reset
//	                     │  └─ Reboot, NAS.Stop ──── nothing is sent
//	                     └─ re-authentication fails: Stop, Reauthentication Failure
//
// # Invariants
//
//   - A session ends once. Its packets leave in the order Start, Interim…,
//     Stop; retransmissions may arrive in any order, as from a real NAS.
//   - An accounting retransmission whose Acct-Delay-Time changed has a new
//     Identifier (RFC 2866 section 4.1); one of an Access-Request is the same
//     datagram again (RFC 5080 section 2.2.1).
//   - Nobody is let in before Accounting-On is answered, or a second (RetryAfter)
//     has passed: handled late, it would close the sessions opened since.
//   - A repeated Disconnect-Request gets the bytes of the first answer.
//   - At most 256 requests per server are in flight; an accounting record that
//     finds none free, or gets no answer to its last try, is lost, and the log
//     says so.
//   - Passwords and the secret are in no event, log line or answer.
//
// # Control API
//
// ControlHandler serves JSON; bodies are at most 64 KiB, errors are
// {"error": "…"}. It is for loopback: it has no login, answers only requests
// whose Host is a loopback name, and POSTs must be application/json.
//
//	POST /login      {"mac","ip","username","password","method","reconnects"}
//	                 → {"accepted","session_timeout","termination_action","class",
//	                    "reply_message","acct_session_id","rtt_ms"}; seconds
//	                 method: pap (default), chap, mschap, mschapv2
//	                 504 when the server does not answer, 502 when its answer is invalid
//	POST /logout     {"mac"} → {"was_online"}
//	POST /reboot     {} → 204
//	GET  /sessions   → {"sessions": […]}
//	GET  /events     ?after=<seq> → {"events": […]}, oldest first
//	POST /behaviour  {"script": [{"answer","error_cause","times","delay"}], "policy": {…}}
//	                 → 204; either part may be left out. Two 506 and then honest again:
//	                 {"script": [{"answer": "nak", "error_cause": 506, "times": 2}]}
//
// answer is one of honest, nak, drop, lie, ack_without_stop,
// bad_authenticator; see Behaviour and Policy.
package nas
