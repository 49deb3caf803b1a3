// Package live tells dashboards that something happened, over a WebSocket.
//
// A screen gets thin messages: ids, kinds and instants, never personal data.
// What it shows it reads through the API, which decides what it may see:
//
//	{"type":"hello","cursor":"…","now":"…","beat":15}
//	                                            first
//	{"type":"event","cursor":"…","event":{…}}   something happened
//	{"type":"resync",…}                         instead of hello, with the same: read everything again
//	{"type":"detail","cursor":"…","site_id":"…","visit_id":"…"}
//	                                            the visit's page has news that are no event
//	{"type":"beat","cursor":"…","now":"…"}      after so many seconds without another message
//
// A page cannot see pings: it counts on the beat, and some seconds after one is due
// takes the link for dead. A detail is a hint that may get lost, as when a mail has left or an
// attempt to end a session is over; hosts, who see a part of the visits, get none. A
// client that does not know a type may take it for nothing: each carries the cursor.
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
