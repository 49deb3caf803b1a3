// Package link connects the agent to the hub: it enrols, keeps one WebSocket
// open, follows the site's ledger and delivers the journal.
//
// # Life of a link
//
//	enrol ──▶ dial ──▶ [challenge, proof] ──▶ hello ──▶ resume or snapshot ──▶ follow
//	            ▲                                                               │
//	            └───────────── back-off ◀── the link ends, for any reason ──────┘
//
// One goroutine reads and one writes; a third takes frames in their order, so
// that a slow disk holds up neither pings nor reports; a fourth delivers.
//
// # Invariants
//
//   - An entry is acknowledged after Apply returned without an error, never
//     before. When the disk fails, the entries stay in memory, where removals are
//     in effect already, and are applied again until it works.
//   - A snapshot replaces the ledger when its last part has come. What is left of
//     one when the link ends, or another begins, is forgotten. One that the disk
//     does not take takes up the entries that follow it: their removals are in
//     effect like its own.
//   - Reports leave the journal when the hub says that they are stored. What was
//     under way when a link ended is sent again.
//   - Ending sessions never delays an acknowledgement: the ladder has its own
//     goroutines.
//   - A certificate is on disk before it is used, and the one before it is kept
//     until the hub has spoken on a link made with the new one.
//
// # When it ends
//
// A link without a frame or ping for 15 s is dead. Reconnecting waits a random
// time up to a bound that doubles from 0.5 s to 30 s and falls back only after a
// link stayed up for a minute. The hub's wishes come first: Retry-After, 1012 and
// 1013; 4409 waits five minutes and 4423 an hour. RADIUS goes on meanwhile, from the
// disk. 4401 ends it for good: an operator withdrew the agent, which then drops what
// it holds. Only a hub that TLS has authenticated can say so, by the authority that
// was pinned at enrolment or, behind a proxy, by ProxyRoots.
package link
