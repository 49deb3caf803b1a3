// Package session knows who is online at a site's NASes, from what the NASes say
// and from what other agents reported.
//
// # Order does not matter
//
// Accounting comes late, twice, in any order or not at all. A session's state is
// therefore made of parts that only grow: the greatest counters, the latest sign of
// life, the earliest Stop. Whether it has ended is derived from them:
//
//   - by its Accounting-Stop, for good, even if that came before the Start;
//   - by an Accounting-On or -Off of its access point, unless it showed life, or
//     began, after it;
//   - by the hub's word that another agent saw its Stop.
//
// Silence ends nothing.
//
// # Which session
//
// NASes use an Acct-Session-Id again, so the start belongs to a session's key. But
// only a Start says when that was; elsewhere it is computed from Acct-Session-Time
// and wanders. [Table.Resolve] finds the session that is meant: of the same device
// and user, within two minutes of a known start, unless that session had ended
// before this one began, or the device has logged in between.
//
// One NAS may be a network of access points, each of which numbers its sessions and
// restarts by itself. They are told apart by the address that their packets come
// from, a reset's sender, where an address is not known, by NAS-Identifier. What is
// not known on both sides tells nothing apart.
//
// A login is a session from its Access-Accept on, under an empty Acct-Session-Id,
// until accounting of the same NAS, grant and device takes its place; of the same
// access point if there is such a login, but a device may have moved without one.
//
// # Disk
//
// The table answers from memory. Changes are on disk a fraction of a second later;
// after a crash the agent gives the journal's pending records to [Table.Account]
// once more, which is harmless. At most Config.Max sessions are kept: ended ones go
// first, then logins without accounting, the oldest first.
package session
