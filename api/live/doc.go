// Package live tells dashboards that something happened, over a WebSocket.
//
// A screen gets thin messages: ids, kinds and instants, never personal data.
// What it shows it reads through the API, which decides what it may see:
//
//	{"type":"hello","cursor":"…","now":"…"}     first
//	{"type":"event","cursor":"…","event":{…}}   something happened
//	{"type":"resync","cursor":"…","now":"…"}    instead of hello: read everything again
//
// A screen that was cut comes back with the last cursor it saw and gets what it
// missed, each event once; a cursor that is too old, or none of ours, gets a
// resync.
//
// # One reader of the database
//
// One dispatcher per process reads new events for all screens, woken by the
// store's notifications and at the latest after a second. It encodes each once
// per feed (a set of sites) and offers it to the feed's screens. A cursor is the
// place in each chain of events that the feed follows.
//
// # What holds
//
//   - Offering never blocks: a screen whose 256 messages wait is cut with 1013 and
//     comes back by its cursor. Between pages the dispatcher waits a moment for
//     queues to empty, so that a burst cuts only who really does not read.
//   - Three goroutines serve a screen: a reader, which only notices pongs and the
//     end, the only writer, and one that asks every minute, and after a logout,
//     whether its credentials still hold (else 1008).
//   - A screen sees the chains of its sites only.
//   - Stop closes every screen with 1012 and waits for them.
package live
