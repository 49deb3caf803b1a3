// Package radius is the agent's RADIUS server: it turns a NAS's packets into
// decisions and records, from memory, without asking the hub.
//
// # A request's way
//
//	socket ─▶ parse ─▶ NAS by source ─▶ authentic? ─▶ seen before? ─▶ decide ─▶ answer
//	           │            │                │             │
//	           └────────────┴── silence ─────┘             └─ the same octets again
//
// Authentication is answered by the goroutine that read the packet; there is
// nothing to wait for, but for first logins by roll code and by MAC address, which
// have a lane to themselves. Accounting is answered once the journal has it on disk,
// so many packets may wait for one flush: each holds one of a bounded set of
// requests, and when all are taken new packets are dropped unread, so that the
// NAS repeats them or turns to another server.
//
// # Invariants
//
//   - No answer to a packet that is malformed, from an unknown source, or not
//     authentic; see authentic.go for what that means per NAS.
//   - Message-Authenticator is the first attribute of every Access-Accept,
//     Access-Reject and Access-Challenge, and of answers to Status-Server
//     (CVE-2024-3596).
//   - A repeated request gets the same octets and is not executed twice
//     (RFC 5080 2.2.2), except that an Access-Accept is repeated only while its
//     grant still stands: after a revoke the request is decided anew.
//   - A login is known to Sessions before its Access-Accept is sent, and
//     [Server.Settle] waits for decisions under way, so that nothing decided
//     before a revoke is accepted after it was acknowledged.
//   - A one-time secret begins one session, and a device that is let in by its MAC address
//     is on disk before its Access-Accept; see secret.go and device.go.
//   - No Accounting-Response before Journal.Append returned without an error.
//   - Everything has a bound: packets in flight, remembered answers per NAS and
//     in all, brakes, refusals a minute, Status-Server answers a second.
//   - Secrets and passwords are compared in constant time and never logged.
//   - A panic in the handling of one packet costs that packet its answer and
//     nothing else.
//
// # Reading order
//
// authorize.go is the decision, secret.go, device.go and code.go what is special to
// portals, known devices and roll codes, accounting.go the record; packet.go, response.go
// and authentic.go are the octets; pap.go, chap.go and mschap.go one method each;
// server.go and socket.go the life cycle and the loops.
package radius
